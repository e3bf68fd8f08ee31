#include <ATen/ATen.h>

#include "common/status_macros.h"
#include "worker/torch/scores/loss_gradient.h"
#include "worker/torch/scores/score_functions.h"

namespace nascent::worker {

absl::StatusOr<double> Fisher(ScoredNetwork& network, const ScoreInput& input) {
  NASCENT_RETURN_IF_ERROR(NeedLayers(network));
  std::vector<at::Tensor> outputs(network.network().nodes.size());
  ScoringPass pass;
  pass.observe = [&](int node, std::span<const at::Tensor>, const at::Tensor& output) {
    outputs[static_cast<size_t>(node)] = output;
  };
  NASCENT_ASSIGN_OR_RETURN(const at::Tensor loss, MeanLoss(network, input.first, pass));
  std::vector<at::Tensor> values;
  for (int layer : network.layers()) values.push_back(outputs[static_cast<size_t>(layer)]);
  outputs.clear();
  const std::vector<at::Tensor> gradient = Gradient(loss, values);
  double sum = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const int layer = network.layers()[i];
    const at::Tensor& weight = network.modules()[layer].weight;
    // Channels come first in an image, last in a linear layer's output.
    const bool linear = network.network().nodes[layer].operation == "linear";
    const int64_t channel = linear ? values[i].dim() - 1 : 1;
    const int64_t channels = values[i].size(channel);
    const at::Tensor product = (values[i].detach() * gradient[i]).transpose(1, channel);
    const at::Tensor saliency = product.reshape({product.size(0), channels, -1}).sum(2);
    sum += static_cast<double>(weight.numel() / channels) *
           (saliency.square().mean(0).sum(at::kDouble) / 2).item<double>();
  }
  return sum;
}

}  // namespace nascent::worker
