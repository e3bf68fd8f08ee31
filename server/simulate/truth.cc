#include "server/simulate/truth.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "common/objectives/hypervolume.h"
#include "common/objectives/pareto.h"

namespace nascent::simulate {
namespace {

// The points that no other dominates, each once. In falling order only an earlier point can
// dominate a later one, so that each is held against the front only.
std::vector<std::vector<double>> FrontOf(std::vector<std::vector<double>> points) {
  std::sort(points.begin(), points.end(), std::greater<>());
  std::vector<std::vector<double>> front;
  for (std::vector<double>& point : points) {
    const bool covered =
        std::any_of(front.begin(), front.end(), [&point](const std::vector<double>& other) {
          return other == point || objectives::Dominates(other, point);
        });
    if (!covered) front.push_back(std::move(point));
  }
  return front;
}

}  // namespace

Truth::Truth(std::vector<strategy::Objective> objectives, std::vector<strategy::Outcome> outcomes)
    : objectives_(std::move(objectives)), outcomes_(std::move(outcomes)) {
  std::vector<std::vector<double>> points;
  for (const strategy::Outcome& outcome : outcomes_) {
    if (outcome.feasible()) points.push_back(outcome.scores);
  }
  any_ = !points.empty();
  if (!any_) return;
  for (size_t k = 0; k < objectives_.size(); ++k) {
    strategy::Objective& objective = objectives_[k];
    double worst = points.front()[k];
    double best = worst;
    for (const std::vector<double>& point : points) {
      worst = std::min(worst, point[k]);
      best = std::max(best, point[k]);
    }
    const double sign = objective.maximize ? 1 : -1;
    if (!objective.reference.has_value()) objective.reference = sign * worst;
    reference_.push_back(sign * *objective.reference);
    if (k == 0) best_ = sign * best;
  }
  if (objectives_.size() > 1) hypervolume_ = Hypervolume(FrontOf(std::move(points)));
}

double Truth::First(int row) const {
  const strategy::Outcome& outcome = outcomes_[static_cast<size_t>(row)];
  if (!outcome.feasible()) return std::nan("");
  return objectives_.front().maximize ? outcome.scores[0] : -outcome.scores[0];
}

double Truth::Share(const std::vector<int>& rows) const {
  if (hypervolume_ <= 0) return std::nan("");
  std::vector<std::vector<double>> points;
  for (const int row : rows) {
    const strategy::Outcome& outcome = outcomes_[static_cast<size_t>(row)];
    if (outcome.feasible()) points.push_back(outcome.scores);
  }
  return Hypervolume(std::move(points)) / hypervolume_;
}

double Truth::Hypervolume(std::vector<std::vector<double>> points) const {
  return points.empty() ? 0 : objectives::Hypervolume(std::move(points), reference_);
}

}  // namespace nascent::simulate
