#include "server/strategy/fidelity/rung.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace nascent::strategy {

bool RungResults::Result::operator<(const Result& other) const {
  if (usable != other.usable) return usable;
  if (violation != other.violation) return violation < other.violation;
  if (score != other.score) return score > other.score;
  return trial < other.trial;
}

void RungResults::Insert(int64_t trial, const Outcome& outcome) {
  ++count_;
  if (!single_) {
    window_.emplace_back(trial, outcome);
    if (window_.size() > kWindow) window_.pop_front();
    sorted_ = false;
    return;
  }
  const Result result{trial, outcome.usable, outcome.violation,
                      outcome.usable ? outcome.scores.front() : 0};
  results_.emplace(trial, result);
  rest_.insert(result);
  Rebalance();
}

// Insertion changes the size of the top by at most one, and who is in it by at most one.
void RungResults::Rebalance() {
  const auto target = static_cast<size_t>(std::floor(static_cast<double>(count_) / factor_));
  const auto raise = [this] {
    const auto best = rest_.begin();
    top_.insert(*best);
    if (best->usable && !promoted_.contains(best->trial)) promotable_.insert(*best);
    rest_.erase(best);
  };
  while (top_.size() < target) raise();
  while (!top_.empty() && !rest_.empty() && *rest_.begin() < *std::prev(top_.end())) {
    const auto worst = std::prev(top_.end());
    promotable_.erase(*worst);
    rest_.insert(*worst);
    top_.erase(worst);
    raise();
  }
}

void RungResults::MarkPromoted(int64_t trial) {
  promoted_.insert(trial);
  const auto found = results_.find(trial);
  if (found != results_.end()) promotable_.erase(found->second);
}

bool RungResults::InTop(int64_t trial) const {
  if (!single_) {
    SortWindow();
    return std::find(window_top_.begin(), window_top_.end(), trial) != window_top_.end();
  }
  const auto found = results_.find(trial);
  return found != results_.end() && found->second.usable && top_.contains(found->second);
}

std::optional<int64_t> RungResults::Promotable() const {
  if (!single_) {
    SortWindow();
    for (const int64_t trial : window_top_) {
      if (!promoted_.contains(trial)) return trial;
    }
    return std::nullopt;
  }
  if (promotable_.empty()) return std::nullopt;
  return promotable_.begin()->trial;
}

void RungResults::SortWindow() const {
  if (sorted_) return;
  std::vector<const Outcome*> outcomes;
  for (const auto& [trial, outcome] : window_) outcomes.push_back(&outcome);
  const auto target =
      static_cast<size_t>(std::floor(static_cast<double>(window_.size()) / factor_));
  window_top_.clear();
  for (const int i : BestFirst(outcomes)) {
    const auto& [trial, outcome] = window_[static_cast<size_t>(i)];
    if (window_top_.size() == target || !outcome.usable) break;
    window_top_.push_back(trial);
  }
  sorted_ = true;
}

}  // namespace nascent::strategy
