#include "common/network/symbolic_evaluation.h"

#include "absl/numeric/int128.h"
#include "common/network/mix.h"
#include "common/network/operations.h"
#include "common/network/sums.h"

namespace nascent::network {
namespace {

constexpr uint64_t kPrime = (uint64_t{1} << 61) - 1;

uint64_t Times(uint64_t a, uint64_t b) {
  return static_cast<uint64_t>(absl::uint128(a) * b % kPrime);
}

uint64_t Inverse(uint64_t a) {
  uint64_t result = 1;
  for (uint64_t exponent = kPrime - 2; exponent > 0; exponent >>= 1) {
    if (exponent & 1) result = Times(result, a);
    a = Times(a, a);
  }
  return result;
}

class Evaluator {
 public:
  Evaluator(const Network& network, const std::function<uint64_t(int)>& parameters)
      : network_(network), parameters_(parameters) {}

  uint64_t Node(int i) {
    const network::Node& node = network_.nodes[i];
    const Operation& operation = *FindOperation(node.operation);
    if (node.operation == "zero") return 0;
    if (node.operation == "constant") return Constant(i);
    if (node.operation == "add") {
      uint64_t sum = 0;
      for (const auto& [term, times] : TermsOf(node)) {
        sum = (sum + Times(values_[term], static_cast<uint64_t>(times))) % kPrime;
      }
      return sum;
    }
    bool all_zero = !node.inputs.empty();
    uint64_t sum = 0;
    uint64_t product = 1;
    for (int input : node.inputs) {
      all_zero = all_zero && values_[input] == 0;
      sum = (sum + values_[input]) % kPrime;
      product = Times(product, values_[input]);
    }
    if (node.operation == "mean") return Times(sum, Inverse(node.inputs.size()));
    if (node.operation == "multiply") return product;
    if (all_zero && operation.on_zero != nullptr) {
      if (operation.on_zero(node.attributes) == OnZero::kZero) return 0;
      if (operation.on_zero(node.attributes) == OnZero::kConstant) return Constant(i);
    }
    if (node.inputs.size() == 1 && operation.is_identity != nullptr &&
        network_.nodes[node.inputs[0]].shape == node.shape &&
        operation.is_identity(node.attributes, node.shape)) {
      return values_[node.inputs[0]];
    }
    uint64_t hash = Mix(HashText(node.operation), node.attributes.Hash());
    for (int input : node.inputs) hash = Mix(hash, values_[input]);
    if (operation.random || operation.parameters != nullptr) {
      if (operation.random || !NoParameters(operation, node)) hash = Mix(hash, parameters_(i));
    }
    return hash % (kPrime - 1) + 1;
  }

  std::vector<uint64_t> Run() {
    for (int i = 0; i < static_cast<int>(network_.nodes.size()); ++i) values_.push_back(Node(i));
    std::vector<uint64_t> outputs;
    for (const Output& output : network_.outputs) outputs.push_back(values_[output.node]);
    return outputs;
  }

 private:
  uint64_t Constant(int i) { return Mix(HashText("constant"), parameters_(i)) % (kPrime - 1) + 1; }

  bool NoParameters(const Operation& operation, const network::Node& node) {
    std::vector<Shape> shapes;
    for (int input : node.inputs) shapes.push_back(network_.nodes[input].shape);
    return operation.parameters(node.attributes, shapes, node.shape).empty();
  }

  const Network& network_;
  const std::function<uint64_t(int)>& parameters_;
  std::vector<uint64_t> values_;
};

}  // namespace

std::vector<uint64_t> Evaluate(const Network& network,
                               const std::function<uint64_t(int)>& parameters) {
  return Evaluator(network, parameters).Run();
}

}  // namespace nascent::network
