#include "server/strategy/surrogate/training_set.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "common/objectives/pareto.h"

namespace nascent::strategy {
namespace {

constexpr size_t kLargestFront = 50;

// The usable of `indices` from best to worst: least violation, then by front and crowding.
std::vector<int> Rank(const History& history, const std::vector<int>& indices) {
  std::vector<std::vector<double>> points;
  std::vector<int> usable;
  for (const int index : indices) {
    const Trial& trial = history.trials()[index];
    if (trial.state != Trial::State::kUsable) continue;
    usable.push_back(index);
    points.push_back(trial.outcome.scores);
  }
  const std::vector<int> ranks = objectives::NonDominatedRanks(points);
  const std::vector<double> crowding = objectives::CrowdingDistances(points, ranks);
  std::vector<size_t> order(usable.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const double va = history.trials()[usable[a]].outcome.violation;
    const double vb = history.trials()[usable[b]].outcome.violation;
    if (va != vb) return va < vb;
    if (ranks[a] != ranks[b]) return ranks[a] < ranks[b];
    return crowding[a] > crowding[b];
  });
  std::vector<int> ranked;
  ranked.reserve(order.size());
  for (const size_t i : order) ranked.push_back(usable[i]);
  return ranked;
}

// The best half and the youngest half of what is too much, in the order given.
std::vector<int> Limit(const History& history, std::vector<int> indices, int64_t limit) {
  if (static_cast<int64_t>(indices.size()) <= limit) return indices;
  std::vector<int> kept(indices.end() - limit / 2, indices.end());
  const std::vector<int> ranked = Rank(history, indices);
  std::vector<int> sorted = kept;
  std::sort(sorted.begin(), sorted.end());
  for (const int index : ranked) {
    if (static_cast<int64_t>(kept.size()) >= limit) break;
    if (!std::binary_search(sorted.begin(), sorted.end(), index)) kept.push_back(index);
  }
  return kept;
}

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

TrainingSet::TrainingSet(const Problem& problem, const History& history, int rung,
                         absl::Span<const int> ended, int64_t limit) {
  std::vector<int> indices;
  for (const int index : ended) {
    const Trial& trial = history.trials()[index];
    if (trial.rung == rung || trial.state == Trial::State::kFailed) indices.push_back(index);
  }
  indices = Limit(history, std::move(indices), limit);
  ranked_ = Rank(history, indices);
  const bool any_feasible =
      !ranked_.empty() && history.trials()[ranked_.front()].outcome.feasible();

  const size_t objectives = problem.objectives.size();
  for (size_t k = 0; k < objectives; ++k) {
    const auto score = [&](const Trial& trial) {
      return any_feasible ? trial.outcome.scores[k] : -trial.outcome.violation;
    };
    std::vector<double> good;
    for (const int index : ranked_) {
      const Trial& trial = history.trials()[index];
      if (!any_feasible || trial.outcome.feasible()) good.push_back(score(trial));
    }
    double worst = 0, floor = 0;
    if (!good.empty()) {
      worst = *std::min_element(good.begin(), good.end());
      const double best = *std::max_element(good.begin(), good.end());
      const double median = Median(good);
      floor = median - 2 * (best - median);
      if (best == median) floor = worst;
    }
    Eigen::VectorXd values(static_cast<Eigen::Index>(indices.size()));
    for (size_t i = 0; i < indices.size(); ++i) {
      const Trial& trial = history.trials()[indices[i]];
      const bool counts =
          trial.state == Trial::State::kUsable && (!any_feasible || trial.outcome.feasible());
      values[static_cast<Eigen::Index>(i)] = std::max(counts ? score(trial) : worst, floor);
    }
    const double mean = values.mean();
    const double deviation = std::sqrt((values.array() - mean).square().mean());
    const double scale = deviation > 0 ? deviation : 1;
    values = (values.array() - mean) / scale;
    values_.push_back(std::move(values));
    scales_.push_back(scale);
    means_.push_back(mean);
  }
  for (const int index : indices) genotypes_.push_back(history.trials()[index].genotype);
  if (objectives == 1) return;

  for (size_t i = 0; i < indices.size(); ++i) {
    if (!history.trials()[indices[i]].outcome.feasible()) continue;
    std::vector<double> point;
    for (size_t k = 0; k < objectives; ++k) {
      point.push_back(values_[k][static_cast<Eigen::Index>(i)]);
    }
    front_.push_back(std::move(point));
  }
  std::vector<std::vector<double>> dominant;
  for (const int i : objectives::NonDominated(front_))
    dominant.push_back(front_[static_cast<size_t>(i)]);
  std::sort(dominant.begin(), dominant.end());
  dominant.erase(std::unique(dominant.begin(), dominant.end()), dominant.end());
  // Evenly thinned: the ends of the front stay.
  front_.clear();
  const size_t kept = std::min(dominant.size(), kLargestFront);
  for (size_t i = 0; i < kept; ++i) {
    front_.push_back(dominant[kept == 1 ? 0 : i * (dominant.size() - 1) / (kept - 1)]);
  }
  SetReference(problem);
}

void TrainingSet::SetReference(const Problem& problem) {
  for (size_t k = 0; k < values_.size(); ++k) {
    const Objective& objective = problem.objectives[k];
    double bound = values_[k].minCoeff() - 0.1;
    if (objective.reference.has_value()) {
      const double score = objective.maximize ? *objective.reference : -*objective.reference;
      bound = Standardise(k, score);
    }
    reference_.push_back(bound);
  }
}

std::vector<int> TrainingSet::BestTrials(int64_t count) const {
  const auto end = std::min<size_t>(ranked_.size(), static_cast<size_t>(count));
  return {ranked_.begin(), ranked_.begin() + static_cast<std::ptrdiff_t>(end)};
}

}  // namespace nascent::strategy
