#include "common/network/resolved.h"

#include "common/network/live_rules.h"
#include "common/network/mix.h"
#include "common/network/saturating.h"
#include "common/status_macros.h"

namespace nascent::network {
namespace {

constexpr size_t kMostEntries = 32768;
constexpr size_t kMostNext = 8;
constexpr int64_t kBytesPerElement = 4;

// What costs need of one node.
struct CostNode {
  int64_t parameters = 0;
  int64_t multiply_accumulates = 0;
  int64_t bytes = 0;
  bool has_parameters = false;
  int first_input = 0;  // into one list of all inputs; ends where the next node's begin
};

// Costs of nodes in topological order: the rules of costs.h.
class CostSheet {
 public:
  void Reserve(size_t nodes) {
    nodes_.reserve(nodes + 1);
    inputs_.reserve(2 * nodes);
  }
  void Add(CostNode node) {
    node.first_input = static_cast<int>(inputs_.size());
    nodes_.push_back(node);
  }
  // Of the node added last.
  void AddInput(int input) { inputs_.push_back(input); }

  Costs Total(std::span<const std::pair<int, bool>> outputs) {
    const int count = static_cast<int>(nodes_.size());
    nodes_.push_back({.first_input = static_cast<int>(inputs_.size())});
    Mark(outputs);
    Costs costs;
    std::vector<int64_t> depth(count, 0);
    for (int i = 0; i < count; ++i) {
      if (counted_[i] == 0) continue;
      for (int input : InputsOf(i)) depth[i] = std::max(depth[i], depth[input]);
      const CostNode& node = nodes_[i];
      costs.parameters = SaturatingSum(costs.parameters, node.parameters);
      costs.multiply_accumulates =
          SaturatingSum(costs.multiply_accumulates, node.multiply_accumulates);
      if (node.has_parameters) ++depth[i];
    }
    if (!outputs.empty()) costs.depth = depth[outputs[0].first];
    costs.activation_bytes = PeakBytes(outputs);
    return costs;
  }

 private:
  std::span<const int> InputsOf(int i) const {
    return std::span<const int>(inputs_.data() + nodes_[i].first_input,
                                nodes_[i + 1].first_input - nodes_[i].first_input);
  }

  // All nodes count but those that only a training output needs.
  void Mark(std::span<const std::pair<int, bool>> outputs) {
    const int count = static_cast<int>(nodes_.size()) - 1;
    counted_.assign(count, 1);
    bool training_parts = false;
    for (const auto& [node, training_only] : outputs) training_parts |= training_only;
    if (!training_parts) return;
    std::vector<char> inference(count, 0), training(count, 0);
    for (const auto& [node, training_only] : outputs)
      (training_only ? training : inference)[node] = 1;
    for (int i = count - 1; i >= 0; --i) {
      for (int input : InputsOf(i)) {
        inference[input] |= inference[i];
        training[input] |= training[i];
      }
    }
    for (int i = 0; i < count; ++i) counted_[i] = inference[i] != 0 || training[i] == 0;
  }

  int64_t PeakBytes(std::span<const std::pair<int, bool>> outputs) const {
    const int count = static_cast<int>(nodes_.size()) - 1;
    std::vector<int> last_reader(count);
    for (int i = 0; i < count; ++i) {
      last_reader[i] = i;
      if (counted_[i] == 0) continue;
      for (int input : InputsOf(i)) last_reader[input] = i;
    }
    for (const auto& [node, training_only] : outputs) {
      if (!training_only) last_reader[node] = count;
    }
    int64_t alive = 0, peak = 0;
    for (int i = 0; i < count; ++i) {
      if (counted_[i] == 0) continue;
      alive = SaturatingSum(alive, nodes_[i].bytes);
      peak = std::max(peak, alive);
      if (last_reader[i] == i) alive -= nodes_[i].bytes;
      for (int input : InputsOf(i)) {
        if (last_reader[input] != i) continue;
        alive -= nodes_[input].bytes;
        last_reader[input] = -1;  // once, also where it is read twice
      }
    }
    return peak;
  }

  std::vector<CostNode> nodes_;
  std::vector<int> inputs_;
  std::vector<char> counted_;
};

class ResolvedGraph {
 public:
  explicit ResolvedGraph(const ResolvedNetwork& network) : network_(network) {}
  int size() const { return static_cast<int>(network_.nodes.size()); }
  const Operation* operation(int i) const { return at(i).operation; }
  std::span<const int> inputs(int i) const { return network_.nodes[i].inputs; }
  const Shape& shape(int i) const { return at(i).shape; }
  uint64_t hash(int i) const { return at(i).hash; }
  bool same(int i, int j) const {
    return at(i).operation == at(j).operation && at(i).attributes == at(j).attributes;
  }
  OnZero on_zero(int i) const { return at(i).on_zero; }
  bool is_identity(int i) const { return at(i).is_identity; }
  bool is_separate(int i) const { return at(i).is_separate; }
  Terms terms(int i) const { return TermsOf(inputs(i), at(i).attributes); }
  const std::vector<std::pair<int, bool>>& outputs() const { return network_.outputs; }

 private:
  const ResolvedOperation& at(int i) const { return *network_.nodes[i].resolved; }
  const ResolvedNetwork& network_;
};

CostNode CostOf(const ResolvedOperation& resolved) {
  return {.parameters = resolved.parameters,
          .multiply_accumulates = resolved.multiply_accumulates,
          .bytes = resolved.bytes,
          .has_parameters = resolved.has_parameters};
}

}  // namespace

absl::StatusOr<const ResolvedOperation*> ResolvedMemo::Resolve(
    const Operation& operation, const Attributes& given,
    std::span<const ResolvedOperation* const> inputs) {
  const ResolvedOperation* known = Find(operation, given.identity(), inputs);
  if (known != nullptr) return known;

  NASCENT_ASSIGN_OR_RETURN(Attributes complete, Complete(operation, given));
  std::vector<Shape> shapes;
  for (const ResolvedOperation* input : inputs) shapes.push_back(input->shape);
  NASCENT_ASSIGN_OR_RETURN(Shape shape, InferShape(operation, complete, shapes));

  auto resolved = std::make_unique<ResolvedOperation>();
  resolved->operation = &operation;
  resolved->given = given;
  resolved->attributes = std::move(complete);
  resolved->shape = std::move(shape);
  resolved->shape_id = shape_ids_
                           .try_emplace({resolved->shape.begin(), resolved->shape.end()},
                                        static_cast<int>(shape_ids_.size()))
                           .first->second;
  resolved->hash = Mix(HashText(operation.name), resolved->attributes.Hash());
  if (operation.on_zero != nullptr) resolved->on_zero = operation.on_zero(resolved->attributes);
  resolved->is_identity = operation.is_identity != nullptr &&
                          operation.is_identity(resolved->attributes, resolved->shape);
  if (operation.parameters != nullptr) {
    for (const Parameter& p : operation.parameters(resolved->attributes, shapes, resolved->shape)) {
      resolved->parameters = SaturatingSum(resolved->parameters, ElementCount(p.shape));
      resolved->has_parameters = true;
    }
  }
  resolved->is_separate = operation.random || resolved->has_parameters;
  if (operation.multiply_accumulates != nullptr) {
    resolved->multiply_accumulates =
        operation.multiply_accumulates(resolved->attributes, shapes, resolved->shape);
  }
  resolved->bytes = SaturatingProduct(ElementCount(resolved->shape), kBytesPerElement);
  return entries_.emplace(MakeKey(operation, given.identity(), inputs), std::move(resolved))
      .first->second.get();
}

ResolvedMemo::Key ResolvedMemo::MakeKey(const Operation& operation, const void* given,
                                        std::span<const ResolvedOperation* const> inputs) {
  Key key{.operation = &operation, .given = given, .shapes = {}};
  for (const ResolvedOperation* input : inputs) key.shapes.push_back(input->shape_id);
  return key;
}

const ResolvedOperation* ResolvedMemo::Find(
    const Operation& operation, const void* given,
    std::span<const ResolvedOperation* const> inputs) const {
  if (inputs.size() == 1) {
    for (const ResolvedOperation::Next& next : inputs[0]->next) {
      if (next.given == given && next.operation == &operation) return next.resolved;
    }
  }
  const auto known = entries_.find(MakeKey(operation, given, inputs));
  if (known == entries_.end()) return nullptr;
  const ResolvedOperation* resolved = known->second.get();
  if (inputs.size() == 1 && inputs[0]->next.size() < kMostNext) {
    inputs[0]->next.push_back({&operation, given, resolved});
  }
  return resolved;
}

const Attributes& ResolvedMemo::Intern(const Attributes& attributes) {
  std::vector<Attributes>& bucket = interned_[attributes.Hash()];
  for (const Attributes& known : bucket) {
    if (known == attributes) return known;
  }
  return bucket.emplace_back(attributes);
}

void ResolvedMemo::Trim() {
  if (entries_.size() < kMostEntries && interned_.size() < kMostEntries) return;
  entries_.clear();
  interned_.clear();
  shape_ids_.clear();
}

Costs PublishedCosts(const ResolvedNetwork& network) {
  CostSheet sheet;
  sheet.Reserve(network.nodes.size());
  for (const ResolvedNode& node : network.nodes) {
    sheet.Add(CostOf(*node.resolved));
    for (int input : node.inputs) sheet.AddInput(input);
  }
  return sheet.Total(network.outputs);
}

Costs LiveCosts(const ResolvedNetwork& network) {
  const ResolvedGraph graph(network);
  const LiveRules<ResolvedGraph> rules(graph);
  const std::vector<LiveValue>& values = rules.values();
  std::vector<int> place(values.size(), -1);
  CostSheet sheet;
  sheet.Reserve(values.size());
  int count = 0;
  for (int v = 0; v < static_cast<int>(values.size()); ++v) {
    if (!rules.IsLive(v)) continue;
    const LiveValue& value = values[v];
    const ResolvedOperation& resolved = *network.nodes[value.node].resolved;
    place[v] = count++;
    CostNode cost{.bytes = resolved.bytes};
    if (value.kind == LiveValue::Kind::kNode) cost = CostOf(resolved);
    if (value.kind == LiveValue::Kind::kConstant) {
      cost.parameters = resolved.shape[ConstantDimension(*resolved.operation, resolved.shape)];
      cost.has_parameters = true;
    }
    sheet.Add(cost);
    for (int input : value.inputs) sheet.AddInput(place[input]);
    if (value.sum < 0) continue;
    for (const auto& [term, times] : rules.TermsOfSum(value)) sheet.AddInput(place[term]);
  }
  std::vector<std::pair<int, bool>> outputs;
  for (const auto& [node, training_only] : network.outputs) {
    outputs.emplace_back(place[rules.ValueOf(node)], training_only);
  }
  return sheet.Total(outputs);
}

}  // namespace nascent::network
