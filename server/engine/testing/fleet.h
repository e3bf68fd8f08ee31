// Workers that do everything that can go wrong, drawn from one seed.

#ifndef NASCENT_SERVER_ENGINE_TESTING_FLEET_H_
#define NASCENT_SERVER_ENGINE_TESTING_FLEET_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/random.h"
#include "server/engine/testing/harness.h"

namespace nascent::engine::testing {

// Probabilities of what happens when it is a slot's turn.
struct Mishaps {
  double crash = 0;      // the task is reported as crashed
  double release = 0;    // given back
  double vanish = 0;     // the worker forgets its task without a word
  double duplicate = 0;  // the last report is sent again
  double zombie = 0;     // a task that was lost long ago is reported
  double restart = 0;    // the coordinator is killed
};

class Fleet {
 public:
  Fleet(Harness& harness, int slots, uint64_t seed, const Mishaps& mishaps);

  // Slots take turns at random until the search has ended or `most_turns` are used up. True: it
  // has ended.
  bool Run(int64_t search, int most_turns);

  // Results whose Complete was answered with OK, by trial id: accuracies or scores.
  const std::map<int64_t, double>& acknowledged() const { return acknowledged_; }

 private:
  struct Held {
    LeaseGrant lease;
    int epoch = 0;
  };

  void Turn(int slot);
  void Report(int slot);
  void Finish(int slot);
  bool Chance(double probability) { return random_.Uniform() < probability; }
  // The metric that its trial is about: a score, where its rung is one.
  static std::string MetricOf(const LeaseGrant& lease);
  // A pure function of the trial, as a deterministic evaluator's.
  static double Accuracy(const LeaseGrant& lease);

  Harness& harness_;
  RandomStream random_;
  const Mishaps mishaps_;
  int64_t worker_ = 0;
  std::vector<std::optional<Held>> slots_;
  std::vector<LeaseGrant> lost_;
  v1::CompleteRequest last_complete_;
  std::map<int64_t, double> acknowledged_;
};

}  // namespace nascent::engine::testing

#endif  // NASCENT_SERVER_ENGINE_TESTING_FLEET_H_
