// The store's time, as far as it is known without asking each time.

#ifndef NASCENT_SERVER_ENGINE_STORE_CLOCK_H_
#define NASCENT_SERVER_ENGINE_STORE_CLOCK_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/status_macros.h"
#include "server/storage/trial_store.h"

namespace nascent::engine {

// The store's clock rules. Between two looks at it the own clock tells how much time went by.
class StoreClock {
 public:
  // Both outlive it.
  StoreClock(storage::TrialStore* store, const Clock* clock) : store_(store), clock_(clock) {}

  // Sets the time by the store's. An error leaves it as it was.
  absl::Status Synchronize() {
    NASCENT_ASSIGN_OR_RETURN(base_time_, store_->Now());
    base_elapsed_ = clock_->Elapsed();
    return absl::OkStatus();
  }

  // Returns the store's time by the last Synchronize.
  absl::Time Now() const { return base_time_ + Age(); }
  // Returns how long ago the last Synchronize was.
  absl::Duration Age() const { return clock_->Elapsed() - base_elapsed_; }
  // Returns the own clock's time since some start; it never jumps.
  absl::Duration Elapsed() const { return clock_->Elapsed(); }

 private:
  storage::TrialStore* const store_;
  const Clock* const clock_;
  absl::Time base_time_;
  absl::Duration base_elapsed_;
};

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_STORE_CLOCK_H_
