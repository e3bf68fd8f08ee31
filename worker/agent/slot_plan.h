// Which slots a worker has.

#ifndef NASCENT_WORKER_AGENT_SLOT_PLAN_H_
#define NASCENT_WORKER_AGENT_SLOT_PLAN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "nascent/v1/worker_service.pb.h"

namespace nascent::worker {

struct PlannedSlot {
  v1::Device device;  // as registered
  std::string name;   // as the evaluator calls it: "cpu" or "cuda:N"
  int threads = 1;
};

struct SlotWishes {
  // Names of devices; empty: all GPUs, or the CPU where there is none.
  std::vector<std::string> devices;
  int cpu_slots = 0;  // 0: one per core
  int threads = 0;    // of one operation; 0: 1 where there are several slots, else all cores
};

// One slot for each GPU that is wished, and `cpu_slots` where the CPU is; the CPU's memory is
// shared out among its slots. `devices`: what the evaluator found, the CPU first. INVALID_ARGUMENT:
// a device that is not there.
absl::StatusOr<std::vector<PlannedSlot>> PlanSlots(const std::vector<v1::Device>& devices,
                                                   const SlotWishes& wishes, int cores);

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_AGENT_SLOT_PLAN_H_
