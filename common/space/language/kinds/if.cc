// Either block, by a condition.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/space/language/block_kinds.h"
#include "common/space/language/elaborator.h"
#include "common/status_macros.h"

namespace nascent::space {
namespace {

// Either block, by a condition on shapes or decisions.
class IfBlock : public Block {
 public:
  IfBlock(ExpressionPtr condition, BlockPtr yes, BlockPtr no, int line)
      : condition_(std::move(condition)), yes_(std::move(yes)), no_(std::move(no)), line_(line) {}
  absl::StatusOr<Tensors> Build(BuildState& state, const Tensors& inputs) const override;

 private:
  ExpressionPtr condition_;
  BlockPtr yes_, no_;
  int line_;
};

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

}  // namespace

absl::StatusOr<Made> MakeIf(Elaborator& e, const BlockSource& source) {
  const DocumentNode& condition = source.value;
  const BlockSettings& settings = source.settings;
  const Place& place = source.place;
  const DocumentNode nothing = NothingAt(condition.line);
  if (settings.empty()) return e.Error(condition, "then and else are missing; give one of them");
  const auto body = [&](const char* key) {
    const DocumentNode* given = settings.Find(key);
    return given == nullptr ? &nothing : given;
  };
  NASCENT_ASSIGN_OR_RETURN(ExpressionPtr bound, e.ValueOf(condition, place, ""));
  const auto wrong = [&](const ExprValue& value) {
    return e.Error(condition, absl::StrCat("found ", value.Text(), ", allowed are true and false"));
  };
  if (bound->kind == Expression::Kind::kLiteral) {
    const bool* flag = bound->literal.AsFlag();
    if (flag == nullptr) return wrong(bound->literal);
    const char* key = *flag ? "then" : "else";
    const Elaborator::Trail trail(e, key);
    return e.Make(*body(key), place);
  }
  Place yes = place, no = place;
  NASCENT_ASSIGN_OR_RETURN(std::optional<ByDecision> split, e.SplitByDecision(condition, *bound));
  if (split.has_value()) {
    Condition::Term when{split->decision, {}}, otherwise{split->decision, {}};
    for (const auto& [raw, value] : split->results) {
      if (value.AsFlag() == nullptr) return wrong(value);
      (*value.AsFlag() ? when : otherwise).values.push_back(raw);
    }
    yes.condition.push_back(std::move(when));
    no.condition.push_back(std::move(otherwise));
  } else {
    yes.undecidable = no.undecidable = true;
  }
  // Both sides keep the path: a network has only one of them, and what both call by the same name
  // must be told apart.
  yes.path = Joined(place.path, "then");
  no.path = Joined(place.path, "else");
  yes.label = Joined(place.label, "then");
  no.label = Joined(place.label, "else");
  absl::StatusOr<Made> then_made = [&] {
    const Elaborator::Trail trail(e, "then");
    return e.Make(*body("then"), yes);
  }();
  if (!then_made.ok()) return then_made;
  const Elaborator::Trail trail(e, "else");
  absl::StatusOr<Made> else_made = e.Make(*body("else"), no);
  if (!else_made.ok()) return else_made;
  const int outputs = then_made->outputs == else_made->outputs ? then_made->outputs : -1;
  return Made{std::make_unique<IfBlock>(bound, std::move(then_made->block),
                                        std::move(else_made->block), condition.line),
              outputs};
}

}  // namespace nascent::space
