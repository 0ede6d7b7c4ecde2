#include "engine.h"

#include "quip_engine.h"

#include <cstdlib>
#include <stdexcept>

namespace deckgen {

std::unique_ptr<Engine> make_engine()
{
  const char *value = std::getenv("DECKGEN_QUIP_ENGINE");
  const std::string choice = value && *value ? value : "auto";
  if (choice == "auto" || choice == "quip") return std::make_unique<QuipEngine>(QuipLink::cured);
  if (choice == "plain") return std::make_unique<QuipEngine>(QuipLink::plain);
  throw std::runtime_error("DECKGEN_QUIP_ENGINE=" + choice +
                           " is not an engine of pair_style quip: use auto, quip or plain");
}

}    // namespace deckgen
