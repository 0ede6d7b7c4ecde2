#include "text/xml_scan.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace deckgen {

namespace {

const char *const blanks = " \t\r\n";
const char *const name_ends = " \t\r\n=/>\"'<";

class Scanner {
 public:
  Scanner(const std::string &text_, const OnElement &on_element_, const OnText &on_text_) :
      text(text_), on_element(on_element_), on_text(on_text_)
  {
  }

  void run()
  {
    while (at < text.size()) {
      const size_t tag = std::min(text.find('<', at), text.size());
      if (open.empty() && text.find_first_not_of(blanks, at) < tag) fail("text outside of the root element");
      if (!open.empty() && on_text) on_text(open.back(), text.substr(at, tag - at));
      at = tag;
      if (at < text.size()) markup();
    }
    if (!open.empty()) fail("the file ends inside of <" + open.back() + ">: it is cut short");
    if (!has_root) fail("it has no element");
  }

 private:
  [[noreturn]] void fail(const std::string &reason) const
  {
    const auto end = text.begin() + static_cast<long>(std::min(at, text.size()));
    throw std::runtime_error("line " + std::to_string(1 + std::count(text.begin(), end, '\n')) + ": " + reason);
  }

  bool starts(const char *word) const { return text.compare(at, std::char_traits<char>::length(word), word) == 0; }

  void skip_past(const char *end)
  {
    const size_t found = text.find(end, at);
    if (found == std::string::npos) fail(std::string("the file ends before ") + end);
    at = found + std::char_traits<char>::length(end);
  }

  void skip_blanks() { at = std::min(text.find_first_not_of(blanks, at), text.size()); }

  std::string name()
  {
    const size_t end = std::min(text.find_first_of(name_ends, at), text.size());
    if (end == at) fail("a name is missing");
    const std::string word = text.substr(at, end - at);
    at = end;
    return word;
  }

  void markup()
  {
    if (starts("<!--")) return skip_past("-->");
    if (starts("<![CDATA[")) return skip_past("]]>");
    if (starts("<?")) return skip_past("?>");
    if (starts("<!")) fail("it has a document type, whose entities could stand for elements; no GAP has one");
    if (starts("</")) return end_tag();
    start_tag();
  }

  void end_tag()
  {
    at += 2;
    const std::string word = name();
    skip_blanks();
    if (open.empty() || open.back() != word)
      fail("</" + word + "> closes " + (open.empty() ? "nothing" : "<" + open.back() + ">"));
    if (!starts(">")) fail("</" + word + " does not end in >");
    ++at;
    open.pop_back();
  }

  void start_tag()
  {
    ++at;
    const std::string word = name();
    if (open.empty() && has_root) fail("<" + word + "> is a second root element");
    has_root = true;
    Attributes attributes;
    for (skip_blanks(); at < text.size() && text[at] != '/' && text[at] != '>'; skip_blanks()) attribute(attributes);
    const bool is_empty = starts("/>");
    if (!is_empty && !starts(">")) fail("<" + word + "> is cut short");
    at += is_empty ? 2 : 1;
    on_element(word, attributes);
    if (!is_empty) open.push_back(word);
  }

  void attribute(Attributes &attributes)
  {
    const std::string key = name();
    skip_blanks();
    if (!starts("=")) fail("the attribute " + key + " has no value");
    ++at;
    skip_blanks();
    const char quote = at < text.size() ? text[at] : '\0';
    if (quote != '"' && quote != '\'') fail("the value of " + key + " is not quoted");
    const size_t end = text.find(quote, at + 1);
    if (end == std::string::npos) fail("the value of " + key + " does not end");
    const std::string value = text.substr(at + 1, end - at - 1);
    if (value.find('<') != std::string::npos) fail("the value of " + key + " does not end");
    if (!attributes.emplace(key, value).second) fail("the attribute " + key + " is given twice");
    at = end + 1;
  }

  const std::string &text;
  const OnElement &on_element;
  const OnText &on_text;
  std::vector<std::string> open;
  bool has_root = false;
  size_t at = 0;
};

}    // namespace

void scan_xml(const std::string &text, const OnElement &on_element, const OnText &on_text)
{
  Scanner(text, on_element, on_text).run();
}

}    // namespace deckgen
