// CUDA's form of step_graph.h. The build defines NASCENT_CUDA where LibTorch has CUDA and CUDA's
// headers were found.

#include "worker/torch/step_graph.h"

#ifdef NASCENT_CUDA

#include <ATen/cuda/CUDAGraph.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <cstdlib>
#include <exception>
#include <string_view>

namespace nascent::worker {
namespace {

class CudaStepGraph : public StepGraph {
 public:
  explicit CudaStepGraph(c10::Device device) : device_(device) {}

  void Record(const std::function<void()>& work) override {
    c10::impl::VirtualGuardImpl(device_.type()).getStream(device_).synchronize();
    graph_.capture_begin();
    try {
      work();
    } catch (...) {
      EndFailedCapture();
      throw;
    }
    graph_.capture_end();
  }

  void Launch() override { graph_.replay(); }

 private:
  // The stream must leave its state of capture; that the capture failed is known.
  void EndFailedCapture() noexcept {
    try {
      graph_.capture_end();
    } catch (const std::exception&) {
    }
  }

  const c10::Device device_;
  at::cuda::CUDAGraph graph_;
};

}  // namespace

std::unique_ptr<StepGraph> NewStepGraph(c10::Device device) {
  const char* wanted = std::getenv("NASCENT_CUDA_GRAPHS");
  if (!device.is_cuda() || (wanted != nullptr && std::string_view(wanted) == "0")) return nullptr;
  return std::make_unique<CudaStepGraph>(device);
}

}  // namespace nascent::worker

#else

namespace nascent::worker {

std::unique_ptr<StepGraph> NewStepGraph(c10::Device) { return nullptr; }

}  // namespace nascent::worker

#endif
