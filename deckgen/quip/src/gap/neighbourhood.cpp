#include "gap/neighbourhood.h"

#include <cmath>

namespace deckgen {

void Neighbourhoods::gather(const Atoms &atoms, int species)
{
  size_t room = 0;
  for (int i = 0; i < atoms.n_centres; ++i) room += round_up(atoms.neighbour_counts[i], lanes);
  for (Buffer *buffer : {&x, &y, &z, &r}) buffer->resize(room + lanes);
  if (index.size() < room + lanes) index.resize(room + lanes);
  neighbourhoods.clear();
  const int *list = atoms.neighbours->data();
  size_t begin = 0;
  for (int i = 0; i < atoms.n_centres; ++i) {
    const int centre = atoms.centres[i], n = atoms.neighbour_counts[i];
    if (atoms.atomic_numbers[centre] == species) {
      gather_one(atoms, species, centre, list, n, begin);
      begin += static_cast<size_t>(neighbourhoods.back().groups) * lanes;
    }
    list += n;
  }
}

void Neighbourhoods::gather_one(const Atoms &atoms, int species, int centre, const int *list, int n, size_t begin)
{
  double *xs = x.data() + begin, *ys = y.data() + begin, *zs = z.data() + begin, *rs = r.data() + begin;
  int *js = index.data() + begin;
  const double *origin = atoms.positions + 3 * static_cast<size_t>(centre);
  const double limit = cutoff * cutoff;
  int count = 0;
  for (int k = 0; k < n; ++k) {
    const int j = list[k] - 1;
    const double *place = atoms.positions + 3 * static_cast<size_t>(j);
    const double dx = place[0] - origin[0], dy = place[1] - origin[1], dz = place[2] - origin[2];
    const double squared = dx * dx + dy * dy + dz * dz;
    // Always written, and kept only if it counts: no branch to predict.
    xs[count] = dx, ys[count] = dy, zs[count] = dz, rs[count] = squared, js[count] = j;
    count += (squared < limit) & (atoms.atomic_numbers[j] == species);
  }
  const int groups = (count + lanes - 1) / lanes;
  for (int k = 0; k < count; ++k) rs[k] = std::sqrt(rs[k]);
  for (int k = count; k < groups * lanes; ++k) xs[k] = ys[k] = 0.0, zs[k] = rs[k] = 1.0;
  neighbourhoods.push_back({centre, count, groups, xs, ys, zs, rs, js});
}

}    // namespace deckgen
