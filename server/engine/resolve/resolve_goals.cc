#include "server/engine/resolve/resolve_goals.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/field_error.h"
#include "common/scores/scores.h"
#include "common/status_macros.h"
#include "server/engine/resolve/metrics.h"
#include "server/engine/resolve/text_rules.h"

namespace nascent::engine {
namespace {

// What a metric is to a search, beyond its name.
absl::Status CheckMetric(const std::string& metric, const std::string& path,
                         const Surroundings& surroundings, std::vector<std::string>& warnings) {
  const auto train = TrainMetrics();
  if (IsCostMetric(metric) || scores::IsScore(metric) ||
      std::find(train.begin(), train.end(), metric) != train.end()) {
    return absl::OkStatus();
  }
  std::string allowed;
  for (const auto& names : {train, CostMetrics()}) {
    for (std::string_view name : names) {
      absl::StrAppend(&allowed, allowed.empty() ? "" : ", ", std::string(name));
    }
  }
  absl::StrAppend(&allowed, ", ", scores::ScoreNames());
  if (metric.empty()) return FieldError(path, "nothing", allowed);
  if (!surroundings.require_data) return absl::OkStatus();
  if (IsTestMetric(metric)) {
    return FieldError(path, Quoted(metric),
                      absl::StrCat(allowed, "; test data are read for the winners only"));
  }
  if (!surroundings.worker_metrics.contains(metric)) {
    return FieldError(path, absl::StrCat(Quoted(metric), ", which no task and no worker declares"),
                      allowed);
  }
  warnings.push_back(absl::StrCat(path, ": only some workers declare ", Quoted(metric)));
  return absl::OkStatus();
}

// The metric of a constraint: a formula where it is a cost or arithmetic over costs.
absl::StatusOr<std::optional<space::CostFormula>> ReadConstrained(
    const std::string& metric, const std::string& path, const Surroundings& surroundings,
    std::vector<std::string>& warnings) {
  const bool is_name = std::all_of(metric.begin(), metric.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '.';
  });
  if (!is_name && !surroundings.worker_metrics.contains(metric)) {
    auto formula = space::CostFormula::Parse(metric);
    if (formula.ok()) return *std::move(formula);
    return FieldError(path, absl::StrCat(Quoted(metric), ": ", formula.status().message()),
                      "a metric, or arithmetic over costs");
  }
  absl::Status status = CheckMetric(metric, path, surroundings, warnings);
  if (!status.ok()) return status;
  if (!IsCostMetric(metric)) return std::nullopt;
  return space::CostFormula::Parse(metric);
}

}  // namespace

absl::Status ResolveGoals(v1::SearchSpec& spec, const Surroundings& surroundings,
                          std::vector<space::CostBound>& bounds,
                          std::vector<std::string>& warnings) {
  if (spec.objectives().empty()) {
    v1::Objective& objective = *spec.add_objectives();
    objective.set_metric("validation_accuracy");
    objective.set_goal(v1::GOAL_MAXIMIZE);
  }
  if (spec.objectives_size() > 16) {
    return FieldError("objectives", spec.objectives_size(), "at most 16");
  }
  std::set<std::string> seen;
  for (int i = 0; i < spec.objectives_size(); ++i) {
    const v1::Objective& objective = spec.objectives(i);
    const std::string path = absl::StrCat("objectives[", i, "]");
    absl::Status status = CheckMetric(objective.metric(), path + ".metric", surroundings, warnings);
    if (!status.ok()) return status;
    if (objective.goal() != v1::GOAL_MAXIMIZE && objective.goal() != v1::GOAL_MINIMIZE) {
      return FieldError(path + ".goal", "nothing", "maximize, minimize");
    }
    if (objective.has_reference() && !std::isfinite(objective.reference())) {
      return FieldError(path + ".reference", objective.reference(), "a finite number");
    }
    if (!seen.insert(objective.metric()).second) {
      return FieldError(path + ".metric", absl::StrCat(Quoted(objective.metric()), " again"),
                        "each metric once");
    }
  }
  for (int i = 0; i < spec.constraints_size(); ++i) {
    const v1::Constraint& constraint = spec.constraints(i);
    const std::string path = absl::StrCat("constraints[", i, "]");
    auto formula = ReadConstrained(constraint.metric(), path + ".metric", surroundings, warnings);
    if (!formula.ok()) return formula.status();
    if (!constraint.has_at_most() && !constraint.has_at_least()) {
      return FieldError(path, "no bound", "at_most, at_least or both");
    }
    if (std::isnan(constraint.at_most()) || std::isnan(constraint.at_least()) ||
        (constraint.has_at_most() && constraint.has_at_least() &&
         constraint.at_least() > constraint.at_most())) {
      return FieldError(
          path,
          absl::StrCat("at_least ", constraint.at_least(), ", at_most ", constraint.at_most()),
          "at_least not above at_most");
    }
    if (formula->has_value()) {
      space::CostBound& bound = bounds.emplace_back(space::CostBound{**formula, {}, {}});
      if (constraint.has_at_most()) bound.at_most = constraint.at_most();
      if (constraint.has_at_least()) bound.at_least = constraint.at_least();
    }
  }
  return absl::OkStatus();
}

absl::Status CheckUntrained(const v1::SearchSpec& spec) {
  const auto check = [](const std::string& path, const std::string& metric) {
    if (IsKnownUntrained(metric)) return absl::OkStatus();
    return FieldError(
        path, Quoted(metric),
        absl::StrCat("costs and scores, as recipe.epochs is 0 and nothing is trained: ",
                     scores::ScoreNames()));
  };
  for (int i = 0; i < spec.objectives_size(); ++i) {
    NASCENT_RETURN_IF_ERROR(
        check(absl::StrCat("objectives[", i, "].metric"), spec.objectives(i).metric()));
  }
  for (int i = 0; i < spec.constraints_size(); ++i) {
    NASCENT_RETURN_IF_ERROR(
        check(absl::StrCat("constraints[", i, "].metric"), spec.constraints(i).metric()));
  }
  return absl::OkStatus();
}

}  // namespace nascent::engine
