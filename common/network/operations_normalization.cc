#include "absl/strings/str_cat.h"
#include "common/network/operation_families.h"
#include "common/status_macros.h"

namespace nascent::network {
namespace {

absl::StatusOr<Shape> InferPerChannel(const Attributes&, std::span<const Shape> inputs) {
  if (inputs[0].empty()) return InvalidShape("needs an input with channels", inputs[0]);
  return inputs[0];
}

absl::StatusOr<Shape> InferGroup(const Attributes& attributes, std::span<const Shape> inputs) {
  const int64_t groups = IntegerOf(attributes, "groups");
  if (inputs[0].empty() || inputs[0][0] % groups != 0) {
    return InvalidShape(
        absl::StrCat("groups is ", groups, ", which does not divide the input's channels"),
        inputs[0]);
  }
  return inputs[0];
}

absl::StatusOr<Shape> InferInstance(const Attributes&, std::span<const Shape> inputs) {
  NASCENT_RETURN_IF_ERROR(CheckImage(inputs[0]));
  if (inputs[0][1] * inputs[0][2] == 1) {
    return InvalidShape("needs more than one value per channel", inputs[0]);
  }
  return inputs[0];
}

absl::StatusOr<Shape> InferLayer(const Attributes& attributes, std::span<const Shape> inputs) {
  const int64_t dimensions = IntegerOf(attributes, "dimensions");
  if (dimensions > static_cast<int64_t>(inputs[0].size())) {
    return InvalidShape(absl::StrCat("dimensions is ", dimensions, ", more than the input has"),
                        inputs[0]);
  }
  return inputs[0];
}

std::vector<Parameter> PerChannel(const Attributes& attributes, std::span<const Shape>,
                                  const Shape& output) {
  if (!FlagOf(attributes, "affine")) return {};
  return {{"weight", {output[0]}}, {"bias", {output[0]}}};
}

std::vector<Parameter> LayerParameters(const Attributes& attributes, std::span<const Shape>,
                                       const Shape& output) {
  if (!FlagOf(attributes, "affine")) return {};
  const Shape shape(output.end() - IntegerOf(attributes, "dimensions"), output.end());
  return {{"weight", shape}, {"bias", shape}};
}

OnZero AffineOnZero(const Attributes& attributes) {
  return FlagOf(attributes, "affine") ? OnZero::kConstant : OnZero::kZero;
}

AttributeSpec Epsilon() { return RealSpec("eps", 1e-5, 1e-12, 1, "Added to the variance."); }

AttributeSpec Affine(bool default_value) {
  return FlagSpec("affine", default_value, "Whether a learned weight and bias follow.");
}

}  // namespace

std::vector<Operation> NormalizationOperations() {
  Operation batch;
  batch.name = "batch_norm";
  batch.description =
      "Normalisation per channel over batch and positions (PyTorch's BatchNorm1d and 2d): [C], "
      "[C, L] or [C, H, W]. Running statistics are used outside of training.";
  batch.attributes = {Epsilon(),
                      RealSpec("momentum", 0.1, 0, 1, "Share of a new batch in the statistics."),
                      Affine(true)};
  batch.infer = InferPerChannel;
  batch.parameters = PerChannel;
  batch.on_zero = AffineOnZero;

  Operation layer;
  layer.name = "layer_norm";
  layer.description =
      "Normalisation over the last dimensions, each position alone (PyTorch's LayerNorm).";
  layer.attributes = {Epsilon(), Affine(true),
                      IntegerSpec("dimensions", 1, 1, "How many of the last dimensions.")};
  layer.infer = InferLayer;
  layer.parameters = LayerParameters;
  // Over several dimensions the bias is no vector along one of them.
  layer.on_zero = [](const Attributes& attributes) {
    if (!FlagOf(attributes, "affine")) return OnZero::kZero;
    return IntegerOf(attributes, "dimensions") == 1 ? OnZero::kConstant : OnZero::kOther;
  };

  Operation group;
  group.name = "group_norm";
  group.description =
      "Normalisation over groups of channels and all positions (PyTorch's GroupNorm).";
  group.attributes = {Epsilon(), Affine(true),
                      IntegerSpec("groups", std::nullopt, 1, "Divides the channels.")};
  group.infer = InferGroup;
  group.parameters = PerChannel;
  group.on_zero = AffineOnZero;

  Operation instance;
  instance.name = "instance_norm";
  instance.description =
      "Normalisation per channel over the positions of one image (PyTorch's InstanceNorm2d "
      "without running statistics).";
  instance.attributes = {Epsilon(), Affine(false)};
  instance.infer = InferInstance;
  instance.parameters = PerChannel;
  instance.on_zero = AffineOnZero;

  return {batch, layer, group, instance};
}

}  // namespace nascent::network
