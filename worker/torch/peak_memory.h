// The most memory that a task held at one time.

#ifndef NASCENT_WORKER_TORCH_PEAK_MEMORY_H_
#define NASCENT_WORKER_TORCH_PEAK_MEMORY_H_

#include <c10/core/Device.h>

#include <cstdint>

namespace nascent::worker {

// Starts counting anew.
void ResetPeakMemory(c10::Device device);

// Bytes since then: on the CPU resident memory of the whole process (Linux's VmHWM), on a GPU what
// LibTorch allocated. 0: cannot be told.
int64_t PeakMemory(c10::Device device);

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_PEAK_MEMORY_H_
