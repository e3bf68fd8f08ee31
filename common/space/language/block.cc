#include "common/space/language/block.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace nascent::space {
namespace {

int64_t Detail(const network::Shape& shape, ShapeDetail detail) {
  const size_t rank = shape.size();
  switch (detail) {
    case ShapeDetail::kChannels:
      return rank > 0 ? shape[0] : 1;
    case ShapeDetail::kHeight:
      return rank > 1 ? shape[rank - 2] : 1;
    case ShapeDetail::kWidth:
    case ShapeDetail::kFeatures:
      return rank > 0 ? shape[rank - 1] : 1;
    case ShapeDetail::kRank:
      return static_cast<int64_t>(rank);
    default:
      return network::ElementCount(shape);
  }
}

absl::StatusOr<ExprValue> ShapeOf(const BuildState& state, const Tensors& tensors, int which,
                                  ShapeDetail detail) {
  if (detail == ShapeDetail::kCount) return static_cast<int64_t>(tensors.size());
  if (which >= static_cast<int>(tensors.size())) {
    return absl::InvalidArgumentError(
        absl::StrCat("asks for the shape of input ", which, " where there are ", tensors.size()));
  }
  return Detail(state.sink->shape(tensors[which]), detail);
}

const network::Operation& OperationOf(Combine combine) {
  static const network::Operation* const kSum = network::FindOperation("add");
  static const network::Operation* const kConcat = network::FindOperation("concatenate");
  static const network::Operation* const kProduct = network::FindOperation("multiply");
  static const network::Operation* const kMean = network::FindOperation("mean");
  switch (combine) {
    case Combine::kSum:
      return *kSum;
    case Combine::kConcat:
      return *kConcat;
    case Combine::kProduct:
      return *kProduct;
    default:
      return *kMean;
  }
}

}  // namespace

absl::StatusOr<ExprValue> BuildState::Evaluate(const Expression& expression,
                                               const Tensors& inputs) const {
  return space::Evaluate(expression, [&](const Expression& variable) -> absl::StatusOr<ExprValue> {
    switch (variable.variable_kind) {
      case VariableKind::kDecision:
        return decisions->ValueOf(variable.variable);
      case VariableKind::kSlot:
        return slots[variable.variable];
      case VariableKind::kInputShape:
        return ShapeOf(*this, inputs, variable.variable, variable.variable_detail);
      default:
        return ShapeOf(*this, tensors[variable.variable], 0, variable.variable_detail);
    }
  });
}

absl::Status AtLine(int line, const absl::Status& status) {
  const absl::string_view message = status.message();
  if (!message.empty() && message[0] >= '0' && message[0] <= '9') return status;
  return absl::Status(status.code(), absl::StrCat(line, ": ", message));
}

absl::StatusOr<Tensors> CombineTensors(BuildState& state, Combine combine, const std::string& path,
                                       Tensors tensors) {
  if (combine == Combine::kList || tensors.size() < 2) return tensors;
  NASCENT_ASSIGN_OR_RETURN(
      int node, state.sink->Add(path, OperationOf(combine), {}, std::span<const int>(tensors)));
  return Tensors{node};
}

}  // namespace nascent::space
