#include "worker/torch/scores/scored_network.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace nascent::worker {
namespace {

bool IsLayer(std::string_view operation) {
  return operation == "conv2d" || operation == "conv_transpose2d" || operation == "linear";
}

bool IsNorm(std::string_view operation) {
  return operation == "batch_norm" || operation == "layer_norm" || operation == "group_norm" ||
         operation == "instance_norm";
}

bool Drops(std::string_view operation) {
  return operation == "dropout" || operation == "drop_path";
}

}  // namespace

ScoredNetwork::ScoredNetwork(const NetworkModule& source, at::ScalarType type)
    : network_(source.network()), options_(source.parameters().flat().options().dtype(type)) {
  const int count = static_cast<int>(network_.nodes.size());
  last_reader_.assign(network_.nodes.size(), -1);
  last_reader_[network_.outputs.front().node] = count;
  for (int i = count; i-- > 0;) {
    if (!runs(i)) continue;
    for (int input : network_.nodes[i].inputs) {
      last_reader_[input] = std::max(last_reader_[input], i);
    }
  }
  const auto copy = [&](const network::Node& node, const char* name) {
    const at::Tensor from = source.parameters().Find(absl::StrCat(node.path, ".", name));
    if (!from.defined()) return at::Tensor();
    at::Tensor to = from.detach().to(type, /*non_blocking=*/false, /*copy=*/true);
    return to.set_requires_grad(true);
  };
  for (int i = 0; i < count; ++i) {
    const network::Node& node = network_.nodes[i];
    Module& module = modules_.emplace_back();
    module.node = node;
    for (int input : node.inputs) module.input_shapes.push_back(network_.nodes[input].shape);
    module.weight = copy(node, "weight");
    module.bias = copy(node, "bias");
    if (node.operation == "batch_norm") {
      module.running_mean = at::zeros({node.shape[0]}, options_);
      module.running_variance = at::ones({node.shape[0]}, options_);
    }
    if (node.operation == "input") input_ = i;
    if (runs(i) && IsLayer(node.operation)) layers_.push_back(i);
  }
}

std::vector<at::Tensor> ScoredNetwork::weights() const {
  std::vector<at::Tensor> weights;
  for (int layer : layers_) weights.push_back(modules_[layer].weight);
  return weights;
}

at::Tensor ScoredNetwork::Forward(const at::Tensor& x, const ScoringPass& pass) {
  const int count = static_cast<int>(network_.nodes.size());
  const Pass training{.training = true};
  std::vector<at::Tensor> values(network_.nodes.size());
  values[input_] = x;
  for (int i = 0; i < count; ++i) {
    const network::Node& node = network_.nodes[i];
    if (!runs(i) || i == input_) continue;
    std::vector<at::Tensor> inputs;
    for (int input : node.inputs) inputs.push_back(values[input]);
    if (Drops(node.operation) || (!pass.norms && IsNorm(node.operation))) {
      values[i] = inputs[0];
    } else {
      // An operation may change the list.
      std::vector<at::Tensor> given = inputs;
      values[i] = FindForward(node.operation)(modules_[i], std::span(given), training);
    }
    if (pass.observe) pass.observe(i, inputs, values[i]);
    for (int input : node.inputs) {
      if (last_reader_[input] == i) values[input].reset();
    }
  }
  return values[network_.outputs.front().node];
}

}  // namespace nascent::worker
