// Which trials of a search lead, by its objectives.

#ifndef NASCENT_SERVER_ENGINE_STANDING_H_
#define NASCENT_SERVER_ENGINE_STANDING_H_

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "common/objectives/search_goals.h"
#include "nascent/v1/search.pb.h"
#include "server/engine/resolve/metrics.h"

namespace nascent::engine {

// One objective: the best feasible trials in order. Several: the front of feasible trials that no
// other dominates, ordered by the first objective. Trials of a higher rung come before those of a
// lower one, whose values are not comparable; equal ones in the order of their numbers.
class Standing {
 public:
  // Keeps the best `keep` of one objective, the whole front of several.
  Standing(const v1::SearchSpec& spec, int keep);

  // A trial that ended with a result. `level` is its rung, less for trials that were stopped early.
  // Ignored where an objective has no value. True: it brought an improvement, a new best or, with
  // several objectives, a new member of the front.
  bool Add(int64_t trial, const Metrics& metrics, int level);

  // Numbers of trials, best first, at most `count`.
  std::vector<int64_t> Leaders(int count) const;
  // Whether `trial` is among the first `count`.
  bool IsAmong(int64_t trial, int count) const;
  // The best value of the first objective.
  std::optional<double> BestValue() const;
  // Of the front, in the objectives' own units; absent with one objective, more than four or no
  // trial.
  std::optional<double> Hypervolume() const;

 private:
  struct Entry {
    int level = 0;
    std::vector<double> values;  // larger is better
    int64_t trial = 0;
    bool operator<(const Entry& other) const;
  };

  const objectives::SearchGoals goals_;
  const size_t keep_;
  std::set<Entry> entries_;    // best first
  std::vector<double> worst_;  // seen so far, of feasible trials; larger is better
};

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_STANDING_H_
