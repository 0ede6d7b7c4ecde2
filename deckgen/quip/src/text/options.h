// The text of a <descriptor> of a GAP: its name, and its options as keys and values.
#pragma once

#include <map>
#include <string>

namespace deckgen {

using Options = std::map<std::string, std::string>;    // by lower-case key; the words of a list are joined by commas

// "soap cutoff=5 n_max = 8 species_Z={11 19 }": returns the name and fills in the options. A closing brace that stands
// alone between two options is passed over, as QUIP does: gap_fit copies one too many from its command line. Throws
// std::runtime_error if the text is anything else.
std::string read_options(const std::string &text, Options &options);

// Whether two values of an option are the same: as words in any case, or as numbers.
bool is_same(const std::string &one, const std::string &other);

}    // namespace deckgen
