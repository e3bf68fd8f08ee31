// How long to wait before a call is tried again.

#ifndef NASCENT_WORKER_AGENT_BACKOFF_H_
#define NASCENT_WORKER_AGENT_BACKOFF_H_

#include <algorithm>
#include <random>

#include "absl/time/time.h"

namespace nascent::worker {

// Grows by 1.6 from a tenth of a second to `longest`; each wait is drawn from the upper half, so
// that workers that lost the coordinator together do not come back together. Not thread-safe.
class Backoff {
 public:
  explicit Backoff(absl::Duration longest) : longest_(longest), random_(std::random_device()()) {}

  absl::Duration Next() {
    const absl::Duration wait = next_ * std::uniform_real_distribution<double>(0.5, 1.0)(random_);
    next_ = std::min(longest_, next_ * 1.6);
    return wait;
  }

  // After a success.
  void Reset() { next_ = kFirst; }

 private:
  static constexpr absl::Duration kFirst = absl::Milliseconds(100);

  const absl::Duration longest_;
  absl::Duration next_ = kFirst;
  std::mt19937 random_;
};

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_AGENT_BACKOFF_H_
