// The device that tests use.

#ifndef NASCENT_WORKER_TORCH_TESTING_TEST_DEVICE_H_
#define NASCENT_WORKER_TORCH_TESTING_TEST_DEVICE_H_

#include <c10/core/Device.h>

#include <cstdlib>
#include <string>

namespace nascent::worker {

// NASCENT_TEST_DEVICE, e.g. "cuda:0"; the CPU where that is not set.
inline std::string TestDeviceName() {
  const char* name = std::getenv("NASCENT_TEST_DEVICE");
  return name == nullptr ? "cpu" : name;
}

inline c10::Device TestDevice() { return c10::Device(TestDeviceName()); }

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_TESTING_TEST_DEVICE_H_
