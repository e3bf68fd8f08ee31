#include "common/network/live.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "common/network/mix.h"
#include "common/network/operations.h"
#include "common/network/sums.h"

namespace nascent::network {
namespace {

// A node of the live network that is being made. Inputs are indices of values.
struct Value {
  int node;  // which one of the given network it stands for
  const Operation* operation;
  Attributes attributes;
  absl::InlinedVector<int, 2> inputs;
  bool is_zero = false;
  Terms terms;     // of a sum: its direct terms, in their order
  Terms expanded;  // of a sum: see Expand
  int next_with_hash = -1;
};

class Simplifier {
 public:
  explicit Simplifier(const Network& network)
      : network_(network),
        zero_(*FindOperation("zero")),
        constant_(*FindOperation("constant")),
        add_(*FindOperation("add")) {
    values_.reserve(network.nodes.size());
    value_of_.reserve(network.nodes.size());
  }

  Network Run() {
    for (int i = 0; i < static_cast<int>(network_.nodes.size()); ++i) {
      value_of_.push_back(Translate(i));
    }
    MarkLive();
    InlineSums();
    return Emit();
  }

 private:
  const Node& node(int i) const { return network_.nodes[i]; }
  const Shape& shape(int value) const { return network_.nodes[values_[value].node].shape; }

  // The value that stands for node `i`; its inputs have theirs already.
  int Translate(int i) {
    const Operation& operation = *FindOperation(node(i).operation);
    if (operation.max_inputs == 0) return Append(i, operation, node(i).attributes, {});
    if (&operation == &constant_) return Append(i, constant_, node(i).attributes, {0});
    if (&operation == &zero_) return Zero(i);

    absl::InlinedVector<int, 2> inputs;
    size_t zeros = 0;
    for (int input : node(i).inputs) {
      inputs.push_back(value_of_[input]);
      if (values_[inputs.back()].is_zero) ++zeros;
    }
    if (zeros == inputs.size() || (zeros > 0 && operation.name == "multiply")) {
      switch (zeros == inputs.size() ? OnZeroOf(operation, i) : OnZero::kZero) {
        case OnZero::kZero:
          return Zero(i);
        case OnZero::kConstant:
          return Constant(i, operation);
        case OnZero::kOther:
          break;
      }
    }
    if (&operation == &add_) return Sum(i, zeros);
    if (inputs.size() == 1 && operation.is_identity != nullptr &&
        shape(inputs[0]) == node(i).shape &&
        operation.is_identity(node(i).attributes, node(i).shape)) {
      return inputs[0];
    }
    if (operation.commutative) std::ranges::sort(inputs);
    if (operation.random || HasParameters(operation, i)) {
      return Append(i, operation, node(i).attributes, std::move(inputs));
    }
    return FindOrAppend(i, operation, std::move(inputs));
  }

  OnZero OnZeroOf(const Operation& operation, int i) const {
    return operation.on_zero == nullptr ? OnZero::kOther : operation.on_zero(node(i).attributes);
  }

  bool HasParameters(const Operation& operation, int i) {
    if (operation.parameters == nullptr) return false;
    shapes_.clear();
    for (int input : node(i).inputs) shapes_.push_back(node(input).shape);
    return !operation.parameters(node(i).attributes, shapes_, node(i).shape).empty();
  }

  int Append(int i, const Operation& operation, const Attributes& attributes,
             absl::InlinedVector<int, 2> inputs) {
    Value& value = values_.emplace_back();
    value.node = i;
    value.operation = &operation;
    value.attributes = attributes;
    value.inputs = std::move(inputs);
    return static_cast<int>(values_.size()) - 1;
  }

  std::vector<int64_t> ShapeList(int i) const {
    return std::vector<int64_t>(node(i).shape.begin(), node(i).shape.end());
  }

  // One zero per shape. Its input, the network's first, gives only the batch.
  int Zero(int i) {
    for (int zero : zeros_) {
      if (shape(zero) == node(i).shape) return zero;
    }
    const int zero =
        Append(i, zero_, {{"shape", ShapeList(i)}, {"stride", std::vector<int64_t>{1, 1}}}, {0});
    values_[zero].is_zero = true;
    zeros_.push_back(zero);
    return zero;
  }

  int Constant(int i, const Operation& operation) {
    const bool last = operation.name == "linear" || operation.name == "layer_norm";
    const int64_t dim = last ? static_cast<int64_t>(node(i).shape.size()) - 1 : 0;
    return Append(i, constant_, {{"shape", ShapeList(i)}, {"dim", dim}}, {0});
  }

  int Sum(int i, size_t zeros) {
    const Terms given = TermsOf(node(i));
    Terms terms;
    bool full_shape = false;  // whether a term that stays has the shape of the sum
    for (const auto& [term, times] : given) {
      const int value = value_of_[term];
      if (zeros > 0 && values_[value].is_zero) continue;
      AddTerm(terms, value, times);
      full_shape = full_shape || shape(value) == node(i).shape;
    }
    if (zeros > 0 && !full_shape) {  // the zeros repeat what is left, so they stay
      terms.clear();
      for (const auto& [term, times] : given) AddTerm(terms, value_of_[term], times);
    }
    if (terms.size() == 1 && terms[0].second == 1 && shape(terms[0].first) == node(i).shape) {
      return terms[0].first;
    }
    Terms expanded = Expand(terms, [this](int term) {
      return values_[term].operation == &add_ ? &values_[term].expanded : nullptr;
    });
    uint64_t hash = HashText("add");
    for (const auto& [term, times] : expanded) hash = Mix(Mix(hash, term), times);
    const auto [first, is_new] = first_with_hash_.try_emplace(hash, -1);
    for (int v = first->second; v >= 0; v = values_[v].next_with_hash) {
      if (values_[v].operation == &add_ && values_[v].expanded == expanded &&
          shape(v) == node(i).shape) {
        return v;
      }
    }
    const int sum = Append(i, add_, {}, {});
    values_[sum].terms = std::move(terms);
    values_[sum].expanded = std::move(expanded);
    values_[sum].next_with_hash = std::exchange(first->second, sum);
    return sum;
  }

  int FindOrAppend(int i, const Operation& operation, absl::InlinedVector<int, 2> inputs) {
    uint64_t hash = Mix(HashText(operation.name), node(i).attributes.Hash());
    for (int input : inputs) hash = Mix(hash, input);
    const auto [first, is_new] = first_with_hash_.try_emplace(hash, -1);
    for (int v = first->second; v >= 0; v = values_[v].next_with_hash) {
      if (values_[v].operation == &operation && values_[v].inputs == inputs &&
          values_[v].attributes == node(i).attributes) {
        return v;
      }
    }
    const int value = Append(i, operation, node(i).attributes, std::move(inputs));
    values_[value].next_with_hash = std::exchange(first->second, value);
    return value;
  }

  // Counts the readers of every value that reaches an output; inputs of the network always stay.
  void MarkLive() {
    readers_.assign(values_.size(), 0);
    is_output_.assign(values_.size(), false);
    for (const Output& output : network_.outputs) {
      readers_[value_of_[output.node]]++;
      is_output_[value_of_[output.node]] = true;
    }
    for (int v = static_cast<int>(values_.size()) - 1; v >= 0; --v) {
      if (values_[v].operation->max_inputs == 0) readers_[v]++;
      if (readers_[v] == 0) continue;
      for (const auto& [term, times] : values_[v].terms) readers_[term]++;
      for (int input : values_[v].inputs) readers_[input]++;
    }
  }

  // A sum that only another sum reads becomes part of it.
  void InlineSums() {
    for (size_t v = 0; v < values_.size(); ++v) {
      if (readers_[v] == 0 || values_[v].operation != &add_) continue;
      while (InlineOnce(values_[v].terms)) {
      }
    }
  }

  // False: nothing to do. What is inlined may leave another sum with one reader.
  bool InlineOnce(Terms& terms) {
    const auto inlined = [&](const std::pair<int, int64_t>& term) {
      const Value& value = values_[term.first];
      return value.operation == &add_ && readers_[term.first] == 1 && !is_output_[term.first] &&
             Fits(terms, value.terms, term.second);
    };
    const auto found = std::ranges::find_if(terms, inlined);
    if (found == terms.end()) return false;
    const auto [sum, times] = *found;
    readers_[sum] = 0;
    terms.erase(found);
    for (const auto& [term, inner_times] : values_[sum].terms) {
      const size_t before = terms.size();
      AddTerm(terms, term, times * inner_times);
      if (terms.size() == before) readers_[term]--;  // the same reader twice
    }
    return true;
  }

  static bool Fits(const Terms& terms, const Terms& inner, int64_t times) {
    if (terms.size() + inner.size() > kMostTerms) return false;
    return std::ranges::all_of(inner, [times](const auto& term) {
      return SaturatingProduct(term.second, times) <= kMostTimes / 2;
    });
  }

  Network Emit() {
    Network live;
    std::vector<int> place(values_.size(), -1);
    live.nodes.reserve(values_.size());
    for (int v = 0; v < static_cast<int>(values_.size()); ++v) {
      if (readers_[v] == 0) continue;
      Value& value = values_[v];
      place[v] = static_cast<int>(live.nodes.size());
      Node& to = live.nodes.emplace_back();
      to.path = node(value.node).path;
      to.operation = value.operation->name;
      to.shape = node(value.node).shape;
      if (value.operation == &add_) {
        std::vector<int64_t> multiplicity;
        for (const auto& [term, times] : value.terms) {
          to.inputs.push_back(place[term]);
          multiplicity.push_back(times);
        }
        to.attributes = Multiplicity(std::move(multiplicity));
      } else {
        to.attributes = std::move(value.attributes);
        for (int input : value.inputs) to.inputs.push_back(place[input]);
      }
    }
    for (const Output& output : network_.outputs) {
      live.outputs.push_back({output.name, place[value_of_[output.node]], output.training_only});
    }
    return live;
  }

  static Attributes Multiplicity(std::vector<int64_t> multiplicity) {
    static const auto* const kOnce = new Attributes{{"multiplicity", std::vector<int64_t>()}};
    if (std::ranges::all_of(multiplicity, [](int64_t times) { return times == 1; })) return *kOnce;
    return {{"multiplicity", std::move(multiplicity)}};
  }

  const Network& network_;
  const Operation& zero_;
  const Operation& constant_;
  const Operation& add_;
  std::vector<Value> values_;
  std::vector<int> value_of_;  // by node
  std::vector<int> zeros_;
  absl::flat_hash_map<uint64_t, int> first_with_hash_;
  std::vector<int> readers_;  // by value, among what is live
  std::vector<bool> is_output_;
  std::vector<Shape> shapes_;  // scratch
};

}  // namespace

Network Live(const Network& network) { return Simplifier(network).Run(); }

}  // namespace nascent::network
