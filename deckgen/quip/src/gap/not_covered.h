// The reason why the native evaluator leaves a potential to QUIP.
#pragma once

#include <stdexcept>

namespace deckgen {

// A potential that the native evaluator leaves to QUIP; the message says why.
class NotCovered : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}    // namespace deckgen
