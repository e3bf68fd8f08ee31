#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <limits>
#include <string>
#include <tuple>

#include "worker/torch/scores/score_functions.h"

namespace nascent::worker {

absl::StatusOr<double> Nwot(ScoredNetwork& network, const ScoreInput& input) {
  if (!input.first.images.defined()) {
    return absl::InvalidArgumentError("needs examples of the data");
  }
  const at::NoGradGuard no_grad;
  const int64_t examples = input.first.images.size(0);
  at::Tensor agreement = at::zeros({examples, examples}, network.options().dtype(at::kDouble));
  bool found = false;
  ScoringPass pass;
  pass.observe = [&](int node, std::span<const at::Tensor> inputs, const at::Tensor&) {
    const std::string& operation = network.network().nodes[node].operation;
    if (operation != "relu" && operation != "relu6" && operation != "leaky_relu") return;
    found = true;
    // Counts below 2^24 are exact in float32.
    const at::Tensor on = inputs[0].gt(0).flatten(1).to(at::kFloat);
    const at::Tensor count = on.sum(1);
    agreement += at::matmul(on, on.t()) * 2 - count.unsqueeze(0) - count.unsqueeze(1) + on.size(1);
  };
  network.Forward(input.first.images.to(network.options()), pass);
  if (!found) return absl::InvalidArgumentError("the network has no ReLU");
  return std::get<1>(at::linalg_slogdet(agreement.cpu())).item<double>();
}

}  // namespace nascent::worker
