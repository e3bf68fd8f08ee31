#include "absl/strings/str_cat.h"
#include "common/network/operation_families.h"
#include "common/status_macros.h"

namespace nascent::network {
namespace {

absl::StatusOr<Shape> AttributeShape(const Attributes& attributes) {
  const std::vector<int64_t>& shape = IntegersOf(attributes, "shape");
  return Shape(shape.begin(), shape.end());
}

absl::StatusOr<Shape> InferInput(const Attributes& attributes, std::span<const Shape>) {
  return AttributeShape(attributes);
}

absl::StatusOr<Shape> InferZero(const Attributes& attributes, std::span<const Shape> inputs) {
  if (!IntegersOf(attributes, "shape").empty()) return AttributeShape(attributes);
  Shape shape = inputs[0];
  const std::vector<int64_t>& stride = IntegersOf(attributes, "stride");
  if (stride[0] == 1 && stride[1] == 1) return shape;
  NASCENT_RETURN_IF_ERROR(CheckImage(shape));
  shape[1] = (shape[1] + stride[0] - 1) / stride[0];
  shape[2] = (shape[2] + stride[1] - 1) / stride[1];
  return shape;
}

absl::StatusOr<Shape> InferConstant(const Attributes& attributes, std::span<const Shape>) {
  absl::StatusOr<Shape> shape = AttributeShape(attributes);
  if (absl::StatusOr<int> dim = ResolveDimension(IntegerOf(attributes, "dim"), *shape); !dim.ok()) {
    return dim.status();
  }
  return shape;
}

std::vector<Parameter> ConstantParameters(const Attributes& attributes, std::span<const Shape>,
                                          const Shape& output) {
  return {{"bias", {output[*ResolveDimension(IntegerOf(attributes, "dim"), output)]}}};
}

}  // namespace

std::vector<Operation> SourceOperations() {
  Operation input;
  input.name = "input";
  input.description = "An input of the network.";
  input.min_inputs = input.max_inputs = 0;
  input.attributes = {
      ListSpec("shape", std::nullopt, 1, "Shape without the batch, e.g. [3, 32, 32].")};
  input.infer = InferInput;
  input.on_zero = BecomesOther;

  Operation identity;
  identity.name = "identity";
  identity.description = "Its input unchanged.";
  identity.infer = SameShape;
  identity.on_zero = StaysZero;
  identity.is_identity = [](const Attributes&, const Shape&) { return true; };

  Operation zero;
  zero.name = "zero";
  zero.description =
      "Zero everywhere, whatever its input is (the \"none\" of cell spaces). The input gives the "
      "batch and, where `shape` is empty, the shape.";
  zero.attributes = {
      PairSpec("stride", 1, 1, "Divides height and width, rounded up."),
      ListSpec("shape", std::vector<int64_t>(), 1,
               "Shape of the output without the batch; empty: the input's, divided by `stride`.")};
  zero.infer = InferZero;
  zero.on_zero = StaysZero;

  Operation constant;
  constant.name = "constant";
  constant.description =
      "A learned vector `bias` (initially zero) along one dimension, repeated along all others "
      "and over the batch. The input gives nothing but the batch.";
  constant.attributes = {
      ListSpec("shape", std::nullopt, 1, "Shape of the output without the batch."),
      IntegerSpec("dim", 0, -AttributeSpec::kNoLimit,
                  "The dimension along which the vector lies, counted without the batch; negative: "
                  "from the end.")};
  constant.infer = InferConstant;
  constant.parameters = ConstantParameters;
  constant.on_zero = BecomesOther;

  return {input, identity, zero, constant};
}

}  // namespace nascent::network
