#include "client/cli/pareto.h"

#include <algorithm>

#include "client/cli/facts.h"
#include "common/space/cost_bound.h"

namespace nascent::cli {
namespace {

// Larger is better.
using Scores = std::vector<double>;

struct Candidate {
  const v1::Trial* trial;
  Scores scores;
};

bool Dominates(const Scores& a, const Scores& b) {
  bool better = false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] < b[i]) return false;
    better = better || a[i] > b[i];
  }
  return better;
}

}  // namespace

bool IsFeasible(const v1::Trial& trial, const v1::SearchSpec& spec) {
  if (!HasResult(trial)) return false;
  for (const v1::Constraint& constraint : spec.constraints()) {
    // What is arithmetic over costs held before the trial ran.
    if (space::CostFormula::IsArithmetic(constraint.metric())) continue;
    const auto value = Metric(trial, constraint.metric());
    if (!value || (constraint.has_at_most() && *value > constraint.at_most()) ||
        (constraint.has_at_least() && *value < constraint.at_least())) {
      return false;
    }
  }
  return true;
}

std::vector<const v1::Trial*> ParetoFront(const std::vector<v1::Trial>& trials,
                                          const v1::SearchSpec& spec) {
  std::vector<Candidate> candidates;
  for (const v1::Trial& trial : trials) {
    if (!IsFeasible(trial, spec)) continue;
    Scores scores;
    for (const v1::Objective& objective : spec.objectives()) {
      if (const auto value = Metric(trial, objective.metric())) {
        scores.push_back(objective.goal() == v1::GOAL_MINIMIZE ? -*value : *value);
      }
    }
    if (static_cast<int>(scores.size()) == spec.objectives_size() && !scores.empty()) {
      candidates.push_back({&trial, std::move(scores)});
    }
  }
  // In this order nothing is dominated by what stands after it, so the front so far is enough.
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.scores > b.scores; });
  std::vector<Candidate> front;
  for (Candidate& candidate : candidates) {
    const bool beaten = std::any_of(front.begin(), front.end(), [&](const Candidate& other) {
      return Dominates(other.scores, candidate.scores);
    });
    if (!beaten) front.push_back(std::move(candidate));
  }
  std::vector<const v1::Trial*> result;
  for (const Candidate& candidate : front) result.push_back(candidate.trial);
  return result;
}

}  // namespace nascent::cli
