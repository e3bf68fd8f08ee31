#include "worker/torch/peak_memory.h"

#include <fstream>
#include <string>

#include "worker/torch/version.h"

namespace nascent::worker {

void ResetPeakMemory(c10::Device device) {
  if (!device.is_cpu()) {
    ResetPeakDeviceBytes(device);
    return;
  }
  std::ofstream("/proc/self/clear_refs") << "5";  // See proc(5): resets the peak only.
}

int64_t PeakMemory(c10::Device device) {
  if (!device.is_cpu()) return PeakDeviceBytes(device);
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "VmHWM:") continue;
    int64_t kib = 0;
    status >> kib;
    return kib * 1024;
  }
  return 0;
}

}  // namespace nascent::worker
