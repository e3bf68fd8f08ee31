#include "client/cli/pareto.h"

#include <algorithm>
#include <string>
#include <utility>

#include "client/cli/facts.h"
#include "common/objectives/pareto.h"
#include "common/objectives/search_goals.h"

namespace nascent::cli {
namespace {

auto MetricsOf(const v1::Trial& trial) {
  return [&trial](const std::string& metric) { return Metric(trial, metric); };
}

}  // namespace

bool IsFeasible(const v1::Trial& trial, const v1::SearchSpec& spec) {
  return HasResult(trial) && objectives::SearchGoals(spec).IsFeasible(MetricsOf(trial));
}

std::vector<const v1::Trial*> ParetoFront(const std::vector<v1::Trial>& trials,
                                          const v1::SearchSpec& spec) {
  struct Candidate {
    const v1::Trial* trial;
    std::vector<double> scores;
  };
  const objectives::SearchGoals goals(spec);
  std::vector<Candidate> candidates;
  for (const v1::Trial& trial : trials) {
    if (!HasResult(trial) || !goals.IsFeasible(MetricsOf(trial))) continue;
    auto scores = goals.Scores(MetricsOf(trial));
    if (scores.has_value() && !scores->empty()) candidates.push_back({&trial, *std::move(scores)});
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.scores > b.scores; });
  std::vector<std::vector<double>> points;
  for (const Candidate& candidate : candidates) points.push_back(candidate.scores);
  std::vector<const v1::Trial*> front;
  for (const int i : objectives::NonDominated(points)) {
    front.push_back(candidates[static_cast<size_t>(i)].trial);
  }
  return front;
}

}  // namespace nascent::cli
