#include "common/space/language/kinds/named.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/network/operations.h"
#include "common/space/language/block_kinds.h"
#include "common/space/language/elaborator.h"
#include "common/spec/suggest.h"
#include "common/status_macros.h"

namespace nascent::space {
namespace {

// Computes parameters of a named block, then runs it.
class LetBlock : public Block {
 public:
  struct Parameter {
    int slot;
    ExpressionPtr value;
  };
  LetBlock(std::vector<Parameter> parameters, BlockPtr body, int line)
      : parameters_(std::move(parameters)), body_(std::move(body)), line_(line) {}
  absl::StatusOr<Tensors> Build(BuildState& state, const Tensors& inputs) const override;

 private:
  std::vector<Parameter> parameters_;
  BlockPtr body_;
  int line_;
};

absl::StatusOr<Tensors> LetBlock::Build(BuildState& state, const Tensors& inputs) const {
  for (const Parameter& parameter : parameters_) {
    absl::StatusOr<ExprValue> value = state.Evaluate(*parameter.value, inputs);
    if (!value.ok()) return AtLine(line_, value.status());
    state.slots[parameter.slot] = *std::move(value);
  }
  return body_->Build(state, inputs);
}

absl::Status ReadParameters(const Elaborator& e, const DocumentNode& node, NamedBlock& block) {
  if (node.kind == DocumentNode::Kind::kScalar) {
    return e.Error(node, "parameters are a list of names, or a map with defaults");
  }
  const auto add = [&](const DocumentNode& name, const DocumentNode* value) -> absl::Status {
    NASCENT_ASSIGN_OR_RETURN(std::string text, e.NameOf(name, "a parameter"));
    for (const NamedBlock::Parameter& known : block.parameters) {
      if (known.name == text) {
        return e.Error(name, absl::StrCat("parameter \"", text, "\" twice"));
      }
    }
    block.parameters.push_back({std::move(text), value});
    return absl::OkStatus();
  };
  for (const DocumentNode::Entry& entry : node.entries) {
    const bool required = entry.value->kind == DocumentNode::Kind::kNull;
    NASCENT_RETURN_IF_ERROR(
        add(WordAt(entry.line, entry.key), required ? nullptr : entry.value.get()));
  }
  for (const spec::DocumentNodePtr& item : node.items) {
    NASCENT_RETURN_IF_ERROR(add(*item, nullptr));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadNamedBlocks(Elaborator& e, const DocumentNode* section) {
  const Elaborator::Trail trail(e, "blocks");
  for (size_t i = 0; section != nullptr && i < section->entries.size(); ++i) {
    const DocumentNode::Entry& entry = section->entries[i];
    const Elaborator::Trail name_trail(e, entry.key);
    if (network::FindOperation(entry.key) != nullptr) {
      return e.Error(entry.line, "an operation has this name; choose another one");
    }
    NamedBlock block{
        .name = entry.key, .parameters = {}, .body = entry.value.get(), .line = entry.line};
    const bool full = entry.value->kind == DocumentNode::Kind::kMap &&
                      std::any_of(entry.value->entries.begin(), entry.value->entries.end(),
                                  [](const auto& field) { return field.key == "body"; });
    if (!full && entry.value->Find("parameters") != nullptr) {
      return e.Error(entry.line, "parameters stand beside body: {parameters: …, body: block}");
    }
    for (size_t f = 0; full && f < entry.value->entries.size(); ++f) {
      const DocumentNode::Entry& field = entry.value->entries[f];
      if (field.key == "body") {
        block.body = field.value.get();
      } else if (field.key == "parameters") {
        NASCENT_RETURN_IF_ERROR(ReadParameters(e, *field.value, block));
      } else if (field.key != "description") {
        return e.Error(field.line, absl::StrCat("found \"", field.key,
                                                "\" in a block, allowed are "
                                                "parameters, body, description"));
      }
    }
    e.AddBlock(std::move(block));
  }
  return absl::OkStatus();
}

absl::StatusOr<Made> MakeNamed(Elaborator& e, const NamedBlock& block, const DocumentNode& at,
                               const DocumentNode* arguments, const Place& place) {
  std::map<std::string_view, const DocumentNode*> given;
  for (size_t i = 0; arguments != nullptr && i < arguments->entries.size(); ++i) {
    const DocumentNode::Entry& entry = arguments->entries[i];
    std::vector<std::string> known;
    for (const NamedBlock::Parameter& parameter : block.parameters) known.push_back(parameter.name);
    if (std::find(known.begin(), known.end(), entry.key) == known.end()) {
      return e.Error(
          entry.line,
          absl::StrCat(
              "no parameter is called \"", entry.key, "\"", spec::DidYouMean(entry.key, known),
              known.empty() ? "; there are none" : "; known are " + absl::StrJoin(known, ", ")));
    }
    given[entry.key] = entry.value.get();
  }
  Scope scope{.outer = &e.root(), .values = {}, .tensors = {}, .nodes = nullptr};
  Place inside = place;
  inside.scope = &scope;
  std::vector<LetBlock::Parameter> computed;
  for (const NamedBlock::Parameter& parameter : block.parameters) {
    const auto argument = given.find(parameter.name);
    const bool is_given = argument != given.end();
    const DocumentNode* value_node = is_given ? argument->second : parameter.default_value;
    const Elaborator::Trail trail(e, parameter.name);
    if (value_node == nullptr) return e.Error(at, "this parameter must be given");
    // What is given means what it means at the call; a default what it means in the block.
    absl::StatusOr<ExpressionPtr> value =
        e.ValueOf(*value_node, is_given ? place : inside, Joined(place.label, parameter.name));
    if (!value.ok()) return value.status();
    bool shapes = false;
    ForEachVariable(**value, [&](const Expression& variable) {
      shapes = shapes || variable.variable_kind == VariableKind::kInputShape;
    });
    if (shapes) {
      const int slot = e.NewSlot();
      computed.push_back({slot, *value});
      value = MakeVariable(VariableKind::kSlot, slot);
    }
    scope.values.emplace_back(parameter.name, *std::move(value));
  }
  absl::StatusOr<Made> body = e.Make(*block.body, inside);
  if (!body.ok() || computed.empty()) return body;
  return Made{std::make_unique<LetBlock>(std::move(computed), std::move(body->block), at.line),
              body->outputs};
}

}  // namespace nascent::space
