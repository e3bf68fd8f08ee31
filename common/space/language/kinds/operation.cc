#include "common/space/language/kinds/operation.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/space/language/block_kinds.h"
#include "common/space/language/elaborator.h"
#include "common/spec/suggest.h"
#include "common/status_macros.h"

namespace nascent::space {
namespace {

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

// An operation. `given` are the attributes that are settled; the others are computed.
class OperationBlock : public Block {
 public:
  struct Computed {
    const network::AttributeSpec* spec;
    ExpressionPtr value;
  };
  OperationBlock(const network::Operation* operation, std::string path, int line,
                 network::Attributes given, std::vector<Computed> computed);
  absl::StatusOr<Tensors> Build(BuildState& state, const Tensors& inputs) const override;

 private:
  absl::Status AddComputed(BuildState& state, const Tensors& inputs,
                           network::Attributes& attributes) const;

  const network::Operation* operation_;
  std::string path_;
  int line_;
  network::Attributes given_;
  std::vector<Computed> computed_;
};

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
    NASCENT_ASSIGN_OR_RETURN(ExprValue value, state.Evaluate(*computed.value, inputs));
    NASCENT_ASSIGN_OR_RETURN(attributes[computed.spec->name], ToAttribute(*computed.spec, value));
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

// What an operation is given.
struct OperationArguments {
  network::Attributes given;                       // settled
  std::vector<OperationBlock::Computed> computed;  // the others
  std::string content;                             // tells settled ones apart
};

absl::Status AddArgument(Elaborator& e, const network::Operation& operation,
                         const DocumentNode::Entry& entry, const Place& place,
                         OperationArguments& arguments) {
  const Elaborator::Trail trail(e, entry.key);
  const auto spec = std::find_if(operation.attributes.begin(), operation.attributes.end(),
                                 [&](const auto& s) { return s.name == entry.key; });
  if (spec == operation.attributes.end()) {
    std::vector<std::string> known;
    for (const network::AttributeSpec& s : operation.attributes) known.push_back(s.name);
    return e.Error(entry.line,
                   absl::StrCat("no such setting", spec::DidYouMean(entry.key, known),
                                known.empty() ? "; there are none"
                                              : "; known are " + absl::StrJoin(known, ", ")));
  }
  NASCENT_ASSIGN_OR_RETURN(ExpressionPtr value,
                           e.ValueOf(*entry.value, place, Joined(place.label, entry.key)));
  if (value->kind != Expression::Kind::kLiteral) {
    arguments.computed.push_back({&*spec, std::move(value)});
    return absl::OkStatus();
  }
  absl::StatusOr<network::Attribute> attribute = ToAttribute(*spec, value->literal);
  if (!attribute.ok()) return e.Error(*entry.value, std::string(attribute.status().message()));
  absl::StrAppend(&arguments.content, "\n", entry.key, "=", value->literal.v.index(), ":",
                  value->literal.Text());
  arguments.given[entry.key] = *std::move(attribute);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Made> MakeOperation(Elaborator& e, const network::Operation& operation,
                                   const DocumentNode& at, const DocumentNode* arguments,
                                   const Place& place) {
  if (operation.name == "input") return e.Error(at, "a template makes no inputs of its own");
  if (place.inputs >= 0 && (place.inputs < operation.min_inputs ||
                            (operation.max_inputs >= 0 && place.inputs > operation.max_inputs))) {
    return e.Error(at, absl::StrCat("found ", place.inputs, " inputs, takes ", operation.min_inputs,
                                    operation.max_inputs < 0 ? " or more"
                                    : operation.max_inputs == operation.min_inputs
                                        ? ""
                                        : absl::StrCat(" to ", operation.max_inputs)));
  }
  OperationArguments all{.given = {}, .computed = {}, .content = operation.name};
  for (size_t i = 0; arguments != nullptr && i < arguments->entries.size(); ++i) {
    NASCENT_RETURN_IF_ERROR(AddArgument(e, operation, arguments->entries[i], place, all));
  }
  auto& [given, computed, content] = all;
  for (const network::AttributeSpec& spec : operation.attributes) {
    const bool is_computed = std::any_of(computed.begin(), computed.end(),
                                         [&spec](const auto& c) { return c.spec == &spec; });
    if (spec.required && !is_computed && !given.contains(spec.name)) {
      return e.Error(at, absl::StrCat(spec.name, " is missing: ", spec.description));
    }
  }
  if (computed.empty()) {
    if (absl::StatusOr<network::Attributes> complete = network::Complete(operation, given);
        !complete.ok()) {
      return e.Error(at, std::string(complete.status().message()));
    }
  }
  given = e.Intern(content, given);
  return Made{
      std::make_unique<OperationBlock>(&operation, place.path.empty() ? operation.name : place.path,
                                       at.line, std::move(given), std::move(computed)),
      1};
}

}  // namespace nascent::space
