#include "common/clock.h"

#include <algorithm>
#include <chrono>

#include "absl/time/clock.h"

namespace nascent {

absl::Time SystemClock::Now() const { return absl::Now(); }

absl::Duration SystemClock::Elapsed() const {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

absl::Time VirtualClock::Now() const { return start_ + Elapsed(); }

absl::Duration VirtualClock::Elapsed() const {
  MutexLock lock(mutex_);
  return elapsed_;
}

void VirtualClock::Advance(absl::Duration by) {
  MutexLock lock(mutex_);
  elapsed_ += std::max(by, absl::ZeroDuration());
}

}  // namespace nascent
