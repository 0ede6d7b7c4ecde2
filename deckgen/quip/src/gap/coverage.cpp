#include "gap/coverage.h"

#include "text/text.h"

#include <set>
#include <vector>

namespace deckgen {

namespace {

using Kind = GapDescriptor::Kind;

struct Rules {
  Kind kind;
  std::string covariance;                       // 1: squared exponential, 2: dot product
  std::set<std::string> read;                   // options that the evaluator heeds
  std::map<std::string, std::string> fixed;     // options that may be given, with this value only
};

const std::map<std::string, Rules> descriptors = {
    {"distance_2b", {Kind::two_body, "1", {"cutoff", "cutoff_transition_width"}, {}}},
    {"angle_3b", {Kind::three_body, "1", {"cutoff", "cutoff_transition_width"}, {}}},
    {"soap",
     {Kind::soap,
      "2",
      {"cutoff", "cutoff_transition_width", "n_max", "l_max", "atom_sigma", "central_weight"},
      {{"n_species", "1"}, {"normalise", "T"}, {"average", "F"}, {"diagonal_radial", "F"}}}},
};

// Options that gap_fit alone heeds, those that an attribute of the xml repeats, and the element, which is read in
// gap_model.cpp.
const std::set<std::string> passed_over = {
    "covariance_type", "delta", "f0", "zeta", "n_sparse", "sparse_method", "sparse_file", "theta_fac", "theta_uniform",
    "theta_file", "config_type_n_sparse", "unique_hash_tolerance", "unique_descriptor_tolerance", "mark_sparse_atoms",
    "print_sparse_index", "add_species", "z", "z1", "z2", "species_z"};

const std::map<std::string, std::set<std::string>> elements = {
    {"Potential", {"label", "init_args"}},
    {"GAP_params", {"label", "gap_version"}},
    {"GAP_data", {"do_core"}},
    {"e0", {"Z", "value"}},
    {"gpSparse", {"label", "n_coordinate", "fitted"}},
    {"gpCoordinates",
     {"label", "dimensions", "signal_variance", "signal_mean", "sparsified", "n_permutations", "covariance_type",
      "zeta", "n_sparseX", "sparseX_filename", "sparseX_md5sum"}},
    {"theta", {}},
    {"descriptor", {}},
    {"permutation", {"i"}},
    {"sparseX", {"i", "alpha", "sparseCutoff"}},
    {"command_line", {}},
};

// "soap cutoff=5 n_max = 8 species_Z={11 }": the name, then keys and values. The blanks of a list are dropped.
std::string read_options(const std::string &text, std::map<std::string, std::string> &options)
{
  std::string spaced;
  bool is_list = false;
  for (const char c : text) {
    is_list = (is_list || c == '{') && c != '}';
    if (c == '{' || c == '}' || (is_list && c == ' ')) continue;
    spaced += c == '=' ? std::string(" = ") : std::string(1, c);
  }
  const std::vector<std::string> parts = words(spaced);
  if (parts.empty() || parts.size() % 3 != 1) throw NotCovered("the descriptor \"" + text + "\" is unusual");
  for (size_t i = 1; i < parts.size(); i += 3) {
    if (parts[i + 1] != "=" || !options.emplace(lower_case(parts[i]), parts[i + 2]).second)
      throw NotCovered("the descriptor \"" + text + "\" is unusual");
  }
  return parts[0];
}

}    // namespace

void require_plain_arguments(const std::string &arguments)
{
  static const std::set<std::string> known = {"potential", "ip", "gap", "xml_label", "label"};
  for (const std::string &word : words(arguments))
    if (!known.count(lower_case(word.substr(0, word.find('=')))))
      throw NotCovered("QUIP is given the argument " + word);
}

void require_known(const std::string &element, const Attributes &attributes)
{
  const auto known = elements.find(element);
  if (known == elements.end()) throw NotCovered("it has an element <" + element + ">");
  for (const auto &attribute : attributes)
    if (!known->second.count(attribute.first))
      throw NotCovered("its <" + element + "> has an attribute " + attribute.first);
}

void read_descriptor(const std::string &text, const std::string &covariance, GapDescriptor &descriptor)
{
  const std::string name = read_options(text, descriptor.options);
  const auto found = descriptors.find(name);
  if (found == descriptors.end()) throw NotCovered("it has the descriptor " + name);
  const Rules &rules = found->second;
  if (covariance != rules.covariance) throw NotCovered("its " + name + " has another covariance");
  descriptor.kind = rules.kind;
  for (const auto &option : descriptor.options) {
    const auto fixed = rules.fixed.find(option.first);
    const bool is_fixed = fixed != rules.fixed.end() && fixed->second == option.second;
    if (!is_fixed && !rules.read.count(option.first) && !passed_over.count(option.first))
      throw NotCovered("its " + name + " has the option " + option.first + "=" + option.second);
  }
}

}    // namespace deckgen
