// Time as something that is handed in, so that tests and simulations decide what time it is.

#ifndef NASCENT_COMMON_CLOCK_H_
#define NASCENT_COMMON_CLOCK_H_

#include "absl/time/time.h"
#include "common/sync.h"

namespace nascent {

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  // Of the calendar; may jump when the machine's clock is set. For display and records only.
  virtual absl::Time Now() const = 0;

  // Since a point that stays fixed while the process lives; never goes back. For deadlines.
  virtual absl::Duration Elapsed() const = 0;
};

// The machine's clocks.
class SystemClock : public Clock {
 public:
  absl::Time Now() const override;
  absl::Duration Elapsed() const override;
};

// Stands still until it is moved.
class VirtualClock : public Clock {
 public:
  explicit VirtualClock(absl::Time start = absl::UnixEpoch()) : start_(start) {}

  absl::Time Now() const override;
  absl::Duration Elapsed() const override;

  // `by` is not negative.
  void Advance(absl::Duration by);

 private:
  const absl::Time start_;
  mutable Mutex mutex_;
  absl::Duration elapsed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nascent

#endif  // NASCENT_COMMON_CLOCK_H_
