// All that a strategy has observed, as a fold over its events.

#ifndef NASCENT_SERVER_STRATEGY_GOALS_HISTORY_H_
#define NASCENT_SERVER_STRATEGY_GOALS_HISTORY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "server/strategy/goals/outcome.h"
#include "server/strategy/strategy.h"

namespace nascent::strategy {

struct Trial {
  enum class State { kPending, kUsable, kFailed, kCancelled };
  int64_t number = 0;
  space::Genotype genotype;
  int rung = 0;  // resolved: the last one where the proposal said -1
  int64_t continues = 0;
  bool enqueued = false;
  State state = State::kPending;
  // Of kUsable; of kPending what it measured last, where that is usable.
  Outcome outcome;
  int epochs = 0;
  double seconds = 0;
};

// For strategies whose proposals look at the whole history; memory grows with it. Events that make
// no sense (unknown trial, ended twice, measured after its end) change nothing.
class History {
 public:
  explicit History(const Problem& problem) : problem_(problem) {}

  // The index of the trial concerned, or -1 when the event changed nothing.
  int Observe(const Event& event);

  // In the order in which they were proposed.
  const std::vector<Trial>& trials() const { return trials_; }
  const Trial* Find(int64_t number) const;

  // Indices of usable trials in the order in which they ended.
  const std::vector<int>& usable() const { return usable_; }
  // Indices of failed ones, likewise. Cancelled ones say nothing about their genotype.
  const std::vector<int>& failed() const { return failed_; }
  // Numbers of trials that have not ended, rising.
  const absl::btree_set<int64_t>& pending() const { return pending_; }

  // Usable trials of one rung, as indices in the order in which they ended.
  const std::vector<int>& usable_at(int rung) const { return by_rung_[rung]; }
  // The highest rung with at least `count` usable trials; else the one with the most, the higher of
  // equals.
  int FullestRung(int64_t count) const;

  // The best so far (Better; with several objectives on the first one, among the feasible), of the
  // highest rung that has any; -1: none is usable.
  int best() const;
  // Feasible trials of a rung that none of it dominates, as indices in the order in which they
  // entered; of equal scores the first only.
  const std::vector<int>& front(int rung) const { return fronts_[rung]; }

  // Times that a genotype was proposed, at any rung.
  int64_t Proposals(const space::Genotype& genotype) const;

  int last_rung() const {
    return static_cast<int>(problem_.rungs.empty() ? 1 : problem_.rungs.size()) - 1;
  }

 private:
  int Add(const Proposed& proposed);
  int Measure(const Measured& measured);
  int Finish(const Finished& finished);
  void EnterFront(int index);

  const Problem problem_;
  std::vector<Trial> trials_;
  absl::flat_hash_map<int64_t, int> index_;           // by number
  absl::flat_hash_map<uint64_t, int64_t> proposals_;  // by fingerprint
  std::vector<int> usable_;
  std::vector<int> failed_;
  absl::btree_set<int64_t> pending_;
  std::vector<std::vector<int>> by_rung_ = std::vector<std::vector<int>>(last_rung() + 1);
  std::vector<std::vector<int>> fronts_ = std::vector<std::vector<int>>(last_rung() + 1);
  std::vector<int> best_ = std::vector<int>(last_rung() + 1, -1);
};

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_GOALS_HISTORY_H_
