#include "common/space/cost_bound.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "common/space/language/expression_parser.h"
#include "common/spec/suggest.h"
#include "common/status_macros.h"

namespace nascent::space {
namespace {

constexpr std::array<std::string_view, 6> kNames = {
    "parameters",           "multiply_accumulates",
    "published_parameters", "published_multiply_accumulates",
    "activation_bytes",     "depth"};

// Costs with which a formula is tried when it is read. Two, since one may divide by zero.
constexpr double kTried[][kNames.size()] = {{1e6, 1e8, 2e6, 2e8, 1e5, 20},
                                            {3e6, 5e8, 7e6, 9e8, 2e5, 31}};

std::vector<std::string> NameList() { return {kNames.begin(), kNames.end()}; }

absl::StatusOr<ExpressionPtr> BindName(const std::string& name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found != kNames.end()) {
    return MakeVariable(VariableKind::kDecision, static_cast<int>(found - kNames.begin()));
  }
  return absl::InvalidArgumentError(absl::StrCat("no cost is called \"", name, "\"",
                                                 spec::DidYouMean(name, NameList()), "; costs are ",
                                                 absl::StrJoin(NameList(), ", ")));
}

// The value, costs asked from `cost_of`.
absl::StatusOr<double> Number(const Expression& expression,
                              const std::function<absl::StatusOr<double>(int)>& cost_of) {
  const absl::StatusOr<ExprValue> value =
      Evaluate(expression, [&](const Expression& v) -> absl::StatusOr<ExprValue> {
        NASCENT_ASSIGN_OR_RETURN(double cost, cost_of(v.variable));
        return ExprValue(cost);
      });
  if (!value.ok()) return value.status();
  const bool is_number =
      std::holds_alternative<int64_t>(value->v) || std::holds_alternative<double>(value->v);
  if (!is_number) {
    return absl::InvalidArgumentError(
        absl::StrCat("gives ", value->Text(), ", allowed is a number"));
  }
  return *value->AsReal();
}

std::string NumberText(double number) { return absl::StrFormat("%.12g", number); }

}  // namespace

std::span<const std::string_view> CostNames() { return kNames; }

bool IsCostName(std::string_view name) {
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

NamedCosts ToNamedCosts(const ArchitectureCosts& costs) {
  const auto real = [](int64_t cost) { return static_cast<double>(cost); };
  return {{"parameters", real(costs.live.parameters)},
          {"multiply_accumulates", real(costs.live.multiply_accumulates)},
          {"published_parameters", real(costs.published.parameters)},
          {"published_multiply_accumulates", real(costs.published.multiply_accumulates)},
          {"activation_bytes", real(costs.live.activation_bytes)},
          {"depth", real(costs.live.depth)}};
}

absl::StatusOr<CostFormula> CostFormula::Parse(std::string_view text) {
  NASCENT_ASSIGN_OR_RETURN(ExpressionPtr parsed, ParseExpression(text));
  NASCENT_ASSIGN_OR_RETURN(ExpressionPtr bound, Bind(parsed, BindName));
  bool names_cost = false;
  ForEachVariable(*bound, [&](const Expression&) { names_cost = true; });
  if (!names_cost) {
    return absl::InvalidArgumentError(
        absl::StrCat("names no cost; costs are ", absl::StrJoin(NameList(), ", ")));
  }
  absl::Status tried;
  for (const auto& costs : kTried) {
    tried = Number(*bound, [&](int cost) { return costs[cost]; }).status();
    if (tried.ok()) break;
  }
  if (!tried.ok()) return tried;
  CostFormula formula;
  formula.text_ = std::string(text);
  formula.expression_ = std::move(bound);
  return formula;
}

bool CostFormula::IsArithmetic(std::string_view text) {
  return std::find(kNames.begin(), kNames.end(), text) == kNames.end() && Parse(text).ok();
}

absl::StatusOr<double> CostFormula::Value(const NamedCosts& costs) const {
  return Number(*expression_, [&](int cost) -> absl::StatusOr<double> {
    const auto found = costs.find(std::string(kNames[cost]));
    if (found != costs.end()) return found->second;
    return absl::NotFoundError(absl::StrCat(std::string(kNames[cost]), " is not known"));
  });
}

absl::StatusOr<CostBound> CostBound::Parse(std::string_view text) {
  const size_t at = std::max(text.rfind("<=") + 1, text.rfind(">=") + 1);  // 0: neither
  double number = 0;
  if (at == 0 ||
      !absl::SimpleAtod(absl::string_view(text.data() + at + 1, text.size() - at - 1), &number) ||
      !std::isfinite(number)) {
    return absl::InvalidArgumentError(absl::StrCat("found \"", std::string(text.substr(0, 200)),
                                                   "\", allowed is \"COSTS <= NUMBER\" or >="));
  }
  const std::string_view left = text.substr(0, at - 1);
  const absl::string_view stripped =
      absl::StripAsciiWhitespace(absl::string_view(left.data(), left.size()));
  absl::StatusOr<CostFormula> formula = CostFormula::Parse({stripped.data(), stripped.size()});
  if (!formula.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("\"", std::string(stripped.substr(0, 200)),
                                                   "\": ", formula.status().message()));
  }
  CostBound bound{*std::move(formula), std::nullopt, std::nullopt};
  (text[at - 1] == '<' ? bound.at_most : bound.at_least) = number;
  return bound;
}

absl::Status CostBound::Check(const NamedCosts& costs) const {
  const absl::StatusOr<double> value = formula.Value(costs);
  if (absl::IsNotFound(value.status())) return absl::OkStatus();
  const auto broken = [&](const std::string& found, const char* kind, double allowed) {
    return absl::FailedPreconditionError(absl::StrCat("constraint on ", formula.text(), ": found ",
                                                      found, ", allowed ", kind,
                                                      NumberText(allowed)));
  };
  if (!value.ok()) {
    return broken(std::string(value.status().message()), at_most ? "at most " : "at least ",
                  at_most ? *at_most : at_least.value_or(0));
  }
  if (at_most && !(*value <= *at_most)) return broken(NumberText(*value), "at most ", *at_most);
  if (at_least && !(*value >= *at_least)) return broken(NumberText(*value), "at least ", *at_least);
  return absl::OkStatus();
}

absl::Status CheckCostBounds(std::span<const CostBound> bounds, const NamedCosts& costs) {
  for (const CostBound& bound : bounds) {
    NASCENT_RETURN_IF_ERROR(bound.Check(costs));
  }
  return absl::OkStatus();
}

}  // namespace nascent::space
