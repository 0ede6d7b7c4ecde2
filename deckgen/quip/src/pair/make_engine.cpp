#include "pair/make_engine.h"

#include "gap/native_engine.h"
#include "quip/quip_engine.h"

#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace deckgen {

namespace {

// Threads within one cluster: $DECKGEN_QUIP_THREADS, or one. Running many clusters at once uses the cores better.
int threads_wanted()
{
  const char *value = std::getenv("DECKGEN_QUIP_THREADS");
  const std::string text = value && *value ? value : "1";
  const bool is_number = text.size() <= 3 && text.find_first_not_of("0123456789") == std::string::npos;
  const int n = is_number ? std::atoi(text.c_str()) : 0;
  if (n < 1) throw std::runtime_error("DECKGEN_QUIP_THREADS=" + text + " is not a number of threads from 1 to 999");
  return n;
}

}    // namespace

std::unique_ptr<Engine> make_engine()
{
  const char *value = std::getenv("DECKGEN_QUIP_ENGINE");
  const std::string choice = value && *value ? value : "auto";
  if (choice != "auto" && choice != "native" && choice != "quip" && choice != "plain")
    throw std::runtime_error("DECKGEN_QUIP_ENGINE=" + choice +
                             " is not an engine of pair_style quip: use auto, native, quip or plain");
  if (choice == "plain") return std::make_unique<QuipEngine>(QuipLink::plain);
  auto quip = std::make_unique<QuipEngine>(QuipLink::tuned);
  if (choice == "quip") return quip;
  const auto otherwise = choice == "auto" ? NativeEngine::Otherwise::quip : NativeEngine::Otherwise::error;
  return std::make_unique<NativeEngine>(otherwise, std::move(quip), threads_wanted());
}

}    // namespace deckgen
