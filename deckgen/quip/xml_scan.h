// A small reader of XML: well-formedness and attributes, nothing else.
#pragma once

#include <functional>
#include <map>
#include <string>

namespace deckgen {

using Attributes = std::map<std::string, std::string>;

// Calls `on_element` at each start tag. Throws std::runtime_error with the line of the first fault.
void scan_xml(const std::string &text, const std::function<void(const std::string &, const Attributes &)> &on_element);

}    // namespace deckgen
