#include "gap/model.h"

#include "gap/coverage.h"
#include "gap/descriptor.h"
#include "text/text.h"
#include "text/xml_scan.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>
#include <sstream>

namespace deckgen {

namespace {

double to_number(const std::string &text, const std::string &what)
{
  char *end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || *end != '\0' || !std::isfinite(value))
    throw NotCovered("its " + what + " is \"" + text + "\", not a number");
  return value;
}

const std::string &attribute(const Attributes &given, const std::string &key)
{
  const auto found = given.find(key);
  if (found == given.end()) throw NotCovered("it lacks an attribute " + key);
  return found->second;
}

double number(const Attributes &given, const std::string &key) { return to_number(attribute(given, key), key); }

int count(const Attributes &given, const std::string &key)
{
  const double value = number(given, key);
  if (value != std::floor(value) || value < 1.0 || value > 1e6) throw NotCovered("its " + key + " is not a count");
  return static_cast<int>(value);
}

// QUIP's logical T or F; absent means F.
bool is_true(const Attributes &given, const std::string &key) { return given.count(key) && given.at(key) != "F"; }

// gap_fit writes the date of its own state, in seconds since 1970: QUIP evaluates older files by other rules.
constexpr double oldest_version = 1426512068.0;

// The xml is read three times, by three parts that cannot share the work: here into the evaluator, by check_potential on
// the first rank before QUIP sees it, and by gapfile.py in a process that may have no LAMMPS at all.
class Reader {
 public:
  explicit Reader(const std::string &file_) : file(file_) {}

  GapModel run()
  {
    scan_xml(
        read_text(file), [this](const std::string &name, const Attributes &given) { element(name, given); },
        [this](const std::string &name, const std::string &value) { text(name, value); });
    if (n_potentials != 1 || n_gaps != 1) throw NotCovered("the file does not hold exactly one potential");
    if (model.descriptors.empty()) throw NotCovered("it has no descriptor");
    if (named.count(0) && named.size() > 1) throw NotCovered("some of its descriptors name no element, others do");
    for (size_t i = 0; i < model.descriptors.size(); ++i) complete(model.descriptors[i], sparse_files[i]);
    model.elements.assign(named.begin(), named.end());
    return std::move(model);
  }

 private:
  void element(const std::string &name, const Attributes &given)
  {
    if (is_root) {
      is_root = false;
      return;
    }
    require_known(name, given);
    if (name == "Potential") begin_potential(words(attribute(given, "init_args")));
    if (name == "GAP_params" && !(given.count("gap_version") && number(given, "gap_version") >= oldest_version))
      throw NotCovered("it was written by a gap_fit of before 2015");
    if (name == "GAP_data" && is_true(given, "do_core")) throw NotCovered("it has a core potential");
    if (name == "e0") set_e0(given);
    if (name == "gpSparse") ++n_gaps;
    if (name == "gpCoordinates") begin_descriptor(given);
    if (name == "sparseX") add_weight(given);
    if (name == "sparseX_slice" && count(given, "start") != n_of_point() + 1)
      throw NotCovered("its sparse points are out of order");
  }

  void text(const std::string &name, const std::string &value)
  {
    if (name == "theta")
      for (const std::string &word : words(value)) last().theta.push_back(to_number(word, "theta"));
    if (name == "descriptor") {
      read_descriptor(value, covariances.back(), last());
      name_elements(last());
    }
    if (name == "sparseX" || name == "sparseX_slice")
      for (const std::string &word : words(value)) last().sparse.push_back(to_number(word, "sparse point"));
  }

  void name_elements(GapDescriptor &d)
  {
    std::vector<const char *> given;
    for (const char *key : {"z", "z1", "z2", "z_center", "species_z"})
      if (d.options.count(key)) given.push_back(key);
    d.of_any_element = std::all_of(given.begin(), given.end(), [&](const char *key) { return d.options[key] == "0"; });
    if (d.of_any_element) named.insert(0);
    for (const char *key : given)
      for (const int number : d.elements(key)) named.insert(number);
  }

  // How many numbers of the sparse point that is open have been read, where the xml itself holds them.
  int n_of_point()
  {
    const long before = static_cast<long>(last().weights.size() - 1) * last().dimensions;
    return static_cast<int>(static_cast<long>(last().sparse.size()) - before);
  }

  GapDescriptor &last()
  {
    if (model.descriptors.empty()) throw NotCovered("its elements are not in the order in which gap_fit writes them");
    return model.descriptors.back();
  }

  void begin_potential(const std::vector<std::string> &arguments)
  {
    ++n_potentials;
    if (arguments.size() != 3 || arguments[0] != "IP" || arguments[1] != "GAP" || arguments[2].rfind("label=", 0) != 0)
      throw NotCovered("it is not a GAP alone");
  }

  void set_e0(const Attributes &given)
  {
    const int z = count(given, "Z");
    if (z < static_cast<int>(std::size(model.e0))) model.e0[z] = number(given, "value");
  }

  void begin_descriptor(const Attributes &given)
  {
    if (!is_true(given, "sparsified")) throw NotCovered("it is not sparse");
    if (number(given, "signal_mean") != 0.0) throw NotCovered("it has a mean (f0) other than 0");
    GapDescriptor d;
    d.dimensions = count(given, "dimensions");
    d.n_sparse = count(given, "n_sparseX");
    d.n_permutations = count(given, "n_permutations");
    d.delta = number(given, "signal_variance");
    if (given.count("zeta")) d.zeta = number(given, "zeta");
    model.descriptors.push_back(d);
    covariances.push_back(attribute(given, "covariance_type"));
    sparse_files.push_back(given.count("sparseX_filename") ? given.at("sparseX_filename") : "");
  }

  void add_weight(const Attributes &given)
  {
    std::vector<double> &weights = last().weights;
    if (!last().sparse.empty() && last().sparse.size() != weights.size() * last().dimensions)
      throw NotCovered("one of the sparse points in its xml is too short or too long");
    weights.push_back(number(given, "alpha") * number(given, "sparseCutoff"));
    if (count(given, "i") != static_cast<int>(weights.size())) throw NotCovered("its weights are out of order");
  }

  void complete(GapDescriptor &d, const std::string &sparse_file)
  {
    if (d.kind && d.n_permutations != 1 && !d.kind->may_be_permuted) throw NotCovered("it has permutations");
    if (!d.kind) throw NotCovered("it has sparse points without a descriptor");
    if (static_cast<int>(d.weights.size()) != d.n_sparse) throw NotCovered("weights are missing");
    const bool is_gaussian = d.kind->covariance == Covariance::squared_exponential;
    if (is_gaussian && static_cast<int>(d.theta.size()) != d.dimensions)
      throw NotCovered("it does not have one theta per dimension");
    const size_t n_numbers = static_cast<size_t>(d.n_sparse) * d.dimensions;
    if (d.sparse.size() != (sparse_file.empty() ? n_numbers : 0))
      throw NotCovered("the sparse points in its xml are not n_sparseX of so many dimensions");
    if (sparse_file.empty()) return;
    const std::string contents = read_text(beside(file, sparse_file));
    const char *at = contents.c_str();
    d.sparse.resize(n_numbers);
    for (double &x : d.sparse) {
      char *end = nullptr;
      x = std::strtod(at, &end);
      at = end;
    }
  }

  const std::string &file;
  GapModel model;
  std::vector<std::string> covariances, sparse_files;    // of each descriptor
  std::set<int> named;                                   // atomic numbers
  bool is_root = true;
  int n_potentials = 0, n_gaps = 0;
};

}    // namespace

double GapDescriptor::number(const std::string &key, double otherwise) const
{
  const auto found = options.find(key);
  return found == options.end() ? otherwise : to_number(found->second, key);
}

std::vector<int> GapDescriptor::elements(const std::string &key) const
{
  if (of_any_element) return {0};
  const auto found = options.find(key);
  if (found == options.end()) throw NotCovered("its " + kind->name + " has no " + key);
  std::vector<int> numbers;
  std::istringstream list(found->second);
  for (std::string word; std::getline(list, word, ',');) {
    const double z = to_number(word, key);
    if (z != std::floor(z) || z < 1.0 || z > 118.0)
      throw NotCovered("its " + kind->name + " has " + key + "=" + word + ", which is no one element");
    numbers.push_back(static_cast<int>(z));
  }
  return numbers;
}

int GapDescriptor::element(const std::string &key) const
{
  const std::vector<int> numbers = elements(key);
  if (numbers.size() != 1) throw NotCovered("its " + kind->name + " has several elements for " + key);
  return numbers.front();
}

double GapDescriptor::cutoff() const { return number("cutoff", 0.0); }

double GapModel::cutoff() const
{
  double largest = 0.0;
  for (const GapDescriptor &descriptor : descriptors) largest = std::max(largest, descriptor.cutoff());
  return largest;
}

GapModel read_gap_model(const std::string &file, const std::string &arguments)
{
  require_plain_arguments(arguments);
  return Reader(file).run();
}

}    // namespace deckgen
