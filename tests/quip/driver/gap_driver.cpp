// The native evaluator alone: `gap_driver GAP.xml FRAMES.xyz` prints one line of JSON a frame: the energy, and the
// atoms' energies, virials and forces. Atoms are given by atomic number. In a frame with a Lattice, ghosts are made as
// LAMMPS makes them.
#include "gap/evaluator.h"

#include <cmath>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

namespace {

struct Frame {
  int n_local = 0;
  std::vector<double> positions;    // local atoms, then ghosts
  std::vector<int> owners;          // of each of them
  std::vector<int> numbers;         // atomic numbers of the local atoms
  std::vector<double> cell;         // empty, or three vectors one after the other
};

bool read_frame(std::istream &stream, Frame &frame)
{
  std::string line;
  if (!std::getline(stream, line)) return false;
  frame = Frame();
  frame.n_local = std::stoi(line);
  std::getline(stream, line);
  const size_t at = line.find("Lattice=\"");
  if (at != std::string::npos) {
    std::istringstream numbers(line.substr(at + 9, line.find('"', at + 9) - at - 9));
    for (double x; numbers >> x;) frame.cell.push_back(x);
  }
  for (int i = 0; i < frame.n_local; ++i) {
    std::getline(stream, line);
    std::istringstream words(line);
    int number = 0;
    double x = 0.0, y = 0.0, z = 0.0;
    words >> number >> x >> y >> z;
    frame.numbers.push_back(number);
    frame.positions.insert(frame.positions.end(), {x, y, z});
    frame.owners.push_back(i);
  }
  return true;
}

double squared_distance(const double *a, const double *b)
{
  double sum = 0.0;
  for (int k = 0; k < 3; ++k) sum += (a[k] - b[k]) * (a[k] - b[k]);
  return sum;
}

// Images within the cutoff of an atom of the cell; `reach` cells on each side are enough for any cell of the tests.
void add_ghosts(Frame &frame, double cutoff)
{
  constexpr int reach = 5;
  if (frame.cell.empty()) return;
  for (int a = -reach; a <= reach; ++a)
    for (int b = -reach; b <= reach; ++b)
      for (int c = -reach; c <= reach; ++c)
        for (int i = 0; i < frame.n_local && (a || b || c); ++i) {
          double place[3];
          for (int k = 0; k < 3; ++k)
            place[k] = frame.positions[3 * i + k] + a * frame.cell[k] + b * frame.cell[3 + k] + c * frame.cell[6 + k];
          bool is_near = false;
          for (int j = 0; j < frame.n_local && !is_near; ++j)
            is_near = squared_distance(place, &frame.positions[3 * j]) < cutoff * cutoff;
          if (!is_near) continue;
          frame.positions.insert(frame.positions.end(), place, place + 3);
          frame.owners.push_back(i);
        }
}

void print(const char *name, const std::vector<double> &values, const char *end)
{
  std::printf("\"%s\": [", name);
  for (size_t i = 0; i < values.size(); ++i) std::printf("%s%.17g", i ? ", " : "", values[i]);
  std::printf("]%s", end);
}

// What belongs to a ghost is given to its owner.
std::vector<double> of_owners(const Frame &frame, const std::vector<double> &values, int width)
{
  std::vector<double> folded(static_cast<size_t>(frame.n_local) * width, 0.0);
  for (size_t i = 0; i < frame.owners.size(); ++i)
    for (int k = 0; k < width; ++k) folded[frame.owners[i] * width + k] += values[i * width + k];
  return folded;
}

void evaluate(deckgen::GapEvaluator &evaluator, const deckgen::GapModel &model, Frame &frame)
{
  add_ghosts(frame, model.cutoff());
  const int n = static_cast<int>(frame.owners.size());
  std::vector<int> numbers, centres, counts, neighbours;
  for (const int owner : frame.owners) numbers.push_back(frame.numbers[owner]);
  for (int i = 0; i < frame.n_local; ++i) {
    centres.push_back(i);
    const size_t before = neighbours.size();
    for (int j = 0; j < n; ++j)
      if (j != i) neighbours.push_back(j + 1);
    counts.push_back(static_cast<int>(neighbours.size() - before));
  }
  deckgen::Atoms atoms;
  atoms.n_local = frame.n_local;
  atoms.n_ghost = n - frame.n_local;
  atoms.atomic_numbers = numbers.data();
  atoms.positions = frame.positions.data();
  atoms.n_centres = frame.n_local;
  atoms.centres = centres.data();
  atoms.neighbour_counts = counts.data();
  atoms.neighbours = &neighbours;
  deckgen::Evaluation result;
  evaluator.evaluate(atoms, result);
  std::printf("{\"energy\": %.17g, ", result.energy);
  print("energies", of_owners(frame, result.atom_energies, 1), ", ");
  print("virials", of_owners(frame, result.atom_virials, 9), ", ");
  print("forces", of_owners(frame, result.forces, 3), "}\n");
}

}    // namespace

int main(int argc, char **argv)
{
  if (argc != 3) {
    std::fprintf(stderr, "usage: gap_driver GAP.xml FRAMES.xyz\n");
    return 2;
  }
  try {
    const deckgen::GapModel model = deckgen::read_gap_model(argv[1], "");
    deckgen::GapEvaluator evaluator(model);
    std::ifstream stream(argv[2]);
    for (Frame frame; read_frame(stream, frame);) evaluate(evaluator, model, frame);
  } catch (const std::runtime_error &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
