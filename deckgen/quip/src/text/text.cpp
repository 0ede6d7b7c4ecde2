#include "text/text.h"

#include <cctype>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace deckgen {

std::string read_text(const std::string &file)
{
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot open " + file);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

std::string beside(const std::string &file, const std::string &name)
{
  const size_t slash = file.find_last_of('/');
  const bool is_absolute = !name.empty() && name[0] == '/';
  return is_absolute || slash == std::string::npos ? name : file.substr(0, slash + 1) + name;
}

std::string lower_case(std::string text)
{
  for (char &c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::vector<std::string> words(const std::string &text)
{
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), std::istream_iterator<std::string>()};
}

}    // namespace deckgen
