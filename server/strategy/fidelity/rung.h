// The results of one rung of a fidelity ladder, and which of them are among its best.

#ifndef NASCENT_SERVER_STRATEGY_FIDELITY_RUNG_H_
#define NASCENT_SERVER_STRATEGY_FIDELITY_RUNG_H_

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "server/strategy/goals/outcome.h"

namespace nascent::strategy {

// Keeps floor(results / factor) as the top of the rung. With one objective each call is O(log n);
// with several the top is that of BestFirst over the last kWindow results, at most 1 ms or so.
class RungResults {
 public:
  static constexpr size_t kWindow = 300;

  RungResults(int objectives, double factor) : single_(objectives == 1), factor_(factor) {}

  // Unusable outcomes count and are never among the best.
  void Insert(int64_t trial, const Outcome& outcome);
  void MarkPromoted(int64_t trial);

  bool InTop(int64_t trial) const;
  // The best of the top that was not promoted; nothing when all were.
  std::optional<int64_t> Promotable() const;
  int64_t size() const { return count_; }

 private:
  struct Result {
    int64_t trial;
    bool usable;
    double violation;
    double score;
    // Best first.
    bool operator<(const Result& other) const;
  };
  void Rebalance();
  void SortWindow() const;

  const bool single_;
  const double factor_;
  int64_t count_ = 0;
  absl::flat_hash_set<int64_t> promoted_;

  // One objective.
  std::set<Result> top_;
  std::set<Result> rest_;
  std::set<Result> promotable_;  // of the top
  absl::flat_hash_map<int64_t, Result> results_;

  // Several objectives.
  std::deque<std::pair<int64_t, Outcome>> window_;
  mutable std::vector<int64_t> window_top_;  // best first; sorted when it is asked for
  mutable bool sorted_ = true;
};

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_FIDELITY_RUNG_H_
