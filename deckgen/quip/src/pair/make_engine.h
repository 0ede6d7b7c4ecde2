// Which engine evaluates the potential: the one place that knows them all.
#pragma once

#include "engine.h"

namespace deckgen {

// The engine that the environment variable DECKGEN_QUIP_ENGINE names: auto (or unset: native where it covers the
// potential, else quip), native, quip, plain.
std::unique_ptr<Engine> make_engine();

}    // namespace deckgen
