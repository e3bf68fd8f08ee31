// Optimizers over one flat buffer: a step costs a handful of dispatches however many parameters a
// network has.

#ifndef NASCENT_WORKER_TORCH_OPTIMIZER_H_
#define NASCENT_WORKER_TORCH_OPTIMIZER_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "nascent/v1/recipe.pb.h"

namespace nascent::worker {

// Updates `parameters` from `gradients`, both flat: [n], float32, on one device. The rules are
// those of torch.optim.SGD, Adam, AdamW and RMSprop. Used by one thread.
class FlatOptimizer {
 public:
  // Unset fields of `settings` take the defaults that recipe.proto names. `gradient_clip`: largest
  // L2 norm of the whole gradient, 0: any.
  FlatOptimizer(const v1::Optimizer& settings, double gradient_clip, at::Tensor parameters,
                at::Tensor gradients);

  // One step with `factor` times the learning rate; changes `gradients`.
  void Step(double factor);

  double learning_rate() const { return learning_rate_; }

  // What a checkpoint must hold beside the parameters: the moments, [n] each, and the steps done.
  const std::vector<at::Tensor>& state() const { return state_; }
  int64_t steps() const { return steps_; }
  // For a checkpoint that has written into state().
  void set_steps(int64_t steps) { steps_ = steps; }

 private:
  void StepSgd(double rate);
  void StepAdam(double rate, bool decoupled);
  void StepRmsProp(double rate);

  const v1::Optimizer settings_;
  const double gradient_clip_;
  double learning_rate_ = 0;
  at::Tensor parameters_;
  at::Tensor gradients_;
  std::vector<at::Tensor> state_;
  int64_t steps_ = 0;
};

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_OPTIMIZER_H_
