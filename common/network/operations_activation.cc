#include <utility>

#include "common/network/operation_families.h"

namespace nascent::network {
namespace {

Operation Activation(std::string name, std::string description,
                     OnZero (*on_zero)(const Attributes&),
                     std::vector<AttributeSpec> attributes = {}) {
  Operation activation;
  activation.name = std::move(name);
  activation.description = std::move(description);
  activation.attributes = std::move(attributes);
  activation.infer = SameShape;
  activation.on_zero = on_zero;
  return activation;
}

absl::StatusOr<Shape> InferSoftmax(const Attributes& attributes, std::span<const Shape> inputs) {
  if (absl::StatusOr<int> dim = ResolveDimension(IntegerOf(attributes, "dim"), inputs[0]);
      !dim.ok()) {
    return dim.status();
  }
  return inputs[0];
}

}  // namespace

std::vector<Operation> ActivationOperations() {
  Operation softmax = Activation(
      "softmax", "exp(x) divided by its sum along one dimension.", BecomesOther,
      {IntegerSpec("dim", -1, -AttributeSpec::kNoLimit,
                   "The dimension, counted without the batch; negative: from the end.")});
  softmax.infer = InferSoftmax;
  return {
      Activation("relu", "max(x, 0).", StaysZero),
      Activation("relu6", "min(max(x, 0), 6).", StaysZero),
      Activation("leaky_relu", "x where positive, negative_slope * x elsewhere.", StaysZero,
                 {RealSpec("negative_slope", 0.01, -1e6, 1e6, "Slope below zero.")}),
      Activation("gelu", "x times the normal distribution function of x.", StaysZero,
                 {TextSpec("approximate", "none", {"none", "tanh"},
                           "\"none\" is exact, \"tanh\" the usual approximation.")}),
      Activation("silu", "x * sigmoid(x), also called swish.", StaysZero),
      Activation("hard_swish", "x * min(max(x + 3, 0), 6) / 6.", StaysZero),
      Activation("hard_sigmoid", "min(max(x + 3, 0), 6) / 6.", BecomesOther),
      Activation("sigmoid", "1 / (1 + exp(-x)).", BecomesOther),
      Activation("tanh", "Hyperbolic tangent.", StaysZero),
      softmax,
  };
}

}  // namespace nascent::network
