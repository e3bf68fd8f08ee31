// One optimizer step of a network, and its measurement on a part of the data.

#ifndef NASCENT_WORKER_TORCH_TRAINING_STEP_H_
#define NASCENT_WORKER_TORCH_TRAINING_STEP_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

#include "nascent/v1/recipe.pb.h"
#include "worker/torch/network_module.h"
#include "worker/torch/optimizer.h"
#include "worker/torch/phase_times.h"
#include "worker/torch/resident_data.h"

namespace nascent::worker {

// Sums over examples, kept on the device so that no step waits for it.
struct Totals {
  at::Tensor loss;     // [], float64: sum over examples of the loss
  at::Tensor correct;  // [], int64: right answers
  int64_t examples = 0;
  int64_t answers = 0;  // one per example, or per known pixel

  explicit Totals(at::Device device);

  // Back to nothing, in the same tensors.
  void Clear();
};

// Whether mixed precision is used: asked for, or AUTO on a GPU.
bool UsesBFloat16(const v1::Recipe& recipe, at::Device device);

class TrainingStep {
 public:
  TrainingStep(NetworkModule& network, const v1::Recipe& recipe, at::Device device);

  // Forward, backward and update on one batch, with `factor` times the learning rate. Adds the main
  // output's loss and right answers to `totals`.
  void Run(const Batch& batch, const Pass& pass, double factor, Totals& totals);

  // Run without its first part, optimizer().Advance(): what the device does, and nothing else that
  // differs from step to step unless `pass` does.
  void Work(const Batch& batch, const Pass& pass, Totals& totals);

  FlatOptimizer& optimizer() { return optimizer_; }
  // What all steps took: forward, backward and optimizer.
  const PhaseTimes& times() const { return times_; }

 private:
  NetworkModule& network_;
  const v1::Recipe recipe_;
  const at::Device device_;
  FlatOptimizer optimizer_;
  PhaseTimes times_;
};

// What Evaluate finds. mean_iou: mean over the classes that occur of intersection over union; only
// of segmentations, else -1.
struct Evaluation {
  double loss = 0;
  double accuracy = 0;
  double mean_iou = -1;
};

// Runs the network, as it is, over all examples. `keep_going` is called between batches; false ends
// it early with what was seen.
Evaluation Evaluate(NetworkModule& network, const ResidentData& data, const Examples& examples,
                    const v1::Recipe& recipe, at::Device device,
                    const std::function<bool(int64_t done)>& keep_going);

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_TRAINING_STEP_H_
