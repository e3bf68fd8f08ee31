#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/network/operation_families.h"
#include "common/status_macros.h"

namespace nascent::network {
namespace {

absl::StatusOr<Shape> InferPad(const Attributes& attributes, std::span<const Shape> inputs) {
  NASCENT_RETURN_IF_ERROR(CheckImage(inputs[0]));
  const auto& padding = IntegersOf(attributes, "padding");
  if (padding.size() != 4) {
    return absl::InvalidArgumentError(
        absl::StrCat("padding is [left, right, top, bottom], found ", ToText(Attribute(padding))));
  }
  const Shape& input = inputs[0];
  if (TextOf(attributes, "mode") == "reflect" && (std::max(padding[0], padding[1]) >= input[2] ||
                                                  std::max(padding[2], padding[3]) >= input[1])) {
    return InvalidShape(absl::StrCat("padding ", ToText(Attribute(padding)),
                                     " reflects more than there is in the input"),
                        input);
  }
  return Shape{input[0], SaturatingSum(input[1], SaturatingSum(padding[2], padding[3])),
               SaturatingSum(input[2], SaturatingSum(padding[0], padding[1]))};
}

absl::StatusOr<Shape> InferCrop(const Attributes& attributes, std::span<const Shape> inputs) {
  const int64_t start = IntegerOf(attributes, "start");
  const int64_t length = IntegerOf(attributes, "length");
  NASCENT_ASSIGN_OR_RETURN(int dim, ResolveDimension(IntegerOf(attributes, "dim"), inputs[0]));
  Shape output = inputs[0];
  if (SaturatingSum(start, length) > output[dim]) {
    return InvalidShape(absl::StrCat("start ", start, " and length ", length,
                                     " reach beyond dimension ", dim, " of the input"),
                        output);
  }
  output[dim] = length;
  return output;
}

absl::StatusOr<Shape> InferInterpolate(const Attributes& attributes,
                                       std::span<const Shape> inputs) {
  NASCENT_RETURN_IF_ERROR(CheckImage(inputs[0]));
  if (FlagOf(attributes, "align_corners") && TextOf(attributes, "mode") != "bilinear") {
    return absl::InvalidArgumentError("align_corners needs mode \"bilinear\", found \"nearest\"");
  }
  const auto& size = IntegersOf(attributes, "size");
  return Shape{inputs[0][0], size[0], size[1]};
}

bool IsAlwaysIdentity(const Attributes&, const Shape&) { return true; }

}  // namespace

std::vector<Operation> ImageOperations() {
  Operation pad;
  pad.name = "pad";
  pad.description = "Rows and columns added around [C, H, W].";
  pad.attributes = {
      ListSpec("padding", std::nullopt, 0, "[left, right, top, bottom]."),
      TextSpec("mode", "constant", {"constant", "reflect", "replicate"}, "What is added."),
      RealSpec("value", 0, -1e15, 1e15, "The value of mode \"constant\".")};
  pad.infer = InferPad;
  pad.on_zero = [](const Attributes& attributes) {
    return TextOf(attributes, "mode") == "constant" && RealOf(attributes, "value") != 0
               ? OnZero::kOther
               : OnZero::kZero;
  };
  pad.is_identity = IsAlwaysIdentity;

  Operation crop;
  crop.name = "crop";
  crop.description = "A range of one dimension (PyTorch's narrow).";
  crop.attributes = {
      IntegerSpec("dim", 0, -AttributeSpec::kNoLimit,
                  "The dimension, counted without the batch (0: channels); negative: from the "
                  "end."),
      IntegerSpec("start", 0, 0, "First position, from 0."),
      IntegerSpec("length", std::nullopt, 1, "Number of positions.")};
  crop.infer = InferCrop;
  crop.on_zero = StaysZero;
  crop.is_identity = IsAlwaysIdentity;

  Operation interpolate;
  interpolate.name = "interpolate";
  interpolate.description =
      "[C, H, W] resampled to another height and width (PyTorch's interpolate).";
  interpolate.attributes = {
      PairSpec("size", std::nullopt, 1, "Height and width of the output, or one number."),
      TextSpec("mode", "nearest", {"nearest", "bilinear"}, "How."),
      FlagSpec("align_corners", false,
               "Whether corner points coincide; only for mode \"bilinear\".")};
  interpolate.infer = InferInterpolate;
  interpolate.on_zero = StaysZero;
  interpolate.is_identity = IsAlwaysIdentity;

  return {pad, crop, interpolate};
}

}  // namespace nascent::network
