#include "common/space/language/value_reader.h"

#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/space/language/expression_parser.h"
#include "common/spec/suggest.h"
#include "common/status_macros.h"

namespace nascent::space {
namespace {

using Kind = DocumentNode::Kind;

constexpr const char* kDomains[] = {"choice",      "ordered", "integer",
                                    "log_integer", "uniform", "log_uniform"};

std::optional<ShapeDetail> DetailOf(std::string_view name) {
  static const auto* const kDetails = new std::map<std::string, ShapeDetail, std::less<>>{
      {"channels", ShapeDetail::kChannels}, {"height", ShapeDetail::kHeight},
      {"width", ShapeDetail::kWidth},       {"features", ShapeDetail::kFeatures},
      {"rank", ShapeDetail::kRank},         {"elements", ShapeDetail::kElements},
      {"count", ShapeDetail::kCount}};
  const auto found = kDetails->find(name);
  return found == kDetails->end() ? std::nullopt : std::optional(found->second);
}

bool IsPlainName(const Expression& e) {
  return e.kind == Expression::Kind::kName && e.name.find('.') == std::string::npos;
}

}  // namespace

std::string Joined(const std::string& a, const std::string& b) {
  return a.empty() ? b : b.empty() ? a : absl::StrCat(a, ".", b);
}

std::string DomainText(const Domain& domain) {
  if (!domain.IsList()) {
    return absl::StrCat(OptionText(domain.minimum), " to ", OptionText(domain.maximum));
  }
  constexpr size_t kShown = 20;
  const auto end =
      domain.options.begin() + static_cast<ptrdiff_t>(std::min(domain.options.size(), kShown));
  return absl::StrCat("one of ",
                      absl::StrJoin(domain.options.begin(), end, ", ",
                                    [](std::string* out, const OptionValue& option) {
                                      out->append(OptionText(option));
                                    }),
                      domain.options.size() > kShown ? ", …" : "");
}

const Domain* ValueReader::FindDeclared(const std::string& name) const {
  const auto found = declared_.find(name);
  return found == declared_.end() ? nullptr : &found->second.first;
}

absl::Status ValueReader::CheckDeclaredAreUsed() {
  for (const auto& [label, declaration] : declared_) {
    if (drafts_.Find(label) >= 0) continue;
    const Trail trail(*this, "decisions." + label);
    return Error(declaration.second, "nothing uses this decision");
  }
  return absl::OkStatus();
}

std::vector<std::string> DomainWords() { return {std::begin(kDomains), std::end(kDomains)}; }

std::vector<std::string> ValueReader::NamesAt(const Place& place) const {
  std::set<std::string> names;
  for (const Scope* scope = place.scope; scope != nullptr; scope = scope->outer) {
    for (const auto& [name, value] : scope->values) names.insert(name);
    for (const auto& [name, values] : scope->tensors) names.insert(name + ".channels");
  }
  for (const auto& [name, domain] : declared_) names.insert(name);
  names.insert("in.channels");
  return {names.begin(), names.end()};
}

absl::StatusOr<ExpressionPtr> ValueReader::ResolveName(const std::string& name, const Place& place,
                                                       const DocumentNode& node) {
  for (const Scope* scope = place.scope; scope != nullptr; scope = scope->outer) {
    for (const auto& [known, value] : scope->values) {
      if (known == name) return value;
    }
  }
  if (const auto found = declared_.find(name); found != declared_.end()) {
    NASCENT_ASSIGN_OR_RETURN(int decision, Decide(node, name, found->second.first, place));
    return MakeVariable(VariableKind::kDecision, decision);
  }
  const size_t dot = name.rfind('.');
  if (dot != std::string::npos) {
    const std::string_view owner = std::string_view(name).substr(0, dot);
    const std::optional<ShapeDetail> detail = DetailOf(std::string_view(name).substr(dot + 1));
    if (detail && owner == "in") {
      if (*detail == ShapeDetail::kCount && place.inputs >= 0) {
        return MakeLiteral(int64_t{place.inputs});
      }
      return MakeVariable(VariableKind::kInputShape, 0, *detail);
    }
    const std::vector<int>* values = detail ? FindTensor(place.scope, owner) : nullptr;
    if (values != nullptr && values->size() == 1) {
      return MakeVariable(VariableKind::kTensorShape, values->front(), *detail);
    }
  }
  const std::vector<std::string> names = NamesAt(place);
  std::string known =
      absl::StrJoin(names.begin(), names.begin() + std::min<size_t>(names.size(), 12), ", ");
  return absl::NotFoundError(absl::StrCat("\"", name, "\" names nothing here",
                                          spec::DidYouMean(name, names), "; known are ", known));
}

absl::StatusOr<ExpressionPtr> ValueReader::BindText(const DocumentNode& node, std::string_view text,
                                                    const Place& place) {
  ExpressionPtr& parsed = parsed_[&node];
  ExpressionPtr tree = parsed;
  if (tree == nullptr || text != node.text) {
    absl::StatusOr<ExpressionPtr> fresh = ParseExpression(text);
    if (!fresh.ok()) return Error(node, std::string(fresh.status().message()));
    tree = *std::move(fresh);
    if (text == node.text) parsed = tree;
  }
  absl::StatusOr<ExpressionPtr> bound =
      Bind(tree, [&](const std::string& name) { return ResolveName(name, place, node); });
  if (bound.ok()) return bound;
  // A word that names nothing is a text.
  if (absl::IsNotFound(bound.status()) && IsPlainName(*tree)) return MakeLiteral(tree->name);
  if (absl::StartsWith(bound.status().message(), file() + ":")) return bound.status();
  return Error(node, std::string(bound.status().message()));
}

absl::StatusOr<ExpressionPtr> ValueReader::ValueOf(const DocumentNode& node, const Place& place,
                                                   const std::string& label) {
  if (node.kind == Kind::kNull) return Error(node, "a value is missing");
  if (node.kind == Kind::kMap) return InlineDecision(node, place, label);
  if (node.kind == Kind::kList) {
    auto list = std::make_shared<Expression>();
    list->kind = Expression::Kind::kList;
    for (size_t i = 0; i < node.items.size(); ++i) {
      absl::StatusOr<ExpressionPtr> item =
          ValueOf(*node.items[i], place, absl::StrCat(label, ".", i));
      if (!item.ok()) return item;
      list->args.push_back(*std::move(item));
    }
    if (list->args.empty()) return MakeLiteral(std::vector<ExprValue>());
    return Bind(list, nullptr);
  }
  if (node.text.find('{') != std::string::npos) {
    NASCENT_ASSIGN_OR_RETURN(std::string text, TextOf(node, place));
    return MakeLiteral(std::move(text));
  }
  return BindText(node, node.text, place);
}

absl::StatusOr<ExprValue> ValueReader::SettledValue(const DocumentNode& node, const Place& place) {
  NASCENT_ASSIGN_OR_RETURN(ExpressionPtr value, ValueOf(node, place, ""));
  if (value->kind != Expression::Kind::kLiteral) {
    return Error(node, absl::StrCat(spec::Describe(node),
                                    " depends on a decision or a shape; only constants, parameters "
                                    "and indices are settled here"));
  }
  return value->literal;
}

absl::StatusOr<int64_t> ValueReader::SettledInteger(const DocumentNode& node, const Place& place,
                                                    int64_t low, int64_t high) {
  NASCENT_ASSIGN_OR_RETURN(ExprValue value, SettledValue(node, place));
  const std::optional<int64_t> whole = value.AsInteger();
  if (!whole || *whole < low || *whole > high) {
    return Error(node, absl::StrCat("found ", value.Text(), ", allowed are whole numbers from ",
                                    low, " to ", high));
  }
  return *whole;
}

absl::StatusOr<std::string> ValueReader::TextOf(const DocumentNode& node, const Place& place) {
  if (node.kind != Kind::kScalar) {
    return Error(node, absl::StrCat("found ", spec::Describe(node), ", a text is needed"));
  }
  std::string result;
  std::string_view rest = node.text;
  while (true) {
    const size_t open = rest.find('{');
    result += rest.substr(0, open);
    if (open == std::string_view::npos) return result;
    const size_t close = rest.find('}', open);
    if (close == std::string_view::npos) return Error(node, "a { without its }");
    NASCENT_ASSIGN_OR_RETURN(ExpressionPtr value,
                             BindText(node, rest.substr(open + 1, close - open - 1), place));
    if (value->kind != Expression::Kind::kLiteral) {
      return Error(node,
                   absl::StrCat("\"", node.text,
                                "\" depends on a decision or a shape; names must be settled"));
    }
    result += value->literal.Text();
    rest.remove_prefix(close + 1);
  }
}

absl::Status ValueReader::AddOptions(const DocumentNode& node, const std::vector<ExprValue>& list,
                                     bool ordered, Domain& domain) const {
  domain.kind = ordered ? Domain::Kind::kOrdered : Domain::Kind::kCategorical;
  for (const ExprValue& item : list) {
    if (const auto* whole = std::get_if<int64_t>(&item.v)) {
      domain.options.emplace_back(*whole);
    } else if (const auto* real = std::get_if<double>(&item.v)) {
      domain.options.emplace_back(*real);
    } else if (item.AsFlag() != nullptr) {
      domain.options.emplace_back(*item.AsFlag());
    } else if (item.AsText() != nullptr) {
      domain.options.emplace_back(*item.AsText());
    } else {
      return Error(node, absl::StrCat("found the option ", item.Text(),
                                      ", allowed are numbers, texts, true and false"));
    }
  }
  return absl::OkStatus();
}

absl::Status ValueReader::SetRange(const DocumentNode& node, const std::vector<ExprValue>& list,
                                   const std::string& kind, Domain& domain) const {
  domain.kind = absl::StrContains(kind, "integer") ? Domain::Kind::kInteger : Domain::Kind::kReal;
  domain.log = absl::StartsWith(kind, "log");
  const std::optional<double> low = list.size() == 2 ? list[0].AsReal() : std::nullopt;
  const std::optional<double> high = list.size() == 2 ? list[1].AsReal() : std::nullopt;
  if (!low || !high) {
    return Error(node,
                 absl::StrCat("found ", ExprValue(list).Text(), ", [minimum, maximum] is needed"));
  }
  domain.minimum = *low;
  domain.maximum = *high;
  return absl::OkStatus();
}

absl::StatusOr<Domain> ValueReader::DomainOf(const DocumentNode& node, const Place& place) {
  const DocumentNode* found = nullptr;
  std::string kind;
  if (node.kind == Kind::kMap) {
    for (const DocumentNode::Entry& entry : node.entries) {
      const bool known =
          std::find(std::begin(kDomains), std::end(kDomains), entry.key) != std::end(kDomains);
      if (known && found == nullptr) {
        kind = entry.key;
        found = entry.value.get();
      } else if (entry.key != "label") {
        return Error(entry.line,
                     absl::StrCat("found \"", entry.key, "\" in a decision, allowed is one of ",
                                  absl::StrJoin(kDomains, ", "), ", and label"));
      }
    }
  }
  if (found == nullptr) {
    return Error(node, absl::StrCat("found ", spec::Describe(node), ", a decision is one of ",
                                    absl::StrJoin(kDomains, ", ")));
  }
  const Trail trail(*this, kind);
  NASCENT_ASSIGN_OR_RETURN(ExprValue value, SettledValue(*found, place));
  const std::vector<ExprValue>* list = value.AsList();
  if (list == nullptr) {
    return Error(*found, absl::StrCat("found ", value.Text(), ", a list is needed"));
  }
  Domain domain;
  NASCENT_RETURN_IF_ERROR(kind == "choice" || kind == "ordered"
                              ? AddOptions(*found, *list, kind == "ordered", domain)
                              : SetRange(*found, *list, kind, domain));
  if (absl::Status status = ValidateDomain(domain); !status.ok()) {
    return Error(*found, std::string(status.message()));
  }
  return domain;
}

absl::StatusOr<int> ValueReader::Decide(const DocumentNode& node, const std::string& label,
                                        const Domain& domain, const Place& place) {
  if (place.undecidable) {
    const int known = drafts_.Find(label);
    if (known < 0 || !drafts_.IsAlwaysActive(known)) {
      return Error(node, absl::StrCat("decision \"", label,
                                      "\" stands below a condition on shapes, so nothing says when "
                                      "it is active; use a choice"));
    }
  }
  if (label.empty()) return Error(node, "this decision needs a label");
  absl::StatusOr<int> decision = drafts_.Add(label, domain, place.condition);
  if (!decision.ok()) return Error(node, std::string(decision.status().message()));
  return decision;
}

absl::StatusOr<ExpressionPtr> ValueReader::InlineDecision(const DocumentNode& node,
                                                          const Place& place,
                                                          const std::string& label) {
  NASCENT_ASSIGN_OR_RETURN(Domain domain, DomainOf(node, place));
  std::string name = label;
  for (const DocumentNode::Entry& entry : node.entries) {
    if (entry.key != "label") continue;
    NASCENT_ASSIGN_OR_RETURN(name, TextOf(*entry.value, place));
  }
  NASCENT_ASSIGN_OR_RETURN(int decision, Decide(node, name, domain, place));
  return MakeVariable(VariableKind::kDecision, decision);
}

absl::StatusOr<std::optional<ByDecision>> ValueReader::SplitByDecision(
    const DocumentNode& node, const Expression& expression) {
  std::set<int> decisions;
  bool other = false;
  ForEachVariable(expression, [&](const Expression& variable) {
    if (variable.variable_kind == VariableKind::kDecision) {
      decisions.insert(variable.variable);
    } else {
      other = true;
    }
  });
  if (other) return std::optional<ByDecision>();
  if (decisions.size() != 1) {
    return Error(node, "depends on several decisions; what is built may depend on one at a time");
  }
  ByDecision split{.decision = *decisions.begin(), .results = {}};
  auto values = drafts_.ValuesOf(split.decision);
  if (!values.ok()) return Error(node, std::string(values.status().message()));
  for (const auto& [raw, value] : *values) {
    absl::StatusOr<ExprValue> result =
        Evaluate(expression, [&value = value](const Expression&) { return value; });
    if (!result.ok()) return Error(node, std::string(result.status().message()));
    split.results.emplace_back(raw, *std::move(result));
  }
  return std::optional<ByDecision>(std::move(split));
}

const std::vector<int>* ValueReader::FindTensor(const Scope* scope, std::string_view name) {
  for (; scope != nullptr; scope = scope->outer) {
    for (const auto& [known, values] : scope->tensors) {
      if (known == name) return &values;
    }
  }
  return nullptr;
}

}  // namespace nascent::space
