#include "server/engine/standing.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "common/objectives/hypervolume.h"
#include "common/objectives/pareto.h"
#include "common/space/cost_bound.h"

namespace nascent::engine {

bool Standing::Entry::operator<(const Entry& other) const {
  if (level != other.level) return level > other.level;
  if (values != other.values) return values > other.values;
  return trial < other.trial;
}

Standing::Standing(const v1::SearchSpec& spec, int keep)
    : objectives_(spec.objectives().begin(), spec.objectives().end()),
      keep_(static_cast<size_t>(std::max(keep, 1))),
      worst_(objectives_.size(), std::numeric_limits<double>::infinity()) {
  for (const v1::Constraint& constraint : spec.constraints()) {
    // What is arithmetic over costs held before the trial ran.
    if (!space::CostFormula::IsArithmetic(constraint.metric())) constraints_.push_back(constraint);
  }
}

bool Standing::IsFeasible(const Metrics& metrics) const {
  for (const v1::Constraint& constraint : constraints_) {
    const auto it = metrics.find(constraint.metric());
    // A bound on something that was not measured can't be shown to hold.
    if (it == metrics.end()) return false;
    if (constraint.has_at_most() && !(it->second <= constraint.at_most())) return false;
    if (constraint.has_at_least() && !(it->second >= constraint.at_least())) return false;
  }
  return true;
}

bool Standing::Add(int64_t trial, const Metrics& metrics, int level) {
  Entry entry{level, {}, trial};
  for (const v1::Objective& objective : objectives_) {
    const auto it = metrics.find(objective.metric());
    if (it == metrics.end() || !std::isfinite(it->second)) return false;
    entry.values.push_back(objective.goal() == v1::GOAL_MINIMIZE ? -it->second : it->second);
  }
  if (!IsFeasible(metrics)) return false;
  for (size_t i = 0; i < worst_.size(); ++i) worst_[i] = std::min(worst_[i], entry.values[i]);

  const int64_t first_before = entries_.empty() ? 0 : entries_.begin()->trial;
  if (objectives_.size() > 1) {
    for (auto it = entries_.begin(); it != entries_.end();) {
      if (it->level > level ||
          (it->level == level && objectives::Dominates(it->values, entry.values))) {
        return false;
      }
      if (it->level < level || objectives::Dominates(entry.values, it->values)) {
        it = entries_.erase(it);
      } else {
        ++it;
      }
    }
    entries_.insert(std::move(entry));
    return true;
  }
  entries_.insert(std::move(entry));
  if (entries_.size() > keep_) entries_.erase(std::prev(entries_.end()));
  return entries_.begin()->trial != first_before;
}

std::vector<int64_t> Standing::Leaders(int count) const {
  std::vector<int64_t> leaders;
  for (const Entry& entry : entries_) {
    if (static_cast<int>(leaders.size()) >= count) break;
    leaders.push_back(entry.trial);
  }
  return leaders;
}

bool Standing::IsAmong(int64_t trial, int count) const {
  for (const Entry& entry : entries_) {
    if (count-- <= 0) return false;
    if (entry.trial == trial) return true;
  }
  return false;
}

std::optional<double> Standing::Hypervolume() const {
  const size_t count = objectives_.size();
  if (count < 2 || count > 4 || entries_.empty()) return std::nullopt;
  std::vector<std::vector<double>> points;
  for (const Entry& entry : entries_) points.push_back(entry.values);
  std::vector<double> reference = worst_;
  for (size_t i = 0; i < count; ++i) {
    if (!objectives_[i].has_reference()) continue;
    const double given = objectives_[i].reference();
    reference[i] = objectives_[i].goal() == v1::GOAL_MINIMIZE ? -given : given;
  }
  return objectives::Hypervolume(points, reference);
}

std::optional<double> Standing::BestValue() const {
  if (entries_.empty()) return std::nullopt;
  const double value = entries_.begin()->values[0];
  return objectives_[0].goal() == v1::GOAL_MINIMIZE ? -value : value;
}

}  // namespace nascent::engine
