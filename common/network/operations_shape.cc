#include <utility>

#include "absl/strings/str_cat.h"
#include "common/network/operation_families.h"
#include "common/status_macros.h"

namespace nascent::network {
namespace {

absl::StatusOr<Shape> InferSplit(const Attributes& attributes, std::span<const Shape> inputs) {
  const int64_t parts = IntegerOf(attributes, "parts");
  const int64_t index = IntegerOf(attributes, "index");
  if (index >= parts) {
    return absl::InvalidArgumentError(
        absl::StrCat("index is ", index, ", but there are ", parts, " parts, counted from 0"));
  }
  NASCENT_ASSIGN_OR_RETURN(int dim, ResolveDimension(IntegerOf(attributes, "dim"), inputs[0]));
  Shape output = inputs[0];
  if (output[dim] % parts != 0) {
    return InvalidShape(absl::StrCat("parts is ", parts, ", which does not divide dimension ", dim),
                        output);
  }
  output[dim] /= parts;
  return output;
}

absl::StatusOr<Shape> InferShuffle(const Attributes& attributes, std::span<const Shape> inputs) {
  const int64_t groups = IntegerOf(attributes, "groups");
  NASCENT_RETURN_IF_ERROR(CheckImage(inputs[0]));
  if (inputs[0][0] % groups != 0) {
    return InvalidShape(
        absl::StrCat("groups is ", groups, ", which does not divide the input's channels"),
        inputs[0]);
  }
  return inputs[0];
}

absl::StatusOr<Shape> InferFlatten(const Attributes& attributes, std::span<const Shape> inputs) {
  NASCENT_ASSIGN_OR_RETURN(int start,
                           ResolveDimension(IntegerOf(attributes, "start_dim"), inputs[0]));
  NASCENT_ASSIGN_OR_RETURN(int end, ResolveDimension(IntegerOf(attributes, "end_dim"), inputs[0]));
  if (end < start) {
    return absl::InvalidArgumentError(
        absl::StrCat("start_dim ", start, " stands after end_dim ", end));
  }
  Shape output(inputs[0].begin(), inputs[0].begin() + start);
  output.push_back(ElementCount(Shape(inputs[0].begin() + start, inputs[0].begin() + end + 1)));
  output.insert(output.end(), inputs[0].begin() + end + 1, inputs[0].end());
  return output;
}

absl::StatusOr<Shape> InferReshape(const Attributes& attributes, std::span<const Shape> inputs) {
  const auto& shape = IntegersOf(attributes, "shape");
  Shape output(shape.begin(), shape.end());
  const int64_t elements = ElementCount(inputs[0]);
  int open = -1;
  int64_t known = 1;
  for (size_t i = 0; i < output.size(); ++i) {
    if (output[i] == 0 || (output[i] == -1 && open >= 0)) {
      return InvalidShape("shape has a zero, or more than one -1", output);
    }
    if (output[i] == -1) {
      open = static_cast<int>(i);
    } else {
      known = SaturatingProduct(known, output[i]);
    }
  }
  if (open >= 0 && elements % known == 0) output[open] = elements / known;
  if (ElementCount(output) != elements || (open >= 0 && output[open] < 1)) {
    return InvalidShape(absl::StrCat("shape ", ToText(Attribute(shape)),
                                     " has another number of elements than the input"),
                        inputs[0]);
  }
  return output;
}

absl::StatusOr<Shape> InferTranspose(const Attributes& attributes, std::span<const Shape> inputs) {
  NASCENT_ASSIGN_OR_RETURN(int first, ResolveDimension(IntegerOf(attributes, "dim0"), inputs[0]));
  NASCENT_ASSIGN_OR_RETURN(int second, ResolveDimension(IntegerOf(attributes, "dim1"), inputs[0]));
  Shape output = inputs[0];
  std::swap(output[first], output[second]);
  return output;
}

bool IsIdentityTranspose(const Attributes& attributes, const Shape& output) {
  return *ResolveDimension(IntegerOf(attributes, "dim0"), output) ==
         *ResolveDimension(IntegerOf(attributes, "dim1"), output);
}

AttributeSpec Dimension(std::string name, int64_t default_value, std::string what) {
  return IntegerSpec(std::move(name), default_value, -AttributeSpec::kNoLimit,
                     absl::StrCat(what, ", counted without the batch; negative: from the end."));
}

Operation Reshaping(std::string name, std::string description) {
  Operation reshaping;
  reshaping.name = std::move(name);
  reshaping.description = std::move(description);
  reshaping.on_zero = StaysZero;
  // Where the output has the input's shape nothing has moved.
  reshaping.is_identity = [](const Attributes&, const Shape&) { return true; };
  return reshaping;
}

}  // namespace

std::vector<Operation> ShapeOperations() {
  Operation split = Reshaping("split", "One of several equal parts along a dimension.");
  split.attributes = {IntegerSpec("parts", std::nullopt, 1, "Number of parts."),
                      IntegerSpec("index", std::nullopt, 0, "Which part, from 0."),
                      Dimension("dim", 0, "The dimension (0: channels)")};
  split.infer = InferSplit;

  Operation shuffle = Reshaping("channel_shuffle",
                                "Channels of `groups` groups interleaved: channel g * n + i moves "
                                "to i * groups + g, n channels per group.");
  shuffle.attributes = {IntegerSpec("groups", std::nullopt, 1, "Divides the channels.")};
  shuffle.infer = InferShuffle;
  shuffle.is_identity = [](const Attributes& attributes, const Shape& output) {
    const int64_t groups = IntegerOf(attributes, "groups");
    return groups == 1 || groups == output[0];
  };

  Operation flatten = Reshaping("flatten", "Dimensions from start_dim to end_dim become one.");
  flatten.attributes = {Dimension("start_dim", 0, "First dimension"),
                        Dimension("end_dim", -1, "Last dimension")};
  flatten.infer = InferFlatten;

  Operation reshape =
      Reshaping("reshape", "The same elements, in the same order, in another shape.");
  reshape.attributes = {
      ListSpec("shape", std::nullopt, -1,
               "Shape without the batch; one dimension may be -1 and takes what is left.")};
  reshape.infer = InferReshape;

  Operation transpose = Reshaping("transpose", "Two dimensions exchanged.");
  transpose.attributes = {Dimension("dim0", 0, "The one"), Dimension("dim1", 1, "The other")};
  transpose.infer = InferTranspose;
  transpose.is_identity = IsIdentityTranspose;

  return {split, shuffle, flatten, reshape, transpose};
}

}  // namespace nascent::network
