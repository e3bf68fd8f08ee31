#include "absl/strings/str_cat.h"
#include "common/network/operation_families.h"
#include "common/status_macros.h"

namespace nascent::network {
namespace {

absl::Status CheckGroups(const Shape& input, int64_t channels, int64_t groups) {
  if (input[0] % groups != 0) {
    return InvalidShape(
        absl::StrCat("groups is ", groups, ", which does not divide the input's channels"), input);
  }
  if (channels % groups != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("groups is ", groups, ", which does not divide channels ", channels));
  }
  return absl::OkStatus();
}

absl::StatusOr<Shape> InferConvolution(const Attributes& attributes,
                                       std::span<const Shape> inputs) {
  const Shape& input = inputs[0];
  NASCENT_RETURN_IF_ERROR(CheckImage(input));
  const int64_t channels = IntegerOf(attributes, "channels");
  if (absl::Status status = CheckGroups(input, channels, IntegerOf(attributes, "groups"));
      !status.ok()) {
    return status;
  }
  const auto& kernel = IntegersOf(attributes, "kernel");
  const auto& stride = IntegersOf(attributes, "stride");
  const auto& padding = IntegersOf(attributes, "padding");
  const auto& dilation = IntegersOf(attributes, "dilation");
  Shape output = {channels, 0, 0};
  for (int i = 0; i < 2; ++i) {
    const int64_t reach = SaturatingSum(SaturatingProduct(dilation[i], kernel[i] - 1), 1);
    const int64_t padded = SaturatingSum(input[i + 1], SaturatingProduct(2, padding[i]));
    if (padded < reach) {
      return InvalidShape(absl::StrCat("kernel ", ToText(Attribute(kernel)), " with dilation ",
                                       ToText(Attribute(dilation)), " and padding ",
                                       ToText(Attribute(padding)), " does not fit into the input"),
                          input);
    }
    output[i + 1] = (padded - reach) / stride[i] + 1;
  }
  return output;
}

std::vector<Parameter> Parameters(const Attributes& attributes, Shape weight, int64_t channels) {
  std::vector<Parameter> parameters = {{"weight", std::move(weight)}};
  if (FlagOf(attributes, "bias")) parameters.push_back({"bias", {channels}});
  return parameters;
}

std::vector<Parameter> ConvolutionParameters(const Attributes& attributes,
                                             std::span<const Shape> inputs, const Shape& output) {
  const auto& kernel = IntegersOf(attributes, "kernel");
  return Parameters(
      attributes, {output[0], inputs[0][0] / IntegerOf(attributes, "groups"), kernel[0], kernel[1]},
      output[0]);
}

std::vector<Parameter> TransposedParameters(const Attributes& attributes,
                                            std::span<const Shape> inputs, const Shape& output) {
  const auto& kernel = IntegersOf(attributes, "kernel");
  return Parameters(
      attributes, {inputs[0][0], output[0] / IntegerOf(attributes, "groups"), kernel[0], kernel[1]},
      output[0]);
}

int64_t KernelArea(const Attributes& attributes) {
  const auto& kernel = IntegersOf(attributes, "kernel");
  return SaturatingProduct(kernel[0], kernel[1]);
}

// One product per element of the output, input channel of its group and kernel position.
int64_t ConvolutionProducts(const Attributes& attributes, std::span<const Shape> inputs,
                            const Shape& output) {
  return SaturatingProduct(
      ElementCount(output),
      SaturatingProduct(inputs[0][0] / IntegerOf(attributes, "groups"), KernelArea(attributes)));
}

// One product per element of the input, output channel of its group and kernel position.
int64_t TransposedProducts(const Attributes& attributes, std::span<const Shape> inputs,
                           const Shape& output) {
  return SaturatingProduct(
      ElementCount(inputs[0]),
      SaturatingProduct(output[0] / IntegerOf(attributes, "groups"), KernelArea(attributes)));
}

absl::StatusOr<Shape> InferTransposed(const Attributes& attributes, std::span<const Shape> inputs) {
  const Shape& input = inputs[0];
  NASCENT_RETURN_IF_ERROR(CheckImage(input));
  const int64_t channels = IntegerOf(attributes, "channels");
  if (absl::Status status = CheckGroups(input, channels, IntegerOf(attributes, "groups"));
      !status.ok()) {
    return status;
  }
  const auto& kernel = IntegersOf(attributes, "kernel");
  const auto& stride = IntegersOf(attributes, "stride");
  const auto& padding = IntegersOf(attributes, "padding");
  const auto& output_padding = IntegersOf(attributes, "output_padding");
  const auto& dilation = IntegersOf(attributes, "dilation");
  Shape output = {channels, 0, 0};
  for (int i = 0; i < 2; ++i) {
    if (output_padding[i] >= std::max(stride[i], dilation[i])) {
      return absl::InvalidArgumentError(
          absl::StrCat("output_padding ", ToText(Attribute(output_padding)),
                       " must be smaller than stride or dilation, found stride ",
                       ToText(Attribute(stride)), " and dilation ", ToText(Attribute(dilation))));
    }
    const int64_t grown = SaturatingSum(SaturatingProduct(input[i + 1] - 1, stride[i]),
                                        SaturatingProduct(dilation[i], kernel[i] - 1));
    const int64_t size = SaturatingSum(grown, output_padding[i] + 1);
    output[i + 1] = size - std::min(size, SaturatingProduct(2, padding[i]));
    if (output[i + 1] < 1) {
      return InvalidShape(absl::StrCat("padding ", ToText(Attribute(padding)),
                                       " leaves nothing of the output for kernel ",
                                       ToText(Attribute(kernel)), " and the input"),
                          input);
    }
  }
  return output;
}

OnZero BiasOnZero(const Attributes& attributes) {
  return FlagOf(attributes, "bias") ? OnZero::kConstant : OnZero::kZero;
}

}  // namespace

std::vector<Operation> ConvolutionOperations() {
  Operation convolution;
  convolution.name = "conv2d";
  convolution.description =
      "Convolution of [C, H, W] (PyTorch's Conv2d). Depthwise: groups and channels equal to the "
      "input's channels. Zeros are padded.";
  convolution.attributes = {
      IntegerSpec("channels", std::nullopt, 1, "Channels of the output."),
      PairSpec("kernel", std::nullopt, 1, "Size of the kernel."),
      PairSpec("stride", 1, 1, "Step of the kernel."),
      PairSpec("padding", 0, 0, "Zeros added on both sides."),
      PairSpec("dilation", 1, 1, "Distance of the kernel's points."),
      IntegerSpec("groups", 1, 1, "Divides the channels of input and output."),
      FlagSpec("bias", true, "Whether a learned vector is added per channel.")};
  convolution.infer = InferConvolution;
  convolution.parameters = ConvolutionParameters;
  convolution.multiply_accumulates = ConvolutionProducts;
  convolution.on_zero = BiasOnZero;

  Operation transposed = convolution;
  transposed.name = "conv_transpose2d";
  transposed.description =
      "Transposed convolution of [C, H, W] (PyTorch's ConvTranspose2d): enlarges by its stride.";
  transposed.attributes.insert(
      transposed.attributes.begin() + 4,
      PairSpec("output_padding", 0, 0,
               "Rows and columns added on one side; smaller than stride or dilation."));
  transposed.infer = InferTransposed;
  transposed.parameters = TransposedParameters;
  transposed.multiply_accumulates = TransposedProducts;
  return {convolution, transposed};
}

}  // namespace nascent::network
