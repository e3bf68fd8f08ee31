// Scores of weights and their gradients: snip, plain, grad_norm, l2_norm, grasp, zico.

#include <ATen/ATen.h>

#include <cmath>

#include "common/status_macros.h"
#include "worker/torch/scores/loss_gradient.h"
#include "worker/torch/scores/score_functions.h"

namespace nascent::worker {
namespace {

double Value(const at::Tensor& x) { return x.item<double>(); }

// Sum over layers of `term` of weight and gradient.
template <typename Term>
absl::StatusOr<double> SumOverLayers(ScoredNetwork& network, const Batch& batch, Term term) {
  NASCENT_ASSIGN_OR_RETURN(const std::vector<at::Tensor> gradient, LossGradient(network, batch));
  const std::vector<at::Tensor> weights = network.weights();
  double sum = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    sum += Value(term(weights[i].detach(), gradient[i]));
  }
  return sum;
}

}  // namespace

absl::StatusOr<double> Snip(ScoredNetwork& network, const ScoreInput& input) {
  return SumOverLayers(network, input.first, [](const at::Tensor& w, const at::Tensor& g) {
    return (w * g).abs().sum(at::kDouble);
  });
}

absl::StatusOr<double> Plain(ScoredNetwork& network, const ScoreInput& input) {
  return SumOverLayers(network, input.first, [](const at::Tensor& w, const at::Tensor& g) {
    return (w * g).sum(at::kDouble);
  });
}

absl::StatusOr<double> GradNorm(ScoredNetwork& network, const ScoreInput& input) {
  return SumOverLayers(network, input.first,
                       [](const at::Tensor&, const at::Tensor& g) { return g.norm(); });
}

absl::StatusOr<double> L2Norm(ScoredNetwork& network, const ScoreInput&) {
  NASCENT_RETURN_IF_ERROR(NeedLayers(network));
  double sum = 0;
  for (const at::Tensor& weight : network.weights()) sum += Value(weight.detach().norm());
  return sum;
}

absl::StatusOr<double> Grasp(ScoredNetwork& network, const ScoreInput& input) {
  NASCENT_ASSIGN_OR_RETURN(const std::vector<at::Tensor> gradient,
                           LossGradient(network, input.first, /*differentiable=*/true));
  at::Tensor square = at::zeros({}, network.options());
  for (const at::Tensor& g : gradient) square = square + (g.detach() * g).sum();
  const std::vector<at::Tensor> weights = network.weights();
  const std::vector<at::Tensor> product = Gradient(square, weights);
  double sum = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    sum -= Value((weights[i].detach() * product[i]).sum());
  }
  return sum;
}

absl::StatusOr<double> Zico(ScoredNetwork& network, const ScoreInput& input) {
  NASCENT_ASSIGN_OR_RETURN(const std::vector<at::Tensor> first, LossGradient(network, input.first));
  NASCENT_ASSIGN_OR_RETURN(const std::vector<at::Tensor> second,
                           LossGradient(network, input.second));
  double sum = 0;
  for (size_t i = 0; i < first.size(); ++i) {
    // Of two values.
    const at::Tensor deviation = (first[i] - second[i]).abs() / 2;
    const at::Tensor size = (first[i].abs() + second[i].abs()) / 2;
    const at::Tensor differs = deviation.gt(0);
    const double layer =
        Value((size.masked_select(differs) / deviation.masked_select(differs)).sum());
    if (layer > 0) sum += std::log(layer);
  }
  return sum;
}

}  // namespace nascent::worker
