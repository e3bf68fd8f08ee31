#include "worker/torch/network_module.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/network/operations.h"

namespace nascent::worker {
namespace {

std::vector<network::Shape> InputShapes(const network::Network& network,
                                        const network::Node& node) {
  std::vector<network::Shape> shapes;
  for (int input : node.inputs) shapes.push_back(network.nodes[input].shape);
  return shapes;
}

std::vector<network::Parameter> ParametersOf(const network::Network& network,
                                             const network::Node& node) {
  const network::Operation* operation = network::FindOperation(node.operation);
  if (operation->parameters == nullptr) return {};
  return operation->parameters(node.attributes, InputShapes(network, node), node.shape);
}

// How often each node is read, outputs of the network included.
std::vector<int> Readers(const network::Network& network) {
  std::vector<int> readers(network.nodes.size());
  for (const network::Node& node : network.nodes) {
    for (int input : node.inputs) ++readers[input];
  }
  for (const network::Output& output : network.outputs) ++readers[output.node];
  return readers;
}

// Whether it adds images of one shape, each once.
bool IsPlainSumOfImages(const network::Network& network, const network::Node& node) {
  if (node.operation != "add" || node.shape.size() != 3) return false;
  const auto& times = network::IntegersOf(node.attributes, "multiplicity");
  return std::all_of(times.begin(), times.end(), [](int64_t n) { return n == 1; }) &&
         std::all_of(node.inputs.begin(), node.inputs.end(),
                     [&](int input) { return network.nodes[input].shape == node.shape; });
}

}  // namespace

absl::StatusOr<std::unique_ptr<NetworkModule>> NetworkModule::Create(
    const network::Network& network, uint64_t seed, at::Device device) {
  network::Network complete = network;
  std::vector<ParameterSpec> specs;
  int inputs = 0;
  for (network::Node& node : complete.nodes) {
    const network::Operation* operation = network::FindOperation(node.operation);
    if (operation == nullptr ||
        (node.operation != "input" && FindForward(node.operation) == nullptr)) {
      return absl::InvalidArgumentError(
          absl::StrCat("node ", node.path, ": no module for operation \"", node.operation, "\""));
    }
    inputs += node.operation == "input" ? 1 : 0;
    absl::StatusOr<network::Attributes> attributes = network::Complete(*operation, node.attributes);
    if (!attributes.ok()) return attributes.status();
    node.attributes = *std::move(attributes);
    const std::vector<network::Shape> shapes = InputShapes(complete, node);
    for (const network::Parameter& parameter : ParametersOf(complete, node)) {
      ParameterSpec spec;
      spec.name = absl::StrCat(node.path, ".", parameter.name);
      spec.shape.assign(parameter.shape.begin(), parameter.shape.end());
      spec.bound = InitialBound(node, shapes, parameter.name, spec.value);
      specs.push_back(std::move(spec));
    }
  }
  if (inputs != 1 || complete.outputs.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a network needs one input and an output, found ", inputs, " inputs and ",
                     complete.outputs.size(), " outputs"));
  }
  return std::unique_ptr<NetworkModule>(
      new NetworkModule(std::move(complete), Parameters(specs, seed, device)));
}

NetworkModule::NetworkModule(network::Network network, Parameters parameters)
    : network_(std::move(network)), parameters_(std::move(parameters)) {
  const at::TensorOptions options = parameters_.flat().options();
  size_t next = 0;
  for (size_t i = 0; i < network_.nodes.size(); ++i) {
    const network::Node& node = network_.nodes[i];
    Module module;
    module.node = node;
    module.input_shapes = InputShapes(network_, node);
    for (const network::Parameter& parameter : ParametersOf(network_, node)) {
      const at::Tensor& tensor = parameters_.named()[next++].tensor;
      (parameter.name == "weight" ? module.weight : module.bias) = tensor;
    }
    if (node.operation == "batch_norm") {
      module.running_mean = at::zeros({node.shape[0]}, options);
      module.running_variance = at::ones({node.shape[0]}, options);
      buffers_.push_back({absl::StrCat(node.path, ".running_mean"), module.running_mean});
      buffers_.push_back({absl::StrCat(node.path, ".running_var"), module.running_variance});
    }
    if (node.operation == "input") input_ = static_cast<int>(i);
    modules_.push_back(std::move(module));
  }
  FindFusions();
  training_plan_ = Plan(/*training=*/true);
  evaluation_plan_ = Plan(/*training=*/false);
}

void NetworkModule::FindFusions() {
  const std::vector<int> readers = Readers(network_);
  for (size_t i = 0; i < network_.nodes.size(); ++i) {
    const network::Node& node = network_.nodes[i];
    if (node.inputs.size() != 1 || readers[node.inputs[0]] != 1) continue;
    const std::string& before = network_.nodes[node.inputs[0]].operation;
    if (node.operation == "batch_norm" && before == "conv2d") {
      foldable_.push_back(static_cast<int>(i));
    }
    if (node.operation == "relu" && before == "batch_norm") {
      modules_[i].with_relu = true;
      modules_[node.inputs[0]].with_relu = true;
    }
  }
  FindSums(readers);
}

void NetworkModule::FindSums(const std::vector<int>& readers) {
  relu_of_.assign(network_.nodes.size(), -1);
  for (size_t i = 0; i < network_.nodes.size(); ++i) {
    const network::Node& node = network_.nodes[i];
    if (node.operation == "relu" && network_.nodes[node.inputs[0]].operation == "add") {
      relu_of_[node.inputs[0]] = static_cast<int>(i);
    }
  }
  for (size_t i = 0; i < network_.nodes.size(); ++i) {
    const network::Node& node = network_.nodes[i];
    if (!IsPlainSumOfImages(network_, node)) {
      relu_of_[i] = -1;
      continue;
    }
    const auto is_own_norm = [&](int input) {
      return network_.nodes[input].operation == "batch_norm" && readers[input] == 1;
    };
    if (relu_of_[i] < 0 && std::none_of(node.inputs.begin(), node.inputs.end(), is_own_norm)) {
      continue;
    }
    for (int input : node.inputs) {
      modules_[input].in_sum = is_own_norm(input);
      modules_[i].norms.push_back(is_own_norm(input) ? &modules_[input] : nullptr);
    }
  }
}

std::vector<NetworkModule::Step> NetworkModule::Plan(bool training) const {
  std::vector<bool> needed(network_.nodes.size());
  for (const network::Output& output : network_.outputs) {
    if (training || !output.training_only) needed[output.node] = true;
  }
  for (size_t i = network_.nodes.size(); i-- > 0;) {
    if (!needed[i]) continue;
    for (int input : network_.nodes[i].inputs) needed[input] = true;
  }
  std::vector<bool> read_later(network_.nodes.size());
  for (const network::Output& output : network_.outputs) read_later[output.node] = true;
  std::vector<Step> plan;
  for (size_t i = network_.nodes.size(); i-- > 0;) {
    const network::Node& node = network_.nodes[i];
    if (!needed[i] || node.operation == "input") continue;
    // Its sum does it.
    if (training && node.operation == "relu" && relu_of_[node.inputs[0]] == static_cast<int>(i)) {
      continue;
    }
    Step step{static_cast<int>(i), FindForward(node.operation), {}};
    if (training && relu_of_[i] >= 0 && needed[relu_of_[i]]) step.relu = relu_of_[i];
    // The last of equal inputs may take the value with it.
    step.last_use.resize(node.inputs.size());
    for (size_t k = node.inputs.size(); k-- > 0;) {
      step.last_use[k] = !read_later[node.inputs[k]];
      read_later[node.inputs[k]] = true;
    }
    plan.push_back(std::move(step));
  }
  return {plan.rbegin(), plan.rend()};
}

std::vector<at::Tensor> NetworkModule::Forward(const at::Tensor& x, const Pass& pass,
                                               const Observer& observer) {
  if (pass.training) Unfold();
  std::vector<at::Tensor> values(network_.nodes.size());
  values[input_] = x.dim() == 4 ? x.contiguous(at::MemoryFormat::ChannelsLast) : x;
  if (observer) observer(input_, values[input_]);
  std::vector<at::Tensor> inputs;
  for (const Step& step : pass.training ? training_plan_ : evaluation_plan_) {
    const network::Node& node = network_.nodes[step.node];
    inputs.clear();
    for (size_t k = 0; k < node.inputs.size(); ++k) {
      at::Tensor& value = values[node.inputs[k]];
      inputs.push_back(step.last_use[k] ? std::move(value) : value);
    }
    const Module& module = modules_[step.node];
    if (pass.training && !module.norms.empty()) {
      SumAndRelu result = AddWithNorms(module, std::span(inputs), step.relu >= 0);
      values[step.node] = std::move(result.sum);
      if (step.relu >= 0) values[step.relu] = std::move(result.relu);
    } else {
      values[step.node] = step.forward(module, std::span(inputs), pass);
    }
    if (observer) observer(step.node, values[step.node]);
    if (observer && step.relu >= 0) observer(step.relu, values[step.relu]);
  }
  std::vector<at::Tensor> outputs;
  for (const network::Output& output : network_.outputs) {
    const bool absent = output.training_only && !pass.training;
    outputs.push_back(absent ? at::Tensor() : values[output.node]);
  }
  return outputs;
}

void NetworkModule::Fold() {
  const at::NoGradGuard no_grad;
  for (int index : foldable_) {
    Module& norm = modules_[index];
    Module& convolution = modules_[network_.nodes[index].inputs[0]];
    const double epsilon = network::RealOf(norm.node.attributes, "eps");
    at::Tensor scale = (norm.running_variance + epsilon).rsqrt();
    if (norm.weight.defined()) scale = scale * norm.weight;
    at::Tensor shift = -norm.running_mean * scale;
    if (norm.bias.defined()) shift = shift + norm.bias;
    if (convolution.bias.defined()) shift = shift + convolution.bias * scale;
    convolution.folded_weight = convolution.weight * scale.view({-1, 1, 1, 1});
    convolution.folded_bias = shift;
    convolution.folded = norm.folded = true;
  }
  // A relu whose norm is gone works by itself.
  for (size_t i = 0; i < modules_.size(); ++i) {
    if (modules_[i].with_relu && network_.nodes[i].operation == "relu") {
      modules_[i].folded = modules_[network_.nodes[i].inputs[0]].folded;
    }
  }
  folded_ = true;
}

void NetworkModule::Unfold() {
  if (!folded_) return;
  for (Module& module : modules_) {
    module.folded = false;
    module.folded_weight.reset();
    module.folded_bias.reset();
  }
  folded_ = false;
}

}  // namespace nascent::worker
