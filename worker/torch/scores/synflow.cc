#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

#include "common/status_macros.h"
#include "worker/torch/scores/loss_gradient.h"
#include "worker/torch/scores/score_functions.h"

namespace nascent::worker {

absl::StatusOr<double> Synflow(ScoredNetwork& network, const ScoreInput&) {
  NASCENT_RETURN_IF_ERROR(NeedLayers(network));
  {
    const at::NoGradGuard no_grad;
    for (Module& module : network.modules()) {
      if (module.weight.defined()) module.weight.abs_();
      if (module.bias.defined()) module.bias.abs_();
    }
  }
  std::vector<int64_t> shape = {1};
  shape.insert(shape.end(), network.input_shape().begin(), network.input_shape().end());
  const at::Tensor flow =
      network.Forward(at::ones(shape, network.options()), ScoringPass{.norms = false}).sum();
  const std::vector<at::Tensor> weights = network.weights();
  const std::vector<at::Tensor> gradient = Gradient(flow, weights);
  double sum = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    sum += (weights[i].detach() * gradient[i]).abs().sum().item<double>();
  }
  return std::log(sum);
}

}  // namespace nascent::worker
