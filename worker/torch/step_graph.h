// Work for a GPU that is recorded once and then launched as a whole: one call in place of the some
// thousand launches of a training step, which take longer than a small network's kernels.

#ifndef NASCENT_WORKER_TORCH_STEP_GRAPH_H_
#define NASCENT_WORKER_TORCH_STEP_GRAPH_H_

#include <c10/core/Device.h>

#include <functional>
#include <memory>

namespace nascent::worker {

// Used by one thread. What is recorded reads and writes the tensors that it met, at their places in
// memory: whoever launches it writes new inputs into the same tensors.
class StepGraph {
 public:
  virtual ~StepGraph() = default;

  // Calls `work` once and keeps what it asks of the device, which does none of it yet. Once in the
  // life of a graph, after `work` has run a few times without it, with nothing else using the
  // device. Throws c10::Error where `work` waits for the device or cannot be recorded otherwise.
  virtual void Record(const std::function<void()>& work) = 0;

  // The device does what was recorded, after all that this thread asked of it before.
  virtual void Launch() = 0;
};

// Null where there is nothing to gain or nobody has the means: on a CPU, in a build without CUDA's
// headers, and where the environment says NASCENT_CUDA_GRAPHS=0.
std::unique_ptr<StepGraph> NewStepGraph(c10::Device device);

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_STEP_GRAPH_H_
