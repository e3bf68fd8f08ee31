#include "common/network/operation_families.h"

namespace nascent::network {
namespace {

absl::StatusOr<Shape> Infer(const Attributes& attributes, std::span<const Shape> inputs) {
  Shape output = inputs[0];
  if (output.empty()) return InvalidShape("needs an input with at least one dimension", output);
  output.back() = IntegerOf(attributes, "features");
  return output;
}

std::vector<Parameter> Parameters(const Attributes& attributes, std::span<const Shape> inputs,
                                  const Shape& output) {
  std::vector<Parameter> parameters = {{"weight", {output.back(), inputs[0].back()}}};
  if (FlagOf(attributes, "bias")) parameters.push_back({"bias", {output.back()}});
  return parameters;
}

int64_t Products(const Attributes& attributes, std::span<const Shape> inputs, const Shape& output) {
  const int64_t products = SaturatingProduct(ElementCount(output), inputs[0].back());
  return FlagOf(attributes, "bias") ? SaturatingSum(products, ElementCount(output)) : products;
}

}  // namespace

std::vector<Operation> LinearOperations() {
  Operation linear;
  linear.name = "linear";
  linear.description =
      "Matrix product over the last dimension (PyTorch's Linear): [..., F] becomes "
      "[..., features].";
  linear.attributes = {
      IntegerSpec("features", std::nullopt, 1, "Size of the output's last dimension."),
      FlagSpec("bias", true, "Whether a learned vector is added.")};
  linear.infer = Infer;
  linear.parameters = Parameters;
  linear.multiply_accumulates = Products;
  linear.on_zero = [](const Attributes& attributes) {
    return FlagOf(attributes, "bias") ? OnZero::kConstant : OnZero::kZero;
  };
  return {linear};
}

}  // namespace nascent::network
