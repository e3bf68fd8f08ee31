#include "worker/torch/scores/loss_gradient.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "common/status_macros.h"
#include "worker/torch/augmentation.h"

namespace nascent::worker {

absl::StatusOr<at::Tensor> MeanLoss(ScoredNetwork& network, const Batch& batch,
                                    const ScoringPass& pass) {
  if (!batch.labels.defined() || !batch.images.defined()) {
    return absl::InvalidArgumentError("needs examples of the data");
  }
  const at::Tensor logits = network.Forward(batch.images.to(network.options()), pass);
  if (logits.dim() != batch.labels.dim() + 1) {
    return absl::InvalidArgumentError("the output is not one value per class and label");
  }
  return at::cross_entropy_loss(logits, batch.labels, {}, at::Reduction::Mean, kIgnored);
}

std::vector<at::Tensor> Gradient(const at::Tensor& of, const std::vector<at::Tensor>& by,
                                 bool differentiable) {
  std::vector<at::Tensor> gradient;
  if (of.requires_grad()) {
    gradient = torch::autograd::grad({of}, by, {}, differentiable, differentiable,
                                     /*allow_unused=*/true);
  } else {
    gradient.resize(by.size());
  }
  for (size_t i = 0; i < by.size(); ++i) {
    if (!gradient[i].defined()) gradient[i] = at::zeros_like(by[i]);
  }
  return gradient;
}

absl::StatusOr<std::vector<at::Tensor>> LossGradient(ScoredNetwork& network, const Batch& batch,
                                                     bool differentiable) {
  NASCENT_RETURN_IF_ERROR(NeedLayers(network));
  NASCENT_ASSIGN_OR_RETURN(const at::Tensor loss, MeanLoss(network, batch));
  return Gradient(loss, network.weights(), differentiable);
}

absl::Status NeedLayers(const ScoredNetwork& network) {
  if (!network.layers().empty()) return absl::OkStatus();
  return absl::InvalidArgumentError("the network has no convolution and no linear layer");
}

}  // namespace nascent::worker
