#include "gap/coverage.h"

#include "gap/descriptor.h"
#include "text/options.h"
#include "text/text.h"

#include <set>
#include <vector>

namespace deckgen {

namespace {

std::set<std::string> as_set(const std::string &text)
{
  const std::vector<std::string> each = words(text);
  return {each.begin(), each.end()};
}

// Options of any descriptor that change nothing here: those of gap_fit alone, those that an attribute of the xml
// repeats, the element, which model.cpp reads, and radial_scaling, which published models give and QUIP does not have.
const std::set<std::string> passed_over =
    as_set("covariance_type delta f0 zeta n_sparse sparse_method sparse_file theta_fac "
           "theta_uniform theta_file config_type_n_sparse unique_hash_tolerance "
           "unique_descriptor_tolerance mark_sparse_atoms print_sparse_index "
           "add_species z z1 z2 z_center n_z species_z radial_scaling");

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
    {"sparseX", {"i", "alpha", "sparseCutoff", "sliced"}},
    {"sparseX_slice", {"start", "end"}},
    {"command_line", {}},
    {"XYZ_data", {}},    // the training data, which gap_fit copies into the xml unless told otherwise
};

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
  std::string name;
  try {
    name = read_options(text, descriptor.options);
  } catch (const std::runtime_error &error) {
    throw NotCovered(error.what());
  }
  const DescriptorKind *kind = find_kind(name);
  if (!kind) throw NotCovered("it has the descriptor " + name);
  if (covariance != std::to_string(static_cast<int>(kind->covariance)))
    throw NotCovered("its " + name + " has covariance_type " + covariance);
  descriptor.kind = kind;
  for (const auto &option : descriptor.options) {
    const auto fixed = kind->fixed.find(option.first);
    const bool is_fixed = fixed != kind->fixed.end() && is_same(option.second, fixed->second);
    if (!is_fixed && !kind->read.count(option.first) && !passed_over.count(option.first))
      throw NotCovered("its " + name + " has the option " + option.first + "=" + option.second);
  }
}

}    // namespace deckgen
