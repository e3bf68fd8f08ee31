#include "worker/agent/slot_plan.h"

#include <algorithm>
#include <map>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace nascent::worker {

absl::StatusOr<std::vector<PlannedSlot>> PlanSlots(const std::vector<v1::Device>& devices,
                                                   const SlotWishes& wishes, int cores) {
  std::map<std::string, v1::Device> present;
  std::vector<std::string> wished = wishes.devices;
  int gpus = 0;
  for (const v1::Device& device : devices) {
    if (device.kind() == "cpu") {
      present["cpu"] = device;
    } else {
      const std::string name = absl::StrCat(device.kind(), ":", gpus++);
      present[name] = device;
      if (wishes.devices.empty()) wished.push_back(name);
    }
  }
  if (wished.empty()) wished.push_back("cpu");

  std::vector<PlannedSlot> slots;
  for (const std::string& name : wished) {
    const auto found = present.find(name);
    if (found == present.end()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--devices: no device '", name, "' here; there are: ",
          absl::StrJoin(present, ", ",
                        [](std::string* out, const auto& entry) { out->append(entry.first); })));
    }
    const int count = name != "cpu" ? 1 : wishes.cpu_slots > 0 ? wishes.cpu_slots : cores;
    PlannedSlot slot{found->second, name, 1};
    slot.device.set_memory_bytes(slot.device.memory_bytes() / count);
    slots.insert(slots.end(), static_cast<size_t>(count), slot);
  }
  const int threads = wishes.threads > 0 ? wishes.threads : slots.size() == 1 ? cores : 1;
  for (PlannedSlot& slot : slots) slot.threads = threads;
  return slots;
}

}  // namespace nascent::worker
