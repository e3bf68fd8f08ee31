#include "common/network/costs.h"

#include <algorithm>

#include "common/network/operations.h"
#include "common/network/saturating.h"

namespace nascent::network {
namespace {

constexpr int64_t kBytesPerElement = 4;

// All nodes but those that only a training output needs.
std::vector<bool> Counted(const Network& network) {
  std::vector<bool> inference(network.nodes.size(), false);
  std::vector<bool> training(network.nodes.size(), false);
  for (const Output& output : network.outputs) {
    (output.training_only ? training : inference)[output.node] = true;
  }
  for (int i = static_cast<int>(network.nodes.size()) - 1; i >= 0; --i) {
    for (int input : network.nodes[i].inputs) {
      if (inference[i]) inference[input] = true;
      if (training[i]) training[input] = true;
    }
  }
  for (size_t i = 0; i < inference.size(); ++i) inference[i] = inference[i] || !training[i];
  return inference;
}

// Peak bytes of outputs alive: one lives from its node until its last reader has run; those of
// outputs to the end.
int64_t PeakBytes(const Network& network, const std::vector<bool>& counted) {
  const int count = static_cast<int>(network.nodes.size());
  std::vector<int> last_reader(count);
  for (int i = 0; i < count; ++i) {
    last_reader[i] = i;
    if (!counted[i]) continue;
    for (int input : network.nodes[i].inputs) last_reader[input] = i;
  }
  for (const Output& output : network.outputs) {
    if (!output.training_only) last_reader[output.node] = count;
  }
  int64_t alive = 0;
  int64_t peak = 0;
  for (int i = 0; i < count; ++i) {
    if (!counted[i]) continue;
    const Node& node = network.nodes[i];
    alive = SaturatingSum(alive, SaturatingProduct(ElementCount(node.shape), kBytesPerElement));
    peak = std::max(peak, alive);
    if (last_reader[i] == i) {
      alive -= SaturatingProduct(ElementCount(node.shape), kBytesPerElement);
    }
    for (size_t k = 0; k < node.inputs.size(); ++k) {
      const int input = node.inputs[k];
      const bool again =
          std::find(node.inputs.begin(), node.inputs.begin() + k, input) != node.inputs.begin() + k;
      if (!again && last_reader[input] == i) {
        alive -= SaturatingProduct(ElementCount(network.nodes[input].shape), kBytesPerElement);
      }
    }
  }
  return peak;
}

}  // namespace

Costs ComputeCosts(const Network& network) {
  const std::vector<bool> counted = Counted(network);
  Costs costs;
  std::vector<int64_t> depth(network.nodes.size(), 0);
  std::vector<Shape> inputs;
  for (size_t i = 0; i < network.nodes.size(); ++i) {
    if (!counted[i]) continue;
    const Node& node = network.nodes[i];
    for (int input : node.inputs) depth[i] = std::max(depth[i], depth[input]);
    const Operation& operation = *FindOperation(node.operation);
    if (operation.parameters == nullptr && operation.multiply_accumulates == nullptr) continue;
    inputs.clear();
    for (int input : node.inputs) inputs.push_back(network.nodes[input].shape);
    if (operation.parameters != nullptr) {
      const std::vector<Parameter> parameters =
          operation.parameters(node.attributes, inputs, node.shape);
      for (const Parameter& parameter : parameters) {
        costs.parameters = SaturatingSum(costs.parameters, ElementCount(parameter.shape));
      }
      if (!parameters.empty()) ++depth[i];
    }
    if (operation.multiply_accumulates != nullptr) {
      costs.multiply_accumulates =
          SaturatingSum(costs.multiply_accumulates,
                        operation.multiply_accumulates(node.attributes, inputs, node.shape));
    }
  }
  // ResolvedGraph counts the same without making a network (resolved.cc);
  // common/space/costs_test.cc compares the two.
  if (!network.outputs.empty()) costs.depth = depth[network.outputs[0].node];
  costs.activation_bytes = PeakBytes(network, counted);
  return costs;
}

}  // namespace nascent::network
