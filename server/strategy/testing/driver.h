// Runs a strategy against made-up workers and keeps its log.

#ifndef NASCENT_SERVER_STRATEGY_TESTING_DRIVER_H_
#define NASCENT_SERVER_STRATEGY_TESTING_DRIVER_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/random.h"
#include "server/strategy/strategy.h"
#include "server/strategy/testing/hand_space.h"

namespace nascent::strategy::testing {

using Metrics = std::map<std::string, double>;

struct DriverOptions {
  int proposals = 200;  // that the strategy makes; fewer when it is exhausted
  int workers = 1;
  uint64_t seed = 1;          // of what happens to trials
  double failed = 0;          // probability that a trial fails
  double cancelled = 0;       // that it is cancelled
  double enqueued = 0;        // that a program adds a trial before a proposal
  double late = 0;            // that a trial takes ten times as long
  int epochs = 0;             // of the last rung, with a Measured event after each; 0: none
  bool newest_first = false;  // results come in the reverse order of proposals
  // Of a genotype at a share of the full training in (0, 1].
  std::function<Metrics(const space::Genotype&, double share)> evaluate;
};

struct DriverResult {
  std::vector<Event> log;  // in the order observed
  int64_t trials = 0;
  bool exhausted = false;
  bool stuck = false;  // it waited although nothing was under way
};

// Trials of a rung below the last take `share_of_full` of the time. Stop commands end their trials
// as STOPPED with what was measured.
DriverResult Drive(Strategy& strategy, const Problem& problem, const DriverOptions& options);

// A smooth function of the genotype in [0, 1] with its best where every decision has its last
// value; it rises with the share. Metrics "accuracy" and "size".
Metrics SumOfDecisions(const space::Space& space, const space::Genotype& genotype, double share);

// One objective, accuracy, or with `objectives` 2 or 3 also size and a third one; `rungs` of them
// grow by a factor of 3 up to 27 epochs.
Problem TestProblem(const HandSpace& space, int objectives = 1, int rungs = 1);

// Log positions of the strategy's own proposals.
std::vector<size_t> OwnProposals(const std::vector<Event>& log);

}  // namespace nascent::strategy::testing

#endif  // NASCENT_SERVER_STRATEGY_TESTING_DRIVER_H_
