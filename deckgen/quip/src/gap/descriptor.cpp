#include "gap/descriptor.h"

#include <stdexcept>

namespace deckgen {

namespace {

// Inside a function: it exists before the first registration, whatever the order in which the files are initialised.
std::map<std::string, DescriptorKind> &kinds()
{
  static std::map<std::string, DescriptorKind> all;
  return all;
}

}    // namespace

Registration::Registration(const DescriptorKind &kind)
{
  if (!kinds().emplace(kind.name, kind).second) throw std::logic_error("two descriptors are called " + kind.name);
}

const DescriptorKind *find_kind(const std::string &name)
{
  const auto found = kinds().find(name);
  return found == kinds().end() ? nullptr : &found->second;
}

}    // namespace deckgen
