// What the contract allows in one call.

#ifndef NASCENT_WORKER_AGENT_REPORT_LIMITS_H_
#define NASCENT_WORKER_AGENT_REPORT_LIMITS_H_

#include <cstddef>

namespace nascent::worker {

inline constexpr size_t kMaxMeasurements = 10'000;

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_AGENT_REPORT_LIMITS_H_
