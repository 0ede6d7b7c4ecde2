#include "engine.h"

#include "native_engine.h"
#include "quip_engine.h"

#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace deckgen {

std::unique_ptr<Engine> make_engine()
{
  const char *value = std::getenv("DECKGEN_QUIP_ENGINE");
  const std::string choice = value && *value ? value : "auto";
  if (choice != "auto" && choice != "native" && choice != "quip" && choice != "plain")
    throw std::runtime_error("DECKGEN_QUIP_ENGINE=" + choice +
                             " is not an engine of pair_style quip: use auto, native, quip or plain");
  if (choice == "plain") return std::make_unique<QuipEngine>(QuipLink::plain);
  auto quip = std::make_unique<QuipEngine>(QuipLink::cured);
  if (choice == "quip") return quip;
  const auto otherwise = choice == "auto" ? NativeEngine::Otherwise::quip : NativeEngine::Otherwise::error;
  return std::make_unique<NativeEngine>(otherwise, std::move(quip));
}

}    // namespace deckgen
