#include "pair/potential_check.h"

#include "text/options.h"
#include "text/text.h"
#include "text/xml_scan.h"

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace deckgen {

namespace {

struct SparseFile {
  std::string name;
  long numbers;    // how many it must hold
};

struct Contents {
  std::set<std::string> potential_labels;
  std::set<std::string> labels;    // of any element
  std::vector<SparseFile> sparse_files;
  std::vector<std::string> descriptors;    // their texts
};

long positive_attribute(const Attributes &attributes, const char *key)
{
  const auto found = attributes.find(key);
  const long value = found == attributes.end() ? 0 : std::strtol(found->second.c_str(), nullptr, 10);
  if (value <= 0)
    throw std::runtime_error(std::string("<gpCoordinates> needs the attribute ") + key + ", greater than 0");
  return value;
}

// The Fortran runtime ends the process on a word where it reads a number.
void check_numbers(const std::string &element, const Attributes &attributes)
{
  for (const char *key : {"alpha", "sparseCutoff", "value"}) {
    const auto found = attributes.find(key);
    if (found == attributes.end()) continue;
    char *end = nullptr;
    std::strtod(found->second.c_str(), &end);
    if (end == found->second.c_str() || *end != '\0')
      throw std::runtime_error("<" + element + "> has " + key + "=\"" + found->second + "\", which is not a number");
  }
}

// QUIP makes whatever potential init_args name, and its FilePot runs a command: only a GAP may stand there, alone or in a
// sum with one of QUIP's pair potentials, as deckgen/quip/gapxml.py has it for decks.
void check_kind(const std::string &init_args)
{
  static const std::set<std::string> known = {
      "IP", "GAP", "Glue", "LJ", "Sum", "ZBL", "label", "init_args_pot1", "init_args_pot2", "E_scale", "r_scale"};
  std::string words = init_args;
  for (char &c : words)
    if (c == '{' || c == '}') c = ' ';
  std::istringstream in(words);
  for (std::string word; in >> word;) {
    const std::string key = word.substr(0, word.find('='));
    if (!key.empty() && known.count(key) == 0)
      throw std::runtime_error(
          "its <Potential init_args=...> is not that of a GAP, as gap_fit writes it: QUIP would run "
          "what stands there, a command even; a potential that you were given, do not run");
  }
}

Contents read_contents(const std::string &file)
{
  Contents contents;
  const auto on_element = [&](const std::string &element, const Attributes &attributes) {
    if (element.find(':') != std::string::npos) throw std::runtime_error("it has a namespace; no GAP has one");
    const auto init_args = attributes.find("init_args");
    if (element == "Potential" && init_args != attributes.end()) check_kind(init_args->second);
    const auto label = attributes.find("label");
    if (label != attributes.end()) {
      contents.labels.insert(label->second);
      if (element == "Potential") contents.potential_labels.insert(label->second);
    }
    if (element == "sparseX" || element == "e0") check_numbers(element, attributes);
    const auto sparse = attributes.find("sparseX_filename");
    if (element == "gpCoordinates" && sparse != attributes.end())
      contents.sparse_files.push_back(
          {sparse->second, positive_attribute(attributes, "n_sparseX") * positive_attribute(attributes, "dimensions")});
  };
  const auto on_text = [&](const std::string &element, const std::string &text) {
    if (element == "descriptor") contents.descriptors.push_back(text);
  };
  scan_xml(read_text(file), on_element, on_text);
  return contents;
}

// The value of KEY=VALUE in QUIP's argument string, or an empty string. QUIP ignores the case of keys.
std::string argument(const std::string &arguments, const std::string &key)
{
  const std::string lower = " " + lower_case(arguments);
  const size_t found = lower.find(" " + key + "=");
  if (found == std::string::npos) return "";
  const size_t begin = found + key.size() + 1;    // `lower` has one character more at its front
  const size_t end = arguments.find_first_of(" \t", begin);
  return arguments.substr(begin, end == std::string::npos ? end : end - begin);
}

void check_label(const std::string &label, const std::set<std::string> &known, const std::string &file)
{
  if (label.empty() || known.count(label) != 0) return;
  std::string list;
  for (const std::string &name : known) list += (list.empty() ? "" : ", ") + name;
  throw std::runtime_error(file + " holds no potential with the label " + label +
                           (list.empty() ? "; it has no label" : "; its labels are " + list));
}

void check_sparse_file(const SparseFile &sparse, const std::string &xml)
{
  const std::string file = beside(xml, sparse.name);
  std::ifstream probe(file);
  if (!probe) throw std::runtime_error("the sparse points of " + xml + " are missing: cannot open " + file);
  const std::string text = read_text(file);
  const char *at = text.c_str();
  for (long i = 0; i < sparse.numbers; ++i) {
    char *end = nullptr;
    std::strtod(at, &end);
    if (end == at)
      throw std::runtime_error("the file of sparse points " + file + " holds " + std::to_string(i) + " numbers where " +
                               std::to_string(sparse.numbers) + " are needed");
    at = end;
  }
}

// What QUIP does badly: it ends the process without a file that soap_turbo reads, which it looks for in the current
// folder; and its distance_Nb of order 3 and more gives several elements an energy that depends on the order of the atoms
// (libAtoms/QUIP issue 669).
void check_descriptor(const std::string &text, const std::string &xml)
{
  Options options;
  std::string name;
  try {
    name = read_options(text, options);
  } catch (const std::runtime_error &) {
    return;    // QUIP says what is wrong with it
  }
  const auto file = options.find("compress_file");
  if (file != options.end() && !std::ifstream(file->second))
    throw std::runtime_error("the compress_file of " + xml + " is missing: cannot open " + file->second +
                             "; copy it into the folder in which LAMMPS runs");
  std::istringstream numbers(options.count("z") ? options["z"] : "");
  std::set<std::string> elements;
  for (std::string number; std::getline(numbers, number, ',');) elements.insert(number);
  if (name == "distance_Nb" && std::atoi(options["order"].c_str()) >= 3 && elements.size() > 1)
    throw std::runtime_error(xml + " has distance_Nb of order " + options["order"] +
                             " for several elements (Z=" + options["z"] +
                             "): its energy depends on the order of the atoms in QUIP (issue 669 of "
                             "libAtoms/QUIP); fit again with angle_3b in its place");
}

}    // namespace

void check_potential(const std::string &file, const std::string &arguments)
{
  Contents contents;
  try {
    contents = read_contents(file);
  } catch (const std::runtime_error &error) {
    throw std::runtime_error("the potential " + file + " cannot be read: " + error.what());
  }
  check_label(argument(arguments, "xml_label"), contents.potential_labels, file);
  check_label(argument(arguments, "label"), contents.labels, file);
  for (const SparseFile &sparse : contents.sparse_files) check_sparse_file(sparse, file);
  for (const std::string &descriptor : contents.descriptors) check_descriptor(descriptor, file);
}

}    // namespace deckgen
