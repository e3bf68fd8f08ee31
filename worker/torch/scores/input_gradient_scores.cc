// Scores of the outputs' gradient by the images: jacov, epe_nas.

#include <ATen/ATen.h>

#include <cmath>
#include <limits>
#include <map>

#include "common/status_macros.h"
#include "worker/torch/scores/loss_gradient.h"
#include "worker/torch/scores/score_functions.h"

namespace nascent::worker {
namespace {

constexpr double kOffset = 1e-5;
// Above it, classes are compared with each other.
constexpr int64_t kManyClasses = 100;

// [N, values of an image], float64, on the host.
absl::StatusOr<at::Tensor> InputGradient(ScoredNetwork& network, const Batch& batch) {
  if (!batch.images.defined() || batch.images.size(0) < 2) {
    return absl::InvalidArgumentError("needs at least two examples of the data");
  }
  at::Tensor images = batch.images.to(network.options(), /*non_blocking=*/false, /*copy=*/true);
  images.set_requires_grad(true);
  const at::Tensor sum = network.Forward(images).sum();
  return Gradient(sum, {images})[0].flatten(1).to(at::kCPU, at::kDouble);
}

// [rows, rows]; of a row that is constant NaN.
at::Tensor Correlation(const at::Tensor& rows) {
  if (rows.size(0) == 1) return at::ones({1, 1}, rows.options());
  return at::corrcoef(rows);
}

}  // namespace

absl::StatusOr<double> Jacov(ScoredNetwork& network, const ScoreInput& input) {
  NASCENT_ASSIGN_OR_RETURN(const at::Tensor gradient, InputGradient(network, input.first));
  const at::Tensor correlation = Correlation(gradient);
  if (!at::isfinite(correlation).all().item<bool>()) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const at::Tensor values = at::linalg_eigvalsh(correlation, "L").clamp_min(0) + kOffset;
  return -(values.log() + values.reciprocal()).sum().item<double>();
}

absl::StatusOr<double> EpeNas(ScoredNetwork& network, const ScoreInput& input) {
  if (!input.first.labels.defined() || input.first.labels.dim() != 1) {
    return absl::InvalidArgumentError("needs one label per example");
  }
  NASCENT_ASSIGN_OR_RETURN(const at::Tensor gradient, InputGradient(network, input.first));
  const int64_t classes = network.network().nodes[network.network().outputs.front().node].shape[0];
  const at::Tensor labels = input.first.labels.to(at::kCPU);
  std::map<int64_t, std::vector<int64_t>> examples;
  for (int64_t i = 0; i < labels.size(0); ++i) examples[labels[i].item<int64_t>()].push_back(i);
  std::vector<double> sums;
  for (const auto& [label, members] : examples) {
    const at::Tensor of_class = gradient.index_select(0, at::tensor(members, at::kLong));
    double sum = (Correlation(of_class).abs() + kOffset).log().sum().item<double>();
    if (classes > kManyClasses) sum /= static_cast<double>(members.size());
    sums.push_back(sum);
  }
  double score = 0;
  for (double a : sums) {
    if (classes <= kManyClasses) {
      score += std::abs(a);
      continue;
    }
    for (double b : sums) score += std::abs(a - b) / static_cast<double>(sums.size());
  }
  return score;
}

}  // namespace nascent::worker
