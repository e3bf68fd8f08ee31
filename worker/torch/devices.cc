#include "worker/torch/devices.h"

#include <ATen/Context.h>
#include <dlfcn.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <string>

namespace nascent::worker {
namespace {

std::string ProcessorModel() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.rfind("model name", 0) != 0) continue;
    const size_t colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

v1::Device Processor() {
  v1::Device device;
  device.set_kind("cpu");
  device.set_model(ProcessorModel());
  device.set_memory_bytes(int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE));
  return device;
}

// Name and memory come from the driver's own library, found at run time: CUDA's headers are no part
// of a LibTorch. https://docs.nvidia.com/cuda/cuda-driver-api/group__CUDA__DEVICE.html
class Driver {
 public:
  Driver() : library_(dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL)) {
    if (library_ == nullptr) return;
    const auto initialize = Find<int(unsigned)>("cuInit");
    get_ = Find<int(int*, int)>("cuDeviceGet");
    name_ = Find<int(char*, int, int)>("cuDeviceGetName");
    memory_ = Find<int(size_t*, int)>("cuDeviceTotalMem_v2");
    usable_ = initialize != nullptr && get_ != nullptr && name_ != nullptr && memory_ != nullptr &&
              initialize(0) == 0;
  }

  v1::Device Describe(int index) const {
    v1::Device device;
    device.set_kind("cuda");
    int handle = 0;
    if (!usable_ || get_(&handle, index) != 0) return device;
    std::array<char, 256> name{};
    size_t bytes = 0;
    if (name_(name.data(), static_cast<int>(name.size()), handle) == 0) {
      device.set_model(name.data());
    }
    if (memory_(&bytes, handle) == 0) device.set_memory_bytes(static_cast<int64_t>(bytes));
    return device;
  }

 private:
  template <typename Function>
  Function* Find(const char* name) const {
    return reinterpret_cast<Function*>(dlsym(library_, name));
  }

  void* library_;  // stays loaded
  int (*get_)(int*, int) = nullptr;
  int (*name_)(char*, int, int) = nullptr;
  int (*memory_)(size_t*, int) = nullptr;
  bool usable_ = false;
};

}  // namespace

std::vector<v1::Device> ListDevices() {
  std::vector<v1::Device> devices = {Processor()};
  const int count = at::hasCUDA() ? static_cast<int>(at::getNumGPUs()) : 0;
  if (count == 0) return devices;
  const Driver driver;
  for (int i = 0; i < count; ++i) devices.push_back(driver.Describe(i));
  return devices;
}

}  // namespace nascent::worker
