#include <utility>

#include "absl/strings/str_cat.h"
#include "common/network/operation_families.h"
#include "common/status_macros.h"

namespace nascent::network {
namespace {

absl::StatusOr<Shape> InferWindow(const Attributes& attributes, std::span<const Shape> inputs,
                                  const std::vector<int64_t>& dilation) {
  const Shape& input = inputs[0];
  NASCENT_RETURN_IF_ERROR(CheckImage(input));
  const auto& kernel = IntegersOf(attributes, "kernel");
  const auto& stride = IntegersOf(attributes, "stride");
  const auto& padding = IntegersOf(attributes, "padding");
  const bool ceil_mode = FlagOf(attributes, "ceil_mode");
  Shape output = input;
  for (int i = 0; i < 2; ++i) {
    if (padding[i] > kernel[i] / 2) {
      return absl::InvalidArgumentError(absl::StrCat("padding ", ToText(Attribute(padding)),
                                                     " is more than half of kernel ",
                                                     ToText(Attribute(kernel))));
    }
    const int64_t reach = SaturatingSum(SaturatingProduct(dilation[i], kernel[i] - 1), 1);
    const int64_t padded = SaturatingSum(input[i + 1], 2 * padding[i]);
    if (padded < reach) {
      return InvalidShape(absl::StrCat("kernel ", ToText(Attribute(kernel)), " with padding ",
                                       ToText(Attribute(padding)), " does not fit into the input"),
                          input);
    }
    output[i + 1] = (padded - reach + (ceil_mode ? stride[i] - 1 : 0)) / stride[i] + 1;
    // A window that would start in the padding at the end is left out.
    if (ceil_mode && (output[i + 1] - 1) * stride[i] >= input[i + 1] + padding[i]) --output[i + 1];
  }
  return output;
}

absl::StatusOr<Shape> InferMax(const Attributes& attributes, std::span<const Shape> inputs) {
  return InferWindow(attributes, inputs, IntegersOf(attributes, "dilation"));
}

absl::StatusOr<Shape> InferAverage(const Attributes& attributes, std::span<const Shape> inputs) {
  return InferWindow(attributes, inputs, {1, 1});
}

absl::StatusOr<Shape> InferAdaptive(const Attributes& attributes, std::span<const Shape> inputs) {
  NASCENT_RETURN_IF_ERROR(CheckImage(inputs[0]));
  const auto& size = IntegersOf(attributes, "size");
  return Shape{inputs[0][0], size[0], size[1]};
}

absl::StatusOr<Shape> InferGlobal(const Attributes& attributes, std::span<const Shape> inputs) {
  Shape output = inputs[0];
  if (output.size() < 2) return InvalidShape("needs channels and positions", output);
  if (!FlagOf(attributes, "keepdim")) return Shape{output[0]};
  for (size_t i = 1; i < output.size(); ++i) output[i] = 1;
  return output;
}

bool IsIdentityWindow(const Attributes& attributes, const Shape&) {
  const std::vector<int64_t> one = {1, 1};
  return IntegersOf(attributes, "kernel") == one && IntegersOf(attributes, "stride") == one;
}

bool IsIdentitySize(const Attributes&, const Shape&) { return true; }

Operation Pool(std::string name, std::string description) {
  Operation pool;
  pool.name = std::move(name);
  pool.description = std::move(description);
  pool.on_zero = StaysZero;
  return pool;
}

}  // namespace

std::vector<Operation> PoolingOperations() {
  const std::vector<AttributeSpec> window = {
      PairSpec("kernel", std::nullopt, 1, "Size of the window."),
      PairSpec("stride", std::nullopt, 1, "Step of the window."),
      PairSpec("padding", 0, 0, "Positions added on both sides, at most half of the kernel."),
      FlagSpec("ceil_mode", false, "Whether a last window that is not full counts.")};

  Operation max = Pool("max_pool2d",
                       "Largest value of each window of [C, H, W] (PyTorch's MaxPool2d); padded "
                       "positions never win.");
  max.attributes = window;
  max.attributes.push_back(PairSpec("dilation", 1, 1, "Distance of the window's points."));
  max.infer = InferMax;
  max.is_identity = IsIdentityWindow;

  Operation average = Pool("avg_pool2d", "Mean of each window of [C, H, W] (PyTorch's AvgPool2d).");
  average.attributes = window;
  average.attributes.push_back(
      FlagSpec("count_include_pad", true, "Whether padded positions count as zeros in the mean."));
  average.infer = InferAverage;
  average.is_identity = IsIdentityWindow;

  const std::vector<AttributeSpec> size = {
      PairSpec("size", std::nullopt, 1, "Height and width of the output, or one number.")};
  Operation adaptive_average =
      Pool("adaptive_avg_pool2d",
           "Means of windows chosen so that the output has a size (PyTorch's AdaptiveAvgPool2d).");
  adaptive_average.attributes = size;
  adaptive_average.infer = InferAdaptive;
  adaptive_average.is_identity = IsIdentitySize;
  Operation adaptive_max =
      Pool("adaptive_max_pool2d",
           "Maxima of windows chosen so that the output has a size (PyTorch's AdaptiveMaxPool2d).");
  adaptive_max.attributes = size;
  adaptive_max.infer = InferAdaptive;
  adaptive_max.is_identity = IsIdentitySize;

  const std::vector<AttributeSpec> keep = {
      FlagSpec("keepdim", false, "Whether [C, H, W] becomes [C, 1, 1] rather than [C].")};
  Operation global_average =
      Pool("global_avg_pool", "Mean of each channel over all positions: [C, ...] becomes [C].");
  global_average.attributes = keep;
  global_average.infer = InferGlobal;
  global_average.is_identity = IsIdentitySize;
  Operation global_max =
      Pool("global_max_pool", "Maximum of each channel over all positions: [C, ...] becomes [C].");
  global_max.attributes = keep;
  global_max.infer = InferGlobal;
  global_max.is_identity = IsIdentitySize;

  return {max, average, adaptive_average, adaptive_max, global_average, global_max};
}

}  // namespace nascent::network
