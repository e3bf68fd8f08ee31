// How long to wait before a call is tried again.

#ifndef NASCENT_COMMON_RPC_BACKOFF_H_
#define NASCENT_COMMON_RPC_BACKOFF_H_

#include "absl/random/random.h"
#include "absl/time/time.h"

namespace nascent::rpc {

// Gives growing waits. Each is drawn from the upper half of what has been reached, so that those
// who lost a server together do not come back together. Not thread-safe.
class Backoff {
 public:
  struct Options {
    absl::Duration first;
    absl::Duration longest;
    double growth = 2;  // from one wait to the next
  };
  explicit Backoff(const Options& options) : options_(options), next_(options.first) {}

  // Returns the next wait: half to all of `first` after the construction or a Reset, at most
  // `longest` ever.
  absl::Duration Next();
  // Begins anew, after a success.
  void Reset() { next_ = options_.first; }

 private:
  const Options options_;
  absl::Duration next_;
  absl::BitGen random_;
};

}  // namespace nascent::rpc

#endif  // NASCENT_COMMON_RPC_BACKOFF_H_
