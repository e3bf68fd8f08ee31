#include "common/network/operations.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/network/operation_families.h"
#include "common/status_macros.h"

namespace nascent::network {
namespace {

constexpr int64_t kLargestDimension = (int64_t{1} << 31) - 1;
constexpr int64_t kMostElements = int64_t{1} << 40;

std::vector<Operation> MakeTable() {
  std::vector<Operation> table;
  for (auto family : {SourceOperations, ConvolutionOperations, LinearOperations,
                      NormalizationOperations, PoolingOperations, ActivationOperations,
                      DropOperations, CombiningOperations, ShapeOperations, ImageOperations}) {
    std::ranges::move(family(), std::back_inserter(table));
  }
  return table;
}

const std::vector<Operation>& Table() {
  static const auto* const kTable = new std::vector<Operation>(MakeTable());
  return *kTable;
}

const char* TypeName(const AttributeSpec& spec) {
  switch (spec.type) {
    case AttributeSpec::Type::kInteger:
      return "a whole number";
    case AttributeSpec::Type::kReal:
      return "a number";
    case AttributeSpec::Type::kFlag:
      return "true or false";
    case AttributeSpec::Type::kText:
      return "a word";
    case AttributeSpec::Type::kIntegers:
      return spec.count == 2 ? "a whole number or two" : "a list of whole numbers";
  }
  return "";
}

std::string Range(const AttributeSpec& spec) {
  const bool low = spec.minimum > -AttributeSpec::kNoLimit;
  const bool high = spec.maximum < AttributeSpec::kNoLimit;
  if (low && high) return absl::StrCat(" from ", spec.minimum, " to ", spec.maximum);
  if (low) return absl::StrCat(", at least ", spec.minimum);
  return "";
}

absl::Status Refuse(const AttributeSpec& spec, const Attribute& found) {
  std::string allowed = spec.allowed.empty()
                            ? absl::StrCat(TypeName(spec), Range(spec))
                            : absl::StrCat("one of ", absl::StrJoin(spec.allowed, ", "));
  return absl::InvalidArgumentError(
      absl::StrCat("attribute ", spec.name, " is ", ToText(found), "; allowed: ", allowed));
}

bool InRange(const AttributeSpec& spec, double value) {
  return std::isfinite(value) && value >= spec.minimum && value <= spec.maximum &&
         std::abs(value) < AttributeSpec::kNoLimit;
}

// `given` as the type of the specification.
absl::StatusOr<Attribute> Convert(const AttributeSpec& spec, const Attribute& given) {
  switch (spec.type) {
    case AttributeSpec::Type::kInteger:
      if (const auto* value = std::get_if<int64_t>(&given); value && InRange(spec, *value)) {
        return given;
      }
      break;
    case AttributeSpec::Type::kReal:
      if (const auto* value = std::get_if<double>(&given); value && InRange(spec, *value)) {
        return given;
      }
      if (const auto* value = std::get_if<int64_t>(&given); value && InRange(spec, *value)) {
        return Attribute(static_cast<double>(*value));
      }
      break;
    case AttributeSpec::Type::kFlag:
      if (std::holds_alternative<bool>(given)) return given;
      break;
    case AttributeSpec::Type::kText:
      if (const auto* value = std::get_if<std::string>(&given);
          value && std::ranges::find(spec.allowed, *value) != spec.allowed.end()) {
        return given;
      }
      break;
    case AttributeSpec::Type::kIntegers:
      if (const auto* value = std::get_if<int64_t>(&given);
          value && spec.count > 0 && InRange(spec, *value)) {
        return Attribute(std::vector<int64_t>(spec.count, *value));
      }
      if (const auto* values = std::get_if<std::vector<int64_t>>(&given)) {
        const bool counted = spec.count == 0 || static_cast<int>(values->size()) == spec.count;
        if (counted && std::ranges::all_of(*values, [&](int64_t v) { return InRange(spec, v); })) {
          return given;
        }
      }
      break;
  }
  return Refuse(spec, given);
}

}  // namespace

std::span<const Operation> AllOperations() { return Table(); }

const Operation* FindOperation(std::string_view name) {
  static const auto* const kByName = [] {
    auto* by_name = new std::unordered_map<std::string_view, const Operation*>();
    for (const Operation& operation : Table()) by_name->emplace(operation.name, &operation);
    return by_name;
  }();
  const auto found = kByName->find(name);
  return found == kByName->end() ? nullptr : found->second;
}

absl::StatusOr<Attributes> Complete(const Operation& operation, const Attributes& given) {
  for (const auto& [name, value] : given) {
    if (std::ranges::find(operation.attributes, name, &AttributeSpec::name) ==
        operation.attributes.end()) {
      std::vector<std::string> names;
      for (const AttributeSpec& spec : operation.attributes) names.push_back(spec.name);
      return absl::InvalidArgumentError(
          absl::StrCat("attribute ", name, " is unknown to ", operation.name,
                       "; allowed: ", names.empty() ? "none" : absl::StrJoin(names, ", ")));
    }
  }
  Attributes complete;
  for (const AttributeSpec& spec : operation.attributes) {
    const auto found = given.find(spec.name);
    if (found != given.end()) {
      NASCENT_ASSIGN_OR_RETURN(complete[spec.name], Convert(spec, found->second));
    } else if (spec.required) {
      return absl::InvalidArgumentError(absl::StrCat("attribute ", spec.name, " of ",
                                                     operation.name,
                                                     " is missing: ", TypeName(spec), Range(spec)));
    } else {
      complete[spec.name] = spec.default_value;
    }
  }
  return complete;
}

absl::StatusOr<Shape> InferShape(const Operation& operation, const Attributes& attributes,
                                 std::span<const Shape> inputs) {
  const int count = static_cast<int>(inputs.size());
  if (count < operation.min_inputs || (operation.max_inputs >= 0 && count > operation.max_inputs)) {
    return absl::InvalidArgumentError(absl::StrCat(operation.name, " has ", count,
                                                   " inputs, needs ", operation.min_inputs,
                                                   operation.max_inputs < 0 ? " or more" : ""));
  }
  absl::StatusOr<Shape> shape = operation.infer(attributes, inputs);
  if (!shape.ok()) return shape;
  for (int64_t dimension : *shape) {
    if (dimension < 1 || dimension > kLargestDimension) {
      return InvalidShape("a dimension of the output is not from 1 to 2^31 - 1", *shape);
    }
  }
  if (ElementCount(*shape) > kMostElements) {
    return InvalidShape("the output has more than 2^40 elements", *shape);
  }
  if (operation.parameters != nullptr) {
    for (const Parameter& parameter : operation.parameters(attributes, inputs, *shape)) {
      if (ElementCount(parameter.shape) <= kMostElements) continue;
      return InvalidShape(absl::StrCat(parameter.name, " has more than 2^40 elements"),
                          parameter.shape);
    }
  }
  return shape;
}

}  // namespace nascent::network
