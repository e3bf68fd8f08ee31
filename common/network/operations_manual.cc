#include "common/network/operations_manual.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/network/operations.h"

namespace nascent::network {
namespace {

constexpr char kIntroduction[] = R"(# Operations

What the nodes of a template and of a network can be. Names and meaning of attributes are PyTorch's
where PyTorch has the operation. Shapes and dimensions are counted without the batch: an image is
`[channels, height, width]`, dimension 0 its channels. This page is made from the table in
common/network/; `NASCENT_WRITE_DOCS=1 build/release/bin/network_test` writes it anew.

Composite blocks (separable convolution, squeeze-and-excite, inverted residual, …) are named blocks
of template files, built from these.

)";

std::string Kind(const AttributeSpec& spec) {
  switch (spec.type) {
    case AttributeSpec::Type::kInteger:
      return "whole number";
    case AttributeSpec::Type::kReal:
      return "number";
    case AttributeSpec::Type::kFlag:
      return "true or false";
    case AttributeSpec::Type::kText:
      return absl::StrJoin(spec.allowed, " or ");
    case AttributeSpec::Type::kIntegers:
      return spec.count == 2 ? "whole number or [height, width]" : "list of whole numbers";
  }
  return "";
}

std::string Range(const AttributeSpec& spec) {
  const bool low = spec.minimum > -AttributeSpec::kNoLimit;
  const bool high = spec.maximum < AttributeSpec::kNoLimit;
  if (low && high) return absl::StrCat(", ", spec.minimum, " to ", spec.maximum);
  return low ? absl::StrCat(", at least ", spec.minimum) : "";
}

std::string Default(const AttributeSpec& spec) {
  if (spec.required) return "required";
  if (spec.count == 2) {
    return absl::StrCat("default ", std::get<std::vector<int64_t>>(spec.default_value)[0]);
  }
  return absl::StrCat("default ", ToText(spec.default_value));
}

std::string Inputs(const Operation& operation) {
  if (operation.max_inputs == 0) return "No inputs.";
  if (operation.max_inputs == 1) return "One input.";
  return operation.commutative ? "Any number of inputs, without order."
                               : "Any number of inputs, in order.";
}

}  // namespace

std::string OperationsManual() {
  std::string text = kIntroduction;
  for (const Operation& operation : AllOperations()) {
    absl::StrAppend(&text, "## ", operation.name, "\n\n", operation.description, " ",
                    Inputs(operation), "\n\n");
    for (const AttributeSpec& spec : operation.attributes) {
      absl::StrAppend(&text, "* `", spec.name, "` (", Kind(spec), Range(spec), "; ", Default(spec),
                      "): ", spec.description, "\n");
    }
    if (!operation.attributes.empty()) text += "\n";
  }
  text.pop_back();
  return text;
}

}  // namespace nascent::network
