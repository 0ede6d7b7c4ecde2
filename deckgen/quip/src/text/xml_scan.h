// A small reader of XML: well-formedness, attributes and plain text, nothing else.
#pragma once

#include <functional>
#include <map>
#include <string>

namespace deckgen {

using Attributes = std::map<std::string, std::string>;
using OnElement = std::function<void(const std::string &element, const Attributes &attributes)>;
using OnText = std::function<void(const std::string &element, const std::string &text)>;

// Calls `on_element` at each start tag and, if given, `on_text` with each piece of text between tags (not CDATA) and
// the element that it is in. Throws std::runtime_error with the line of the first fault.
void scan_xml(const std::string &text, const OnElement &on_element, const OnText &on_text = nullptr);

}    // namespace deckgen
