// Training steps of one shape, recorded once and then launched as a whole.

#ifndef NASCENT_WORKER_TORCH_RECORDED_STEP_H_
#define NASCENT_WORKER_TORCH_RECORDED_STEP_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <span>

#include "nascent/v1/recipe.pb.h"
#include "worker/torch/augmentation.h"
#include "worker/torch/resident_data.h"
#include "worker/torch/step_graph.h"
#include "worker/torch/training_step.h"

namespace nascent::worker {

// Each Run is a whole step: examples chosen and changed on the device, forward, backward, update.
//
//   a few steps one launch at a time ─► recorded, launched as a whole ─► launched as a whole ─► …
//                                        │ cannot be recorded
//                                        └─► one launch at a time, to the end
//
// From step to step the host writes only the choice of examples and the optimizer's numbers, and
// sets the device's generator, from which dropout draws. Used by one thread.
class RecordedStep {
 public:
  // `batch`: examples of a step. All must live longer; the tensors of `totals` must stay the same.
  RecordedStep(TrainingStep& step, const ResidentData& data, const v1::Augmentation& augmentation,
               int64_t batch, Totals& totals, std::unique_ptr<StepGraph> graph);

  // Whether steps of this training are always the same but for what is named above: examples with
  // one label each, and no path dropped (the host draws which).
  static bool Possible(const v1::Recipe& recipe, const ResidentData& data);

  // One step on `changes`, as many as `batch`, with `factor` times the learning rate.
  void Run(std::span<const ImageChange> changes, double factor);

  // Steps that were launched as a whole, by all trainings of this process.
  static int64_t launched();

 private:
  void Work();
  // False: it cannot be recorded, said on standard error.
  bool Record();

  TrainingStep& step_;
  const ResidentData& data_;
  const int32_t cutout_;
  const int64_t batch_;
  Totals& totals_;
  std::unique_ptr<StepGraph> graph_;  // null: not to be recorded
  at::Tensor changes_;                // see ResidentData::ToTensor; on the device, always this one
  int runs_ = 0;                      // until it is recorded
  bool recorded_ = false;
};

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_RECORDED_STEP_H_
