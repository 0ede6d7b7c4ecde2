// deckgen's own evaluator of GAPs as an engine. A second engine, QUIP, checks it and evaluates what it does not cover.
#pragma once

#include "gap/evaluator.h"

#include <memory>
#include <string>
#include <vector>

namespace deckgen {

class NativeEngine : public Engine {
 public:
  // What to do with a potential that the evaluator does not cover.
  enum class Otherwise { quip, error };

  NativeEngine(Otherwise otherwise, std::unique_ptr<Engine> quip, int n_threads = 1);
  std::string description() const override;
  double load(const std::string &file, const std::string &arguments) override;
  bool trims_neighbours() const override { return !evaluator && quip->trims_neighbours(); }

  // After a potential is loaded, the first evaluation and that of a displaced copy, its atoms in another order, are
  // compared with QUIP's.
  void evaluate(const Atoms &atoms, Evaluation &result) override;
  std::string take_notice() override;

 private:
  void check(const Atoms &atoms, const Evaluation &result);
  double difference_from_quip(const Atoms &atoms, const Evaluation &result);

  Otherwise otherwise;
  int n_threads;
  std::unique_ptr<Engine> quip;
  std::unique_ptr<GapEvaluator> evaluator;    // none where QUIP takes the potential
  std::string why_quip;
  std::string notice;
  bool is_checked = false;
};

}    // namespace deckgen
