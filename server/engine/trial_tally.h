// How many trials of a search are in which state.

#ifndef NASCENT_SERVER_ENGINE_TRIAL_TALLY_H_
#define NASCENT_SERVER_ENGINE_TRIAL_TALLY_H_

#include <cstdint>
#include <map>

#include "server/engine/live_trial.h"
#include "server/storage/trial_life.h"

namespace nascent::engine {

// The only one that changes the state of a trial that was counted, so that counts and states agree.
class TrialTally {
 public:
  // Counts a trial in its state for the first time.
  void Add(const LiveTrial& trial) { Count(trial, 1); }
  // Changes a trial that was counted by `change`, a function of its record (storage/trial_life.h).
  template <typename Change>
  void Move(LiveTrial& trial, Change change) {
    Count(trial, -1);
    change(trial.record);
    Count(trial, 1);
  }
  // Says of a trial that was counted whether it waits for a twin of its own search.
  void SetJoinedOwn(LiveTrial& trial, bool joined_own) {
    Count(trial, -1);
    trial.joined_own = joined_own;
    Count(trial, 1);
  }

  const std::map<v1::TrialState, int64_t>& counts() const { return counts_; }
  int64_t Of(v1::TrialState state) const {
    const auto found = counts_.find(state);
    return found == counts_.end() ? 0 : found->second;
  }
  // Returns how many ended with a result or a failure: those that a budget counts.
  int64_t Finished() const { return storage::CountForBudget(counts_) - scored_; }
  // Returns how many ended with a score or without one that they should have had.
  int64_t Scored() const { return scored_; }
  // Returns how many, open or ended, no budget counts.
  int64_t Exempt() const { return exempt_; }
  int64_t Open() const { return Of(v1::TRIAL_STATE_READY) + Of(v1::TRIAL_STATE_LEASED); }
  // Returns how many open trials take a slot or will: all but those that wait for a twin of their
  // own search.
  int64_t Outstanding() const { return Open() - joined_own_; }

 private:
  void Count(const LiveTrial& trial, int sign) {
    counts_[trial.record.state] += sign;
    if (trial.record.state == v1::TRIAL_STATE_CANCELLED) {
      exempt_ += sign;
    } else if (storage::ExemptFromBudget(trial.record)) {
      exempt_ += sign;
      if (storage::CountsForBudget(trial.record.state)) scored_ += sign;
    }
    if (trial.record.state == v1::TRIAL_STATE_READY && trial.joined_own) joined_own_ += sign;
  }

  std::map<v1::TrialState, int64_t> counts_;
  int64_t joined_own_ = 0;
  int64_t exempt_ = 0;
  int64_t scored_ = 0;
};

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_TRIAL_TALLY_H_
