// Calls functions later.

#ifndef NASCENT_SERVER_RPC_TIMER_H_
#define NASCENT_SERVER_RPC_TIMER_H_

#include <functional>
#include <map>
#include <thread>

#include "absl/time/time.h"
#include "common/sync.h"

namespace nascent::rpc {

// On the monotonic clock, unlike gRPC's own alarms: those of 1.51 wait for a time of the
// calendar's, so that a clock that is set back by an hour holds them up for an hour. Thread-safe;
// has a thread of its own, which the functions must not block.
class Timer {
 public:
  Timer();
  // Calls what is left at once.
  ~Timer();

  void After(absl::Duration wait, std::function<void()> call);

 private:
  void Run();

  Mutex mutex_;
  CondVar changed_;
  std::multimap<absl::Duration, std::function<void()>> calls_ ABSL_GUARDED_BY(mutex_);
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses the fields above
};

}  // namespace nascent::rpc

#endif  // NASCENT_SERVER_RPC_TIMER_H_
