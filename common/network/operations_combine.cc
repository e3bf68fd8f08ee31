#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/network/operation_families.h"
#include "common/status_macros.h"

namespace nascent::network {
namespace {

absl::Status Mismatch(size_t index, const Shape& first, const Shape& found) {
  return absl::InvalidArgumentError(absl::StrCat("input ", index, " has shape ", ToText(found),
                                                 ", which does not fit input 0 of shape ",
                                                 ToText(first)));
}

// Dimensions are equal, or 1 and then repeated.
absl::StatusOr<Shape> InferBroadcast(const Attributes&, std::span<const Shape> inputs) {
  Shape output = inputs[0];
  for (size_t i = 1; i < inputs.size(); ++i) {
    if (inputs[i].size() != output.size()) return Mismatch(i, inputs[0], inputs[i]);
    for (size_t d = 0; d < output.size(); ++d) {
      if (output[d] != inputs[i][d] && output[d] != 1 && inputs[i][d] != 1) {
        return Mismatch(i, inputs[0], inputs[i]);
      }
      output[d] = std::max(output[d], inputs[i][d]);
    }
  }
  return output;
}

absl::StatusOr<Shape> InferAdd(const Attributes& attributes, std::span<const Shape> inputs) {
  const auto& multiplicity = IntegersOf(attributes, "multiplicity");
  if (!multiplicity.empty() && multiplicity.size() != inputs.size()) {
    return absl::InvalidArgumentError(absl::StrCat("multiplicity has ", multiplicity.size(),
                                                   " numbers for ", inputs.size(), " inputs"));
  }
  return InferBroadcast(attributes, inputs);
}

absl::StatusOr<Shape> InferConcatenate(const Attributes& attributes,
                                       std::span<const Shape> inputs) {
  NASCENT_ASSIGN_OR_RETURN(int dim, ResolveDimension(IntegerOf(attributes, "dim"), inputs[0]));
  Shape output = inputs[0];
  for (size_t i = 1; i < inputs.size(); ++i) {
    if (inputs[i].size() != output.size()) return Mismatch(i, inputs[0], inputs[i]);
    for (size_t d = 0; d < output.size(); ++d) {
      if (static_cast<int>(d) == dim) {
        output[d] = SaturatingSum(output[d], inputs[i][d]);
      } else if (output[d] != inputs[i][d]) {
        return Mismatch(i, inputs[0], inputs[i]);
      }
    }
  }
  return output;
}

Operation Combination(std::string name, std::string description) {
  Operation combination;
  combination.name = std::move(name);
  combination.description = std::move(description);
  combination.max_inputs = -1;
  combination.commutative = true;
  combination.infer = InferBroadcast;
  combination.on_zero = StaysZero;
  return combination;
}

}  // namespace

std::vector<Operation> CombiningOperations() {
  Operation add = Combination(
      "add", "Sum of its inputs. Shapes have as many dimensions; a dimension of 1 is repeated.");
  add.attributes = {ListSpec("multiplicity", std::vector<int64_t>(), 1,
                             "How often each input counts; empty: once.")};
  add.attributes[0].maximum = 1 << 20;
  add.infer = InferAdd;
  add.is_identity = [](const Attributes& attributes, const Shape&) {
    return std::ranges::all_of(IntegersOf(attributes, "multiplicity"),
                               [](int64_t times) { return times == 1; });
  };

  Operation multiply = Combination("multiply",
                                   "Product of its inputs. Shapes have as many dimensions; a "
                                   "dimension of 1 is repeated.");
  multiply.is_identity = [](const Attributes&, const Shape&) { return true; };

  Operation mean = Combination("mean",
                               "Sum of its inputs divided by their number. Shapes have as many "
                               "dimensions; a dimension of 1 is repeated.");
  mean.is_identity = multiply.is_identity;

  Operation concatenate =
      Combination("concatenate", "Its inputs one after the other along a dimension.");
  concatenate.commutative = false;
  concatenate.attributes = {
      IntegerSpec("dim", 0, -AttributeSpec::kNoLimit,
                  "The dimension, counted without the batch (0: channels); negative: from the "
                  "end.")};
  concatenate.infer = InferConcatenate;
  concatenate.is_identity = multiply.is_identity;

  return {add, multiply, mean, concatenate};
}

}  // namespace nascent::network
