#include "common/space/language/blocks.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace nascent::space {
namespace {

int64_t Detail(const network::Shape& shape, int detail) {
  const size_t rank = shape.size();
  switch (detail) {
    case kChannels:
      return rank > 0 ? shape[0] : 1;
    case kHeight:
      return rank > 1 ? shape[rank - 2] : 1;
    case kWidth:
    case kFeatures:
      return rank > 0 ? shape[rank - 1] : 1;
    case kRank:
      return static_cast<int64_t>(rank);
    default:
      return network::ElementCount(shape);
  }
}

absl::StatusOr<ExprValue> ShapeOf(const BuildState& state, const Tensors& tensors, int which,
                                  int detail) {
  if (detail == kCount) return static_cast<int64_t>(tensors.size());
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
      case kDecisionValue:
        return decisions->ValueOf(variable.variable);
      case kOptionIndex:
        return decisions->IndexOf(variable.variable);
      case kSlotValue:
        return slots[variable.variable];
      case kInputShape:
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
  absl::StatusOr<int> node =
      state.sink->Add(path, OperationOf(combine), {}, std::span<const int>(tensors));
  if (!node.ok()) return node.status();
  return Tensors{*node};
}

absl::StatusOr<network::Attribute> ToAttribute(const network::AttributeSpec& spec,
                                               const ExprValue& value) {
  using Type = network::AttributeSpec::Type;
  const auto wrong = [&](std::string_view wanted) {
    return absl::InvalidArgumentError(
        absl::StrCat(spec.name, ": found ", value.Text(), ", allowed is ", std::string(wanted)));
  };
  switch (spec.type) {
    case Type::kInteger: {
      const std::optional<int64_t> whole = value.AsInteger();
      if (!whole || value.AsFlag() != nullptr) return wrong("a whole number");
      return network::Attribute(*whole);
    }
    case Type::kReal: {
      const std::optional<double> real = value.AsReal();
      if (!real || value.AsFlag() != nullptr) return wrong("a number");
      return network::Attribute(*real);
    }
    case Type::kFlag: {
      const bool* flag = value.AsFlag();
      if (flag == nullptr) return wrong("true or false");
      return network::Attribute(*flag);
    }
    case Type::kText: {
      const std::string* text = value.AsText();
      if (text == nullptr) return wrong("a text");
      return network::Attribute(*text);
    }
    case Type::kIntegers:
      break;
  }
  if (const std::optional<int64_t> whole = value.AsInteger()) return network::Attribute(*whole);
  if (value.AsList() == nullptr) return wrong("a list of whole numbers");
  std::vector<int64_t> numbers;
  for (const ExprValue& item : *value.AsList()) {
    const std::optional<int64_t> whole = item.AsInteger();
    if (!whole) return wrong("a list of whole numbers");
    numbers.push_back(*whole);
  }
  return network::Attribute(std::move(numbers));
}

OperationBlock::OperationBlock(const network::Operation* operation, std::string path, int line,
                               network::Attributes given, std::vector<Computed> computed)
    : operation_(operation),
      path_(std::move(path)),
      line_(line),
      given_(std::move(given)),
      computed_(std::move(computed)) {}

absl::Status OperationBlock::AddComputed(BuildState& state, const Tensors& inputs,
                                         network::Attributes& attributes) const {
  for (const Computed& computed : computed_) {
    absl::StatusOr<ExprValue> value = state.Evaluate(*computed.value, inputs);
    if (!value.ok()) return value.status();
    absl::StatusOr<network::Attribute> attribute = ToAttribute(*computed.spec, *value);
    if (!attribute.ok()) return attribute.status();
    attributes[computed.spec->name] = *std::move(attribute);
  }
  return absl::OkStatus();
}

absl::StatusOr<Tensors> OperationBlock::Build(BuildState& state, const Tensors& inputs) const {
  absl::StatusOr<int> node = 0;
  if (computed_.empty()) {
    node = state.sink->Add(path_, *operation_, given_, std::span<const int>(inputs));
  } else {
    network::Attributes all = given_;
    if (absl::Status status = AddComputed(state, inputs, all); !status.ok()) {
      return AtLine(line_,
                    absl::Status(status.code(), absl::StrCat(path_, ": ", status.message())));
    }
    node = state.sink->AddComputed(path_, *operation_, all, std::span<const int>(inputs));
  }
  if (!node.ok()) return AtLine(line_, node.status());
  return Tensors{*node};
}

absl::StatusOr<Tensors> SequenceBlock::Build(BuildState& state, const Tensors& inputs) const {
  Tensors tensors = inputs;
  for (const BlockPtr& item : items_) {
    absl::StatusOr<Tensors> next = item->Build(state, tensors);
    if (!next.ok()) return next;
    tensors = *std::move(next);
  }
  return tensors;
}

BranchesBlock::BranchesBlock(std::vector<Branch> branches, Combine combine, std::string path,
                             int line)
    : branches_(std::move(branches)), combine_(combine), path_(std::move(path)), line_(line) {}

void BranchesBlock::SetSubsets(int decision, std::vector<std::vector<int>> subsets) {
  decision_ = decision;
  subsets_ = std::move(subsets);
}

absl::StatusOr<Tensors> BranchesBlock::Build(BuildState& state, const Tensors& inputs) const {
  Tensors outputs;
  const auto run = [&](const Branch& branch) -> absl::Status {
    if (branch.only_if_unused >= 0 && state.used[branch.only_if_unused] != 0) {
      return absl::OkStatus();
    }
    if (branch.flag >= 0 && *state.decisions->IndexOf(branch.flag).AsInteger() == 0) {
      return absl::OkStatus();
    }
    absl::StatusOr<Tensors> output = branch.block->Build(state, inputs);
    if (!output.ok()) return output.status();
    outputs.insert(outputs.end(), output->begin(), output->end());
    return absl::OkStatus();
  };
  if (decision_ < 0) {
    for (const Branch& branch : branches_) {
      if (absl::Status status = run(branch); !status.ok()) return status;
    }
  } else {
    for (const int i : subsets_[*state.decisions->IndexOf(decision_).AsInteger()]) {
      if (absl::Status status = run(branches_[i]); !status.ok()) return status;
    }
  }
  absl::StatusOr<Tensors> combined = CombineTensors(state, combine_, path_, std::move(outputs));
  if (!combined.ok()) return AtLine(line_, combined.status());
  return combined;
}

absl::StatusOr<Tensors> ChoiceBlock::Build(BuildState& state, const Tensors& inputs) const {
  return options_[*state.decisions->IndexOf(decision_).AsInteger()]->Build(state, inputs);
}

RepeatBlock::RepeatBlock(std::vector<BlockPtr> copies, ExpressionPtr times, int history,
                         bool all_results, int line)
    : copies_(std::move(copies)),
      times_(std::move(times)),
      history_(history),
      all_results_(all_results),
      line_(line) {}

absl::StatusOr<Tensors> RepeatBlock::Build(BuildState& state, const Tensors& inputs) const {
  auto times = static_cast<int64_t>(copies_.size());
  if (times_ != nullptr) {
    absl::StatusOr<ExprValue> value = state.Evaluate(*times_, inputs);
    if (!value.ok()) return AtLine(line_, value.status());
    const std::optional<int64_t> whole = value->AsInteger();
    if (!whole || *whole < 0 || *whole > times) {
      return AtLine(line_,
                    absl::InvalidArgumentError(absl::StrCat("repeat: found ", value->Text(),
                                                            " times, allowed are 0 to ", times)));
    }
    times = *whole;
  }
  if (history_ == 1) {
    Tensors tensors = inputs;
    for (int64_t i = 0; i < times; ++i) {
      absl::StatusOr<Tensors> next = copies_[i]->Build(state, tensors);
      if (!next.ok()) return next;
      tensors = *std::move(next);
    }
    return tensors;
  }
  Tensors past = inputs;
  while (history_ > 0 && !past.empty() && static_cast<int>(past.size()) < history_) {
    past.insert(past.begin(), past.front());
  }
  for (int64_t i = 0; i < times; ++i) {
    const size_t window = history_ == 0 ? past.size() : std::min<size_t>(history_, past.size());
    const Tensors given(past.end() - static_cast<ptrdiff_t>(window), past.end());
    absl::StatusOr<Tensors> next = copies_[i]->Build(state, given);
    if (!next.ok()) return next;
    past.insert(past.end(), next->begin(), next->end());
  }
  if (all_results_ || past.empty()) return past;
  return Tensors{past.back()};
}

GraphBlock::GraphBlock(std::vector<int> inputs, std::vector<Node> nodes, BlockPtr output, int line)
    : inputs_(std::move(inputs)),
      nodes_(std::move(nodes)),
      output_(std::move(output)),
      line_(line) {}

absl::StatusOr<Tensors> GraphBlock::Build(BuildState& state, const Tensors& inputs) const {
  if (inputs.size() != inputs_.size()) {
    return AtLine(line_, absl::InvalidArgumentError(absl::StrCat(
                             "graph: found ", inputs.size(), " inputs, needs ", inputs_.size())));
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    state.tensors[inputs_[i]] = {inputs[i]};
    state.used[inputs_[i]] = 0;
  }
  for (const Node& node : nodes_) state.used[node.value] = 0;
  for (const Node& node : nodes_) {
    absl::StatusOr<Tensors> output = node.block->Build(state, inputs);
    if (!output.ok()) return output;
    state.tensors[node.value] = *std::move(output);
  }
  return output_->Build(state, inputs);
}

absl::StatusOr<Tensors> FromBlock::Build(BuildState& state, const Tensors&) const {
  Tensors tensors;
  for (const int value : values_) {
    state.used[value] = 1;
    tensors.insert(tensors.end(), state.tensors[value].begin(), state.tensors[value].end());
  }
  return block_->Build(state, tensors);
}

absl::StatusOr<Tensors> IfBlock::Build(BuildState& state, const Tensors& inputs) const {
  absl::StatusOr<ExprValue> value = state.Evaluate(*condition_, inputs);
  if (!value.ok()) return AtLine(line_, value.status());
  const bool* flag = value->AsFlag();
  if (flag == nullptr) {
    return AtLine(line_, absl::InvalidArgumentError(absl::StrCat("if: found ", value->Text(),
                                                                 ", allowed are true and false")));
  }
  return (*flag ? yes_ : no_)->Build(state, inputs);
}

absl::StatusOr<Tensors> LetBlock::Build(BuildState& state, const Tensors& inputs) const {
  for (const Parameter& parameter : parameters_) {
    absl::StatusOr<ExprValue> value = state.Evaluate(*parameter.value, inputs);
    if (!value.ok()) return AtLine(line_, value.status());
    state.slots[parameter.slot] = *std::move(value);
  }
  return body_->Build(state, inputs);
}

absl::StatusOr<Tensors> SideOutputBlock::Build(BuildState& state, const Tensors& inputs) const {
  absl::StatusOr<Tensors> output = body_->Build(state, inputs);
  if (!output.ok()) return output;
  if (output->size() != 1) {
    return AtLine(
        line_, absl::InvalidArgumentError(absl::StrCat("side_output ", name_, ": found ",
                                                       output->size(), " tensors, one is needed")));
  }
  state.side_outputs.emplace_back(name_, output->front());
  return inputs;
}

}  // namespace nascent::space
