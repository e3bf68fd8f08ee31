#include "worker/torch/scores/zen.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

#include "absl/strings/str_cat.h"
#include "common/random.h"
#include "common/status_macros.h"
#include "worker/torch/parameters.h"
#include "worker/torch/scores/loss_gradient.h"
#include "worker/torch/scores/score_functions.h"

namespace nascent::worker {
namespace {

constexpr int64_t kImages = 16;
constexpr double kChange = 0.01;

at::Tensor Normal(at::IntArrayRef shape, uint64_t seed, const std::string& name) {
  at::Tensor values = at::empty(shape, at::kFloat);
  RandomStream random(seed, HashName(absl::StrCat("zen ", name)));
  float* at = values.data_ptr<float>();
  for (int64_t i = 0; i < values.numel(); ++i) at[i] = static_cast<float>(random.Normal());
  return values;
}

bool PoolsToOnePlace(const network::Node& node, const network::Node& input) {
  if (node.operation == "global_avg_pool" || node.operation == "global_max_pool") return true;
  const bool pools = node.operation == "adaptive_avg_pool2d" || node.operation == "avg_pool2d" ||
                     node.operation == "adaptive_max_pool2d" || node.operation == "max_pool2d";
  return pools && input.shape.size() == 3 && input.shape[1] * input.shape[2] > 1 &&
         node.shape[1] * node.shape[2] == 1;
}

// The node whose output counts: what the last pooling before the output reads, with one way from
// there to the output, so that no pooling within a branch is taken for it; else the output itself.
int NodeBeforePooling(const ScoredNetwork& network) {
  int at = network.network().outputs.front().node;
  while (true) {
    const network::Node& node = network.network().nodes[at];
    if (node.inputs.size() != 1) return network.network().outputs.front().node;
    if (PoolsToOnePlace(node, network.network().nodes[node.inputs[0]])) return node.inputs[0];
    at = node.inputs[0];
  }
}

}  // namespace

ZenDraw DrawForZen(const ScoredNetwork& network, uint64_t seed) {
  ZenDraw draw;
  for (int layer : network.layers()) {
    const network::Node& node = network.network().nodes[layer];
    draw.weights.push_back(Normal(network.weight(layer).sizes(), seed, node.path));
  }
  std::vector<int64_t> shape = {kImages};
  shape.insert(shape.end(), network.input_shape().begin(), network.input_shape().end());
  draw.images = Normal(shape, seed, "images");
  draw.changed = draw.images + Normal(shape, seed, "changes") * kChange;
  return draw;
}

absl::StatusOr<double> Zen(ScoredNetwork& network, const ScoreInput& input) {
  NASCENT_RETURN_IF_ERROR(NeedLayers(network));
  const at::NoGradGuard no_grad;
  const ZenDraw draw = DrawForZen(network, input.seed);
  for (size_t i = 0; i < draw.weights.size(); ++i) {
    Module& module = network.modules()[network.layers()[i]];
    module.weight.copy_(draw.weights[i]);
    if (module.bias.defined()) module.bias.zero_();
  }
  const int end = NodeBeforePooling(network);
  at::Tensor value;
  ScoringPass pass;
  pass.observe = [&](int node, std::span<const at::Tensor>, const at::Tensor& output) {
    if (node == end) value = output;
  };
  network.Forward(draw.images.to(network.options()), pass);
  const at::Tensor before = value;
  network.Forward(draw.changed.to(network.options()), pass);
  const at::Tensor change = (before - value).abs().flatten(1).sum(1, false, at::kDouble);
  double score = std::log(change.mean().item<double>());
  for (size_t i = 0; i < network.modules().size(); ++i) {
    const Module& module = network.modules()[i];
    if (!network.runs(static_cast<int>(i)) || module.node.operation != "batch_norm") continue;
    score += std::log(std::sqrt(module.running_variance.mean().item<double>()));
  }
  return score;
}

}  // namespace nascent::worker
