// Text files, and words in text.
#pragma once

#include <string>
#include <vector>

namespace deckgen {

// Throws std::runtime_error if the file cannot be opened.
std::string read_text(const std::string &file);

// A file that `file` names, which QUIP looks for beside it.
std::string beside(const std::string &file, const std::string &name);

std::string lower_case(std::string text);

std::vector<std::string> words(const std::string &text);

}    // namespace deckgen
