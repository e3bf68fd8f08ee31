// When a call has to have ended.

#ifndef NASCENT_COMMON_RPC_DEADLINE_H_
#define NASCENT_COMMON_RPC_DEADLINE_H_

#include <grpc/support/time.h>

#include "absl/time/time.h"

namespace nascent::rpc {

// Returns the moment `timeout` from now on the monotonic clock, as contexts, channels and servers
// take it. A deadline on the calendar's clock moves when that clock is set.
inline gpr_timespec DeadlineAfter(absl::Duration timeout) {
  if (timeout == absl::InfiniteDuration()) return gpr_inf_future(GPR_CLOCK_MONOTONIC);
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_micros(absl::ToInt64Microseconds(timeout), GPR_TIMESPAN));
}

}  // namespace nascent::rpc

#endif  // NASCENT_COMMON_RPC_DEADLINE_H_
