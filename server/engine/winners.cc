#include "server/engine/winners.h"

#include <algorithm>
#include <utility>

#include "server/engine/resolve/metrics.h"

namespace nascent::engine {
namespace {

// Leaders that a view of a search shows.
constexpr int kShownLeaders = 10;

bool JudgesByCosts(const v1::SearchSpec& spec) {
  const auto on_costs = [](const auto& item) { return IsOnCosts(item.metric()); };
  return std::any_of(spec.objectives().begin(), spec.objectives().end(), on_costs) ||
         std::any_of(spec.constraints().begin(), spec.constraints().end(), on_costs);
}

}  // namespace

Winners::Winners(const v1::SearchSpec& spec)
    : top_(spec.final().top()),
      shown_(std::max(kShownLeaders, top_)),
      judged_by_costs_(JudgesByCosts(spec)),
      standing_(spec, shown_) {}

bool Winners::Add(const std::shared_ptr<LiveTrial>& trial) {
  const storage::TrialRecord& record = trial->record;
  const bool whole =
      record.state == v1::TRIAL_STATE_SUCCEEDED || record.state == v1::TRIAL_STATE_SHARED;
  Metrics with_costs;
  if (judged_by_costs_) {
    with_costs = record.metrics;
    with_costs.merge(trial->Costs());
  }
  const bool improved = standing_.Add(record.number, judged_by_costs_ ? with_costs : record.metrics,
                                      whole ? trial->rung + 1 : 0);
  if (standing_.IsAmong(record.number, shown_)) {
    leaders_.emplace(record.number, trial);
    const std::vector<int64_t> kept = standing_.Leaders(shown_);
    std::erase_if(leaders_, [&kept](const auto& leader) {
      return std::find(kept.begin(), kept.end(), leader.first) == kept.end();
    });
  }
  NoteOvertaken();
  return improved;
}

std::shared_ptr<LiveTrial> Winners::Find(int64_t number) const {
  const auto found = leaders_.find(number);
  return found == leaders_.end() ? nullptr : found->second;
}

absl::Time Winners::AwaitedUntil(absl::Time now) const {
  absl::Time until = absl::InfinitePast();
  for (const int64_t number : Numbers()) {
    const auto awaited = awaited_.find(number);
    if (awaited != awaited_.end() && awaited->second > now) {
      until = std::max(until, awaited->second);
    }
  }
  return until;
}

void Winners::SetStored(const std::shared_ptr<LiveTrial>& trial) {
  awaited_.erase(trial->record.number);
  with_weights_[trial->record.number] = trial;
  NoteOvertaken();
}

void Winners::NoteOvertaken() {
  std::erase_if(with_weights_, [this](const auto& entry) {
    if (IsWinner(entry.first)) return false;
    overtaken_.push_back(entry.second);
    return true;
  });
  // Bounded: weights are asked for from winners only.
  std::erase_if(awaited_, [this](const auto& entry) { return !IsWinner(entry.first); });
}

std::vector<std::shared_ptr<LiveTrial>> Winners::TakeOvertaken() {
  return std::exchange(overtaken_, {});
}

std::map<int64_t, std::shared_ptr<LiveTrial>> Winners::Held() const {
  std::map<int64_t, std::shared_ptr<LiveTrial>> held = leaders_;
  held.insert(with_weights_.begin(), with_weights_.end());
  for (const auto& trial : overtaken_) held[trial->record.number] = trial;
  return held;
}

}  // namespace nascent::engine
