#include "common/objectives/search_goals.h"

#include <algorithm>
#include <cmath>

#include "common/objectives/constraints.h"
#include "common/space/cost_bound.h"

namespace nascent::objectives {

SearchGoals::SearchGoals(const v1::SearchSpec& spec)
    : objectives_(spec.objectives().begin(), spec.objectives().end()) {
  for (const v1::Constraint& constraint : spec.constraints()) {
    if (!space::CostFormula::IsArithmetic(constraint.metric())) constraints_.push_back(constraint);
  }
}

std::optional<std::vector<double>> SearchGoals::Scores(MetricReader metric) const {
  std::vector<double> scores;
  for (const v1::Objective& objective : objectives_) {
    const std::optional<double> value = metric(objective.metric());
    if (!value.has_value() || !std::isfinite(*value)) return std::nullopt;
    scores.push_back(objective.goal() == v1::GOAL_MINIMIZE ? -*value : *value);
  }
  return scores;
}

bool SearchGoals::IsFeasible(MetricReader metric) const {
  return std::all_of(constraints_.begin(), constraints_.end(), [&](const v1::Constraint& each) {
    Bounds bounds;
    if (each.has_at_most()) bounds.at_most = each.at_most();
    if (each.has_at_least()) bounds.at_least = each.at_least();
    return Violation(metric(each.metric()), bounds) == 0;
  });
}

}  // namespace nascent::objectives
