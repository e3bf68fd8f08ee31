#include "common/network/live.h"

#include <span>
#include <utility>
#include <vector>

#include "common/network/live_rules.h"

namespace nascent::network {
namespace {

// A network as LiveRules want it.
class NamedGraph {
 public:
  explicit NamedGraph(const Network& network) : network_(network) {
    operations_.reserve(network.nodes.size());
    for (const Node& node : network.nodes) operations_.push_back(FindOperation(node.operation));
    for (const Output& output : network.outputs) {
      outputs_.emplace_back(output.node, output.training_only);
    }
  }

  int size() const { return static_cast<int>(network_.nodes.size()); }
  const Operation* operation(int i) const { return operations_[i]; }
  std::span<const int> inputs(int i) const { return node(i).inputs; }
  const Shape& shape(int i) const { return node(i).shape; }
  uint64_t hash(int i) const {
    return Mix(HashText(operations_[i]->name), node(i).attributes.Hash());
  }
  bool same(int i, int j) const {
    return operations_[i] == operations_[j] && node(i).attributes == node(j).attributes;
  }
  OnZero on_zero(int i) const {
    return operations_[i]->on_zero == nullptr ? OnZero::kOther
                                              : operations_[i]->on_zero(node(i).attributes);
  }
  bool is_identity(int i) const {
    return operations_[i]->is_identity != nullptr &&
           operations_[i]->is_identity(node(i).attributes, node(i).shape);
  }
  bool is_separate(int i) const {
    if (operations_[i]->random) return true;
    if (operations_[i]->parameters == nullptr) return false;
    shapes_.clear();
    for (int input : node(i).inputs) shapes_.push_back(node(input).shape);
    return !operations_[i]->parameters(node(i).attributes, shapes_, node(i).shape).empty();
  }
  Terms terms(int i) const { return TermsOf(inputs(i), node(i).attributes); }
  const std::vector<std::pair<int, bool>>& outputs() const { return outputs_; }

 private:
  const Node& node(int i) const { return network_.nodes[i]; }

  const Network& network_;
  std::vector<const Operation*> operations_;
  std::vector<std::pair<int, bool>> outputs_;
  mutable std::vector<Shape> shapes_;  // scratch
};

Attributes Multiplicity(std::vector<int64_t> multiplicity) {
  static const auto* const kOnce = new Attributes{{"multiplicity", std::vector<int64_t>()}};
  if (std::ranges::all_of(multiplicity, [](int64_t times) { return times == 1; })) return *kOnce;
  return {{"multiplicity", std::move(multiplicity)}};
}

std::vector<int64_t> ShapeList(const Shape& shape) {
  return std::vector<int64_t>(shape.begin(), shape.end());
}

}  // namespace

Network Live(const Network& network) {
  const NamedGraph graph(network);
  const LiveRules<NamedGraph> rules(graph);
  Network live;
  std::vector<int> place(rules.values().size(), -1);
  live.nodes.reserve(rules.values().size());
  for (int v = 0; v < static_cast<int>(rules.values().size()); ++v) {
    if (!rules.IsLive(v)) continue;
    const LiveValue& value = rules.values()[v];
    const Node& from = network.nodes[value.node];
    place[v] = static_cast<int>(live.nodes.size());
    Node& to = live.nodes.emplace_back();
    to.path = from.path;
    to.shape = from.shape;
    for (int input : value.inputs) to.inputs.push_back(place[input]);
    switch (value.kind) {
      case LiveValue::Kind::kNode:
        to.operation = from.operation;
        to.attributes = from.attributes;
        break;
      case LiveValue::Kind::kZero:
        to.operation = "zero";
        to.attributes = {{"shape", ShapeList(from.shape)}, {"stride", std::vector<int64_t>{1, 1}}};
        break;
      case LiveValue::Kind::kConstant:
        to.operation = "constant";
        to.attributes = {{"shape", ShapeList(from.shape)},
                         {"dim", ConstantDimension(*graph.operation(value.node), from.shape)}};
        break;
      case LiveValue::Kind::kSum: {
        to.operation = "add";
        std::vector<int64_t> multiplicity;
        for (const auto& [term, times] : rules.TermsOfSum(value)) {
          to.inputs.push_back(place[term]);
          multiplicity.push_back(times);
        }
        to.attributes = Multiplicity(std::move(multiplicity));
        break;
      }
    }
  }
  for (const Output& output : network.outputs) {
    live.outputs.push_back({output.name, place[rules.ValueOf(output.node)], output.training_only});
  }
  return live;
}

}  // namespace nascent::network
