// The rules of the live network, over any representation of a graph: by names for Live, by resolved
// operations where only costs are asked for.

#ifndef NASCENT_COMMON_NETWORK_LIVE_RULES_H_
#define NASCENT_COMMON_NETWORK_LIVE_RULES_H_

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "common/network/mix.h"
#include "common/network/network.h"
#include "common/network/operations.h"
#include "common/network/sums.h"

namespace nascent::network {

// A node of the live network that is being made. Inputs are indices of values.
struct LiveValue {
  enum class Kind { kNode, kSum, kZero, kConstant };
  Kind kind = Kind::kNode;
  int node = 0;  // which one of the given graph it stands for; its shape is that one's
  absl::InlinedVector<int, 2> inputs;
  int sum = -1;  // of a sum: index of its terms
  int next_with_hash = -1;
};

// `Graph` has, for node i: size(), operation(i), inputs(i), shape(i), attributes-wise hash(i) and
// same(i, j) (operation and attributes), on_zero(i), is_identity(i) (asked only where the shape of
// the one input is the output's), is_separate(i) (random or with parameters: never merged),
// terms(i) of a sum, and outputs() as pairs (node, whether only training has it).
template <typename Graph>
class LiveRules {
 public:
  explicit LiveRules(const Graph& graph)
      : graph_(graph),
        zero_(FindOperation("zero")),
        constant_(FindOperation("constant")),
        add_(FindOperation("add")),
        multiply_(FindOperation("multiply")) {
    const int size = graph.size();
    values_.reserve(size);
    value_of_.reserve(size);
    first_with_hash_.reserve(size / 2);
    for (int i = 0; i < size; ++i) value_of_.push_back(Translate(i));
    MarkLive();
    InlineSums();
  }

  // In topological order; those that IsLive are the live network.
  const std::vector<LiveValue>& values() const { return values_; }
  bool IsLive(int value) const { return readers_[value] > 0; }
  int ValueOf(int node) const { return value_of_[node]; }
  // Of a sum: its direct terms, in their order.
  const Terms& TermsOfSum(const LiveValue& value) const { return sums_[value.sum].terms; }

 private:
  using Kind = LiveValue::Kind;
  struct Sum {
    Terms terms;
    Terms expanded;  // see Expand
  };

  const Shape& shape(int value) const { return graph_.shape(values_[value].node); }
  bool IsZero(int value) const { return values_[value].kind == Kind::kZero; }
  bool IsSum(int value) const { return values_[value].kind == Kind::kSum; }

  // The value that stands for node `i`; its inputs have theirs already.
  int Translate(int i) {
    const Operation* operation = graph_.operation(i);
    if (operation->max_inputs == 0) return Append(i, Kind::kNode, {});
    if (operation == constant_) return Append(i, Kind::kNode, {0});
    if (operation == zero_) return Zero(i);

    absl::InlinedVector<int, 2> inputs;
    size_t zeros = 0;
    for (int input : graph_.inputs(i)) {
      inputs.push_back(value_of_[input]);
      if (IsZero(inputs.back())) ++zeros;
    }
    if (zeros == inputs.size() || (zeros > 0 && operation == multiply_)) {
      switch (zeros == inputs.size() ? graph_.on_zero(i) : OnZero::kZero) {
        case OnZero::kZero:
          return Zero(i);
        case OnZero::kConstant:
          return Append(i, Kind::kConstant, {0});
        case OnZero::kOther:
          break;
      }
    }
    if (operation == add_) return AddSum(i, zeros);
    if (inputs.size() == 1 && shape(inputs[0]) == graph_.shape(i) && graph_.is_identity(i)) {
      return inputs[0];
    }
    if (operation->commutative) std::ranges::sort(inputs);
    if (graph_.is_separate(i)) return Append(i, Kind::kNode, std::move(inputs));
    return FindOrAppend(i, std::move(inputs));
  }

  int Append(int i, Kind kind, absl::InlinedVector<int, 2> inputs) {
    LiveValue& value = values_.emplace_back();
    value.kind = kind;
    value.node = i;
    value.inputs = std::move(inputs);
    return static_cast<int>(values_.size()) - 1;
  }

  // One zero per shape. Its input, the network's first, gives only the batch.
  int Zero(int i) {
    for (int zero : zeros_) {
      if (shape(zero) == graph_.shape(i)) return zero;
    }
    zeros_.push_back(Append(i, Kind::kZero, {0}));
    return zeros_.back();
  }

  int AddSum(int i, size_t zeros) {
    const Terms given = graph_.terms(i);
    Terms terms;
    bool full_shape = false;  // whether a term that stays has the shape of the sum
    for (const auto& [term, times] : given) {
      const int value = value_of_[term];
      if (zeros > 0 && IsZero(value)) continue;
      AddTerm(terms, value, times);
      full_shape = full_shape || shape(value) == graph_.shape(i);
    }
    if (zeros > 0 && !full_shape) {  // the zeros repeat what is left, so they stay
      terms.clear();
      for (const auto& [term, times] : given) AddTerm(terms, value_of_[term], times);
    }
    if (terms.size() == 1 && terms[0].second == 1 && shape(terms[0].first) == graph_.shape(i)) {
      return terms[0].first;
    }
    Terms expanded = Expand(terms, [this](int term) {
      return IsSum(term) ? &sums_[values_[term].sum].expanded : nullptr;
    });
    uint64_t hash = 0;
    for (const auto& [term, times] : expanded) hash = Mix(Mix(hash, term), times);
    const auto [first, is_new] = first_with_hash_.try_emplace(hash, -1);
    for (int v = first->second; v >= 0; v = values_[v].next_with_hash) {
      if (IsSum(v) && sums_[values_[v].sum].expanded == expanded && shape(v) == graph_.shape(i)) {
        return v;
      }
    }
    const int sum = Append(i, Kind::kSum, {});
    values_[sum].sum = static_cast<int>(sums_.size());
    sums_.push_back({std::move(terms), std::move(expanded)});
    values_[sum].next_with_hash = std::exchange(first->second, sum);
    return sum;
  }

  int FindOrAppend(int i, absl::InlinedVector<int, 2> inputs) {
    uint64_t hash = graph_.hash(i);
    for (int input : inputs) hash = Mix(hash, input);
    const auto [first, is_new] = first_with_hash_.try_emplace(hash, -1);
    for (int v = first->second; v >= 0; v = values_[v].next_with_hash) {
      if (values_[v].kind == Kind::kNode && values_[v].inputs == inputs &&
          graph_.same(values_[v].node, i)) {
        return v;
      }
    }
    const int value = Append(i, Kind::kNode, std::move(inputs));
    values_[value].next_with_hash = std::exchange(first->second, value);
    return value;
  }

  // Counts the readers of every value that reaches an output; inputs of the network always stay.
  void MarkLive() {
    readers_.assign(values_.size(), 0);
    is_output_.assign(values_.size(), 0);
    for (const auto& [node, training_only] : graph_.outputs()) {
      readers_[value_of_[node]]++;
      is_output_[value_of_[node]] = 1;
    }
    for (int v = static_cast<int>(values_.size()) - 1; v >= 0; --v) {
      const LiveValue& value = values_[v];
      if (value.kind == Kind::kNode && graph_.operation(value.node)->max_inputs == 0) readers_[v]++;
      if (readers_[v] == 0) continue;
      if (value.sum >= 0) {
        for (const auto& [term, times] : sums_[value.sum].terms) readers_[term]++;
      }
      for (int input : value.inputs) readers_[input]++;
    }
  }

  // A sum that only another sum reads becomes part of it.
  void InlineSums() {
    for (size_t v = 0; v < values_.size(); ++v) {
      if (readers_[v] == 0 || values_[v].sum < 0) continue;
      while (InlineOnce(sums_[values_[v].sum].terms)) {
      }
    }
  }

  // False: nothing to do. What is inlined may leave another sum with one reader.
  bool InlineOnce(Terms& terms) {
    const auto inlined = [&](const std::pair<int, int64_t>& term) {
      return IsSum(term.first) && readers_[term.first] == 1 && is_output_[term.first] == 0 &&
             Fits(terms, sums_[values_[term.first].sum].terms, term.second);
    };
    const auto found = std::ranges::find_if(terms, inlined);
    if (found == terms.end()) return false;
    const auto [sum, times] = *found;
    readers_[sum] = 0;
    terms.erase(found);
    for (const auto& [term, inner_times] : sums_[values_[sum].sum].terms) {
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

  const Graph& graph_;
  const Operation* const zero_;
  const Operation* const constant_;
  const Operation* const add_;
  const Operation* const multiply_;
  std::vector<LiveValue> values_;
  std::vector<Sum> sums_;
  std::vector<int> value_of_;  // by node
  std::vector<int> zeros_;
  absl::flat_hash_map<uint64_t, int> first_with_hash_;
  std::vector<int> readers_;  // by value, among what is live
  std::vector<char> is_output_;
};

// The dimension along which what is left of an operation on zero varies.
inline int64_t ConstantDimension(const Operation& operation, const Shape& shape) {
  const bool last = operation.name == "linear" || operation.name == "layer_norm";
  return last ? static_cast<int64_t>(shape.size()) - 1 : 0;
}

}  // namespace nascent::network

#endif  // NASCENT_COMMON_NETWORK_LIVE_RULES_H_
