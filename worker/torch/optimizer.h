// Optimizers over one flat buffer: a step costs a handful of dispatches however many parameters a
// network has.

#ifndef NASCENT_WORKER_TORCH_OPTIMIZER_H_
#define NASCENT_WORKER_TORCH_OPTIMIZER_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "nascent/v1/recipe.pb.h"
#include "worker/torch/step_number.h"

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

  // The two halves of a step. Advance counts it and sets the numbers that differ from step to step;
  // Apply changes the parameters. After KeepNumbersOnDevice Apply reads those numbers on the
  // device, so that it can be recorded once and launched after each Advance.
  void Advance(double factor);
  void Apply();
  void KeepNumbersOnDevice();

  double learning_rate() const { return learning_rate_; }

  // What a checkpoint must hold beside the parameters: the moments, [n] each, and the steps done.
  const std::vector<at::Tensor>& state() const { return state_; }
  int64_t steps() const { return steps_; }
  // For a checkpoint that has written into state().
  void set_steps(int64_t steps) { steps_ = steps; }

 private:
  void AdvanceAdam(const v1::Adam& adam, double rate);
  void ApplySgd();
  void ApplyAdam(bool decoupled);
  void ApplyRmsProp();

  const v1::Optimizer settings_;
  const double gradient_clip_;
  double learning_rate_ = 0;
  at::Tensor parameters_;
  at::Tensor gradients_;
  std::vector<at::Tensor> state_;
  int64_t steps_ = 0;
  // Of the step that Advance began: minus the learning rate, with Adam's first correction; what
  // decoupled weight decay leaves of a parameter; the root of Adam's second correction.
  StepNumber descent_;
  StepNumber kept_;
  StepNumber correction_;
};

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_OPTIMIZER_H_
