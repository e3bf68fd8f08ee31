#include "common/space/language/rules.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/space/language/expression_parser.h"
#include "common/spec/suggest.h"
#include "common/status_macros.h"

namespace nascent::space {
namespace {

using Kind = DocumentNode::Kind;

// `*` stands for any characters.
bool MatchesPattern(std::string_view text, std::string_view pattern) {
  size_t t = 0, p = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

// A decision as a variable, by its label.
absl::StatusOr<ExpressionPtr> DecisionNamed(const ValueReader& e, const std::string& label) {
  const int draft = e.drafts().Find(label);
  if (draft >= 0) return MakeVariable(VariableKind::kDecision, draft);
  std::vector<std::string> labels;
  for (int i = 0; i < std::min(e.drafts().size(), 1000); ++i) {
    labels.push_back(e.drafts().label(i));
  }
  return absl::NotFoundError(
      absl::StrCat("no decision has the label \"", label, "\"", spec::DidYouMean(label, labels)));
}

absl::StatusOr<ExpressionPtr> CallInRule(const ValueReader& e, const std::string& name,
                                         const std::vector<ExpressionPtr>& args) {
  const auto text = [&](size_t i) -> const std::string* {
    return i < args.size() && args[i]->kind == Expression::Kind::kLiteral
               ? args[i]->literal.AsText()
               : nullptr;
  };
  if ((name == "decision" || name == "active") && args.size() == 1 && text(0) != nullptr) {
    absl::StatusOr<ExpressionPtr> variable = DecisionNamed(e, *text(0));
    if (!variable.ok() || name == "decision") return variable;
    auto call = std::make_shared<Expression>();
    call->kind = Expression::Kind::kCall;
    call->name = "is_something";
    call->args = {*variable};
    return ExpressionPtr(call);
  }
  if (name == "count" && args.size() == 2 && text(0) != nullptr) {
    auto call = std::make_shared<Expression>();
    call->kind = Expression::Kind::kCall;
    call->name = "count_equal";
    call->args = {args[1]};
    for (int i = 0; i < e.drafts().size(); ++i) {
      if (MatchesPattern(e.drafts().label(i), *text(0))) {
        call->args.push_back(MakeVariable(VariableKind::kDecision, i));
      }
    }
    if (call->args.size() == 1) {
      return absl::NotFoundError(absl::StrCat("no decision's label matches \"", *text(0), "\""));
    }
    return ExpressionPtr(call);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("no function is called ", name, " with ", args.size(),
                   " such arguments; rules know decision('label'), active('label') and "
                   "count('label*', value)"));
}

// Whether a decision can have that value.
bool CanBe(const DecisionDrafts& drafts, int decision, const ExprValue& value) {
  const Domain& domain = drafts.domain(decision);
  const std::optional<double> number = value.AsReal();
  if (!domain.IsList()) {
    return number && *number >= domain.minimum && *number <= domain.maximum &&
           (domain.kind == Domain::Kind::kReal || value.AsInteger());
  }
  return std::any_of(domain.options.begin(), domain.options.end(), [&](const OptionValue& option) {
    const ExprValue own = std::visit([](const auto& o) { return ExprValue(o); }, option);
    return number && own.AsReal() ? *own.AsReal() == *number : own == value;
  });
}

// What a rule compares decisions with is one of their values: a misspelt option would make a rule
// that never holds.
absl::Status CheckCompared(const DecisionDrafts& drafts, const Expression& e) {
  const bool counts = e.name == "count_equal";
  if (e.kind == Expression::Kind::kCall && (counts || e.name == "==" || e.name == "!=")) {
    std::vector<int> decisions;
    const ExprValue* value = nullptr;
    for (const ExpressionPtr& arg : e.args) {
      if (arg->kind == Expression::Kind::kVariable) decisions.push_back(arg->variable);
      if (arg->kind == Expression::Kind::kLiteral) value = &arg->literal;
    }
    const auto can_be = [&](int decision) { return CanBe(drafts, decision, *value); };
    if (value != nullptr && !decisions.empty() &&
        std::none_of(decisions.begin(), decisions.end(), can_be)) {
      return absl::InvalidArgumentError(absl::StrCat(
          counts ? "no decision that is counted can be " : "the decision is never ", value->Text(),
          "; \"", drafts.label(decisions[0]), "\" is ", DomainText(drafts.domain(decisions[0]))));
    }
  }
  for (const ExpressionPtr& arg : e.args) {
    NASCENT_RETURN_IF_ERROR(CheckCompared(drafts, *arg));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<ForbidRule>> ReadRules(ValueReader& e, const DocumentNode* section) {
  std::vector<ForbidRule> rules;
  const ValueReader::Trail trail(e, "forbid");
  if (section == nullptr || section->kind == Kind::kNull) return rules;
  if (section->kind != Kind::kList) {
    return e.Error(*section, "a list of {when: condition, reason: text} is needed");
  }
  for (size_t i = 0; i < section->items.size(); ++i) {
    const ValueReader::Trail item_trail(e, absl::StrCat("[", i, "]"));
    const DocumentNode& item = *section->items[i];
    const DocumentNode* when = item.Find("when");
    const DocumentNode* reason = item.Find("reason");
    if (when == nullptr || reason == nullptr || item.entries.size() != 2 ||
        when->kind != Kind::kScalar || reason->kind != Kind::kScalar) {
      return e.Error(item, "a rule is {when: condition, reason: text}");
    }
    absl::StatusOr<ExpressionPtr> parsed = ParseExpression(when->text);
    if (!parsed.ok()) return e.Error(*when, std::string(parsed.status().message()));
    absl::StatusOr<ExpressionPtr> bound = Bind(
        *parsed,
        [&](const std::string& name) -> absl::StatusOr<ExpressionPtr> {
          for (const auto& [known, value] : e.root().values) {
            if (known == name) return value;
          }
          return DecisionNamed(e, name);
        },
        [&](const std::string& name, const std::vector<ExpressionPtr>& args) {
          return CallInRule(e, name, args);
        });
    absl::Status status = bound.ok() ? CheckCompared(e.drafts(), **bound) : bound.status();
    if (!status.ok()) return e.Error(*when, std::string(status.message()));
    rules.push_back({*std::move(bound), reason->text, when->line});
  }
  return rules;
}

}  // namespace nascent::space
