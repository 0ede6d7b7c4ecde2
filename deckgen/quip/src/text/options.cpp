#include "text/options.h"

#include "text/text.h"

#include <cstdlib>
#include <stdexcept>
#include <vector>

namespace deckgen {

namespace {

std::runtime_error unreadable(const std::string &text)
{
  return std::runtime_error("the descriptor \"" + text + "\" cannot be read as NAME KEY=VALUE ...");
}

// A list between braces as one word: "{11 19 }" is "11,19".
std::string joined(const std::string &list)
{
  std::string result;
  for (const std::string &word : words(list)) result += (result.empty() ? "" : ",") + word;
  return result;
}

}    // namespace

std::string read_options(const std::string &text, Options &options)
{
  std::string spaced;
  for (size_t i = 0; i < text.size(); ++i) {
    const size_t end = text[i] == '{' ? text.find_first_of("{}", i + 1) : i;
    if (end == std::string::npos || text[end] == '{') throw unreadable(text);
    if (end != i)
      spaced += joined(text.substr(i + 1, end - i - 1));
    else
      spaced += text[i] == '=' ? std::string(" = ") : std::string(1, text[i]);
    i = end;
  }
  const std::vector<std::string> parts = words(spaced);
  if (parts.empty()) throw unreadable(text);
  for (size_t i = 1; i < parts.size(); i += 3) {
    if (parts[i] == "}" && ++i == parts.size()) break;
    if (i + 2 >= parts.size() || parts[i + 1] != "=") throw unreadable(text);
    if (!options.emplace(lower_case(parts[i]), parts[i + 2]).second) throw unreadable(text);
  }
  return parts[0];
}

bool is_same(const std::string &one, const std::string &other)
{
  char *end = nullptr;
  const double number = std::strtod(one.c_str(), &end);
  const bool is_number = end != one.c_str() && *end == '\0';
  return lower_case(one) == lower_case(other) || (is_number && number == std::strtod(other.c_str(), nullptr));
}

}    // namespace deckgen
