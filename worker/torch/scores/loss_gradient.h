// The gradient of the loss by the weights that scores look at.

#ifndef NASCENT_WORKER_TORCH_SCORES_LOSS_GRADIENT_H_
#define NASCENT_WORKER_TORCH_SCORES_LOSS_GRADIENT_H_

#include <ATen/core/Tensor.h>

#include <vector>

#include "absl/status/statusor.h"
#include "worker/torch/resident_data.h"
#include "worker/torch/scores/scored_network.h"

namespace nascent::worker {

// Returns the mean cross-entropy of the batch. INVALID_ARGUMENT: the output is no choice of a class
// per label.
absl::StatusOr<at::Tensor> MeanLoss(ScoredNetwork& network, const Batch& batch,
                                    const ScoringPass& pass = {});

// Returns `of` by each of `by`; zeros where it does not depend on one. `differentiable`: can be
// derived once more.
std::vector<at::Tensor> Gradient(const at::Tensor& of, const std::vector<at::Tensor>& by,
                                 bool differentiable = false);

// Returns the weights' gradient, one tensor per layer. INVALID_ARGUMENT: as MeanLoss, or there is
// no layer with weights.
absl::StatusOr<std::vector<at::Tensor>> LossGradient(ScoredNetwork& network, const Batch& batch,
                                                     bool differentiable = false);

// INVALID_ARGUMENT where there is no layer with weights.
absl::Status NeedLayers(const ScoredNetwork& network);

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_SCORES_LOSS_GRADIENT_H_
