// What this machine can train on.

#ifndef NASCENT_WORKER_TORCH_DEVICES_H_
#define NASCENT_WORKER_TORCH_DEVICES_H_

#include <vector>

#include "nascent/v1/worker_service.pb.h"

namespace nascent::worker {

// The CPU first, then the GPUs that this LibTorch can use, in the order of "cuda:N". Asks the
// NVIDIA driver, which must be there for them.
std::vector<v1::Device> ListDevices();

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_DEVICES_H_
