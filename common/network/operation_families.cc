#include "common/network/operation_families.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace nascent::network {
namespace {

AttributeSpec Spec(std::string name, AttributeSpec::Type type, std::string description) {
  AttributeSpec spec;
  spec.name = std::move(name);
  spec.type = type;
  spec.description = std::move(description);
  return spec;
}

}  // namespace

AttributeSpec IntegerSpec(std::string name, std::optional<int64_t> default_value, double minimum,
                          std::string description) {
  AttributeSpec spec = Spec(std::move(name), AttributeSpec::Type::kInteger, std::move(description));
  spec.required = !default_value.has_value();
  spec.default_value = default_value.value_or(0);
  spec.minimum = minimum;
  return spec;
}

AttributeSpec RealSpec(std::string name, double default_value, double minimum, double maximum,
                       std::string description) {
  AttributeSpec spec = Spec(std::move(name), AttributeSpec::Type::kReal, std::move(description));
  spec.default_value = default_value;
  spec.minimum = minimum;
  spec.maximum = maximum;
  return spec;
}

AttributeSpec FlagSpec(std::string name, bool default_value, std::string description) {
  AttributeSpec spec = Spec(std::move(name), AttributeSpec::Type::kFlag, std::move(description));
  spec.default_value = default_value;
  return spec;
}

AttributeSpec TextSpec(std::string name, std::string default_value,
                       std::vector<std::string> allowed, std::string description) {
  AttributeSpec spec = Spec(std::move(name), AttributeSpec::Type::kText, std::move(description));
  spec.default_value = std::move(default_value);
  spec.allowed = std::move(allowed);
  return spec;
}

AttributeSpec PairSpec(std::string name, std::optional<int64_t> default_value, double minimum,
                       std::string description) {
  AttributeSpec spec =
      Spec(std::move(name), AttributeSpec::Type::kIntegers, std::move(description));
  spec.required = !default_value.has_value();
  spec.default_value = std::vector<int64_t>(2, default_value.value_or(0));
  spec.minimum = minimum;
  spec.count = 2;
  return spec;
}

AttributeSpec ListSpec(std::string name, std::optional<std::vector<int64_t>> default_value,
                       double minimum, std::string description) {
  AttributeSpec spec =
      Spec(std::move(name), AttributeSpec::Type::kIntegers, std::move(description));
  spec.required = !default_value.has_value();
  spec.default_value = std::move(default_value).value_or(std::vector<int64_t>());
  spec.minimum = minimum;
  return spec;
}

absl::StatusOr<Shape> SameShape(const Attributes&, std::span<const Shape> inputs) {
  return inputs[0];
}

OnZero StaysZero(const Attributes&) { return OnZero::kZero; }

OnZero BecomesOther(const Attributes&) { return OnZero::kOther; }

absl::Status InvalidShape(std::string_view what, const Shape& found) {
  return absl::InvalidArgumentError(
      absl::StrCat(absl::string_view(what.data(), what.size()), ", found ", ToText(found)));
}

absl::Status CheckImage(const Shape& input) {
  if (input.size() == 3) return absl::OkStatus();
  return InvalidShape("needs an input of shape [channels, height, width]", input);
}

absl::StatusOr<int> ResolveDimension(int64_t dim, const Shape& shape) {
  const auto rank = static_cast<int64_t>(shape.size());
  if (dim < -rank || dim >= rank) {
    return InvalidShape(absl::StrCat("dim is ", dim, ", which the input does not have"), shape);
  }
  return static_cast<int>(dim < 0 ? dim + rank : dim);
}

}  // namespace nascent::network
