#include "server/strategy/goals/outcome.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "common/objectives/constraints.h"
#include "common/objectives/hypervolume.h"
#include "common/objectives/pareto.h"
#include "common/scores/scores.h"
#include "common/space/cost_bound.h"

namespace nascent::strategy {
namespace {

std::optional<double> Finite(const std::map<std::string, double>& metrics,
                             const std::string& metric) {
  const auto found = metrics.find(metric);
  if (found == metrics.end() || !std::isfinite(found->second)) return std::nullopt;
  return found->second;
}

bool IsScoreAt(const Problem& problem, int rung) {
  return rung >= 0 && rung < static_cast<int>(problem.rungs.size()) &&
         !problem.rungs[rung].metric.empty();
}

// Fronts above this size are told apart by crowding, which is cheaper.
constexpr size_t kHypervolumeFront = 40;

// Hypervolume contributions against the worst of each front, or crowding distances.
std::vector<double> WorthWithinFronts(const std::vector<const Outcome*>& outcomes,
                                      const Ranking& ranking) {
  std::vector<double> worth = ranking.crowding;
  const int fronts = *std::max_element(ranking.ranks.begin(), ranking.ranks.end()) + 1;
  std::vector<std::vector<size_t>> members(static_cast<size_t>(fronts));
  for (size_t i = 0; i < outcomes.size(); ++i) {
    members[static_cast<size_t>(ranking.ranks[i])].push_back(i);
  }
  for (const std::vector<size_t>& front : members) {
    if (front.size() > kHypervolumeFront) continue;
    std::vector<std::vector<double>> points;
    for (const size_t i : front) points.push_back(outcomes[i]->scores);
    std::vector<double> low = points.front();
    std::vector<double> high = points.front();
    for (const auto& point : points) {
      for (size_t m = 0; m < point.size(); ++m) {
        low[m] = std::min(low[m], point[m]);
        high[m] = std::max(high[m], point[m]);
      }
    }
    // To [0.1, 1.1], so that the ends of the front count and no objective outweighs another.
    for (auto& point : points) {
      for (size_t m = 0; m < point.size(); ++m) {
        const double range = high[m] - low[m];
        point[m] = 0.1 + (range > 0 ? (point[m] - low[m]) / range : 1);
      }
    }
    const std::vector<double> contributions =
        objectives::HypervolumeContributions(points, std::vector<double>(low.size(), 0));
    for (size_t i = 0; i < front.size(); ++i) worth[front[i]] = contributions[i];
  }
  return worth;
}

}  // namespace

Outcome Assess(const Problem& problem, const std::map<std::string, double>& metrics) {
  Outcome outcome;
  for (const Objective& objective : problem.objectives) {
    const std::optional<double> value = Finite(metrics, objective.metric);
    if (!value.has_value()) return Outcome();
    outcome.scores.push_back(objective.maximize ? *value : -*value);
  }
  for (const OutcomeConstraint& constraint : problem.constraints) {
    outcome.violation += objectives::Violation(Finite(metrics, constraint.metric),
                                               {constraint.at_most, constraint.at_least});
  }
  outcome.usable = true;
  return outcome;
}

static_assert(v1::TrialState_MAX == v1::TRIAL_STATE_SHARED, "Is the new state one with a result?");

Outcome Assess(const Problem& problem, const Finished& finished) {
  // A shared evaluation may be one that diverged.
  const bool counts =
      finished.failure == v1::FAILURE_KIND_UNSPECIFIED &&
      (finished.state == v1::TRIAL_STATE_SUCCEEDED || finished.state == v1::TRIAL_STATE_STOPPED ||
       finished.state == v1::TRIAL_STATE_SHARED);
  return counts ? Assess(problem, finished.metrics) : Outcome();
}

Outcome Assess(const Problem& problem, int rung, const Finished& finished) {
  return IsScoreAt(problem, rung) ? Assess(AtRung(problem, rung), finished)
                                  : Assess(problem, finished);
}

bool IsKnownUntrained(std::string_view metric) {
  return scores::IsScore(metric) || space::IsCostName(metric);
}

Problem AtRung(const Problem& problem, int rung) {
  Problem there = problem;
  if (!IsScoreAt(problem, rung)) return there;
  for (Objective& objective : there.objectives) {
    if (!IsKnownUntrained(objective.metric)) {
      objective = {.metric = problem.rungs[rung].metric, .maximize = true, .reference = {}};
    }
  }
  std::erase_if(there.constraints, [](const OutcomeConstraint& constraint) {
    return !IsKnownUntrained(constraint.metric);
  });
  return there;
}

Outcome Assess(const Problem& problem, const space::Genotype& genotype,
               const std::map<std::string, double>& measured) {
  bool complete = true;
  for (const Objective& objective : problem.objectives) {
    complete = complete && measured.contains(objective.metric);
  }
  for (const OutcomeConstraint& constraint : problem.constraints) {
    complete = complete && measured.contains(constraint.metric);
  }
  if (complete || problem.costs == nullptr) return Assess(problem, measured);
  std::map<std::string, double> metrics = measured;
  metrics.merge(problem.costs(genotype));
  return Assess(problem, metrics);
}

bool Better(const Outcome& a, const Outcome& b) {
  if (a.usable != b.usable) return a.usable;
  if (!a.usable) return false;
  if (a.violation != b.violation) return a.violation < b.violation;
  return objectives::Dominates(a.scores, b.scores);
}

int BestOf(const std::vector<const Outcome*>& outcomes) {
  // Those that no other beats by usability or violation.
  std::vector<int> level;
  for (int i = 0; i < static_cast<int>(outcomes.size()); ++i) {
    if (!level.empty()) {
      const Outcome& best = *outcomes[level.front()];
      const Outcome& here = *outcomes[i];
      if (best.usable != here.usable ? best.usable : best.violation < here.violation) continue;
      if (best.usable != here.usable || here.violation < best.violation) level.clear();
    }
    level.push_back(i);
  }
  if (!outcomes[level.front()]->usable) return level.front();
  if (outcomes[level.front()]->scores.size() == 1) {
    return *std::max_element(level.begin(), level.end(), [&outcomes](int a, int b) {
      return outcomes[a]->scores[0] < outcomes[b]->scores[0];
    });
  }
  std::vector<std::vector<double>> points;
  for (const int i : level) {
    points.push_back(outcomes[i]->scores);
  }
  const std::vector<int> ranks = objectives::NonDominatedRanks(points);
  const std::vector<double> crowding = objectives::CrowdingDistances(points, ranks);
  int best = -1;
  for (int i = 0; i < static_cast<int>(level.size()); ++i) {
    if (ranks[i] != 0) continue;
    if (best < 0 || crowding[i] > crowding[best]) best = i;
  }
  return level[best];
}

Ranking Rank(const std::vector<const Outcome*>& outcomes) {
  std::vector<std::vector<double>> feasible;
  std::vector<double> violations;
  for (const Outcome* outcome : outcomes) {
    if (outcome->violation == 0) {
      feasible.push_back(outcome->scores);
    } else {
      violations.push_back(outcome->violation);
    }
  }
  std::sort(violations.begin(), violations.end());
  violations.erase(std::unique(violations.begin(), violations.end()), violations.end());
  const std::vector<int> feasible_ranks = objectives::NonDominatedRanks(feasible);
  const int fronts = feasible_ranks.empty()
                         ? 0
                         : *std::max_element(feasible_ranks.begin(), feasible_ranks.end()) + 1;
  Ranking ranking;
  std::vector<std::vector<double>> points;
  size_t next = 0;
  for (const Outcome* outcome : outcomes) {
    points.push_back(outcome->scores);
    if (outcome->violation == 0) {
      ranking.ranks.push_back(feasible_ranks[next++]);
    } else {
      const auto place = std::lower_bound(violations.begin(), violations.end(), outcome->violation);
      ranking.ranks.push_back(fronts + static_cast<int>(place - violations.begin()));
    }
  }
  ranking.crowding = objectives::CrowdingDistances(points, ranking.ranks);
  return ranking;
}

std::vector<int> BestFirst(const std::vector<const Outcome*>& outcomes) {
  std::vector<int> usable;
  std::vector<int> rest;
  std::vector<const Outcome*> ranked;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    (outcomes[i]->usable ? usable : rest).push_back(static_cast<int>(i));
    if (outcomes[i]->usable) ranked.push_back(outcomes[i]);
  }
  if (!ranked.empty() && ranked.front()->scores.size() == 1) {
    std::stable_sort(usable.begin(), usable.end(),
                     [&outcomes](int a, int b) { return Better(*outcomes[a], *outcomes[b]); });
  } else if (!ranked.empty()) {
    const Ranking ranking = Rank(ranked);
    const std::vector<double> worth = WorthWithinFronts(ranked, ranking);
    std::vector<size_t> order(ranked.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      if (ranking.ranks[a] != ranking.ranks[b]) return ranking.ranks[a] < ranking.ranks[b];
      return worth[a] > worth[b];
    });
    std::vector<int> sorted;
    for (const size_t i : order) sorted.push_back(usable[i]);
    usable = std::move(sorted);
  }
  usable.insert(usable.end(), rest.begin(), rest.end());
  return usable;
}

}  // namespace nascent::strategy
