#include "server/engine/standing.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/objectives/hypervolume.h"
#include "common/objectives/pareto.h"

namespace nascent::engine {

bool Standing::Entry::operator<(const Entry& other) const {
  if (level != other.level) return level > other.level;
  if (values != other.values) return values > other.values;
  return trial < other.trial;
}

Standing::Standing(const v1::SearchSpec& spec, int keep)
    : goals_(spec),
      keep_(static_cast<size_t>(std::max(keep, 1))),
      worst_(goals_.objectives().size(), std::numeric_limits<double>::infinity()) {}

bool Standing::Add(int64_t trial, const Metrics& metrics, int level) {
  const auto metric = [&metrics](const std::string& name) -> std::optional<double> {
    const auto found = metrics.find(name);
    return found == metrics.end() ? std::nullopt : std::optional<double>(found->second);
  };
  std::optional<std::vector<double>> scores = goals_.Scores(metric);
  if (!scores.has_value() || !goals_.IsFeasible(metric)) return false;
  Entry entry{level, *std::move(scores), trial};
  for (size_t i = 0; i < worst_.size(); ++i) worst_[i] = std::min(worst_[i], entry.values[i]);

  const int64_t first_before = entries_.empty() ? 0 : entries_.begin()->trial;
  if (goals_.objectives().size() > 1) {
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
  const size_t count = goals_.objectives().size();
  if (count < 2 || count > 4 || entries_.empty()) return std::nullopt;
  std::vector<std::vector<double>> points;
  for (const Entry& entry : entries_) points.push_back(entry.values);
  std::vector<double> reference = worst_;
  for (size_t i = 0; i < count; ++i) {
    if (!goals_.objectives()[i].has_reference()) continue;
    const double given = goals_.objectives()[i].reference();
    reference[i] = goals_.objectives()[i].goal() == v1::GOAL_MINIMIZE ? -given : given;
  }
  return objectives::Hypervolume(points, reference);
}

std::optional<double> Standing::BestValue() const {
  if (entries_.empty()) return std::nullopt;
  const double value = entries_.begin()->values[0];
  return goals_.objectives()[0].goal() == v1::GOAL_MINIMIZE ? -value : value;
}

}  // namespace nascent::engine
