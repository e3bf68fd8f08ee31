#include "server/engine/active_search.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"

namespace nascent::engine {
namespace {

// Ended trials that are kept in full, for those who watch.
constexpr size_t kKeptTrials = 1000;
// Leaders that a view of a search shows.
constexpr int kLeaders = 10;

bool JudgesByCosts(const v1::SearchSpec& spec) {
  const auto on_costs = [](const auto& item) { return IsOnCosts(item.metric()); };
  return std::any_of(spec.objectives().begin(), spec.objectives().end(), on_costs) ||
         std::any_of(spec.constraints().begin(), spec.constraints().end(), on_costs);
}

}  // namespace

strategy::Event ToStrategyEvent(storage::EventRecord event, const Trial& trial) {
  if (event.kind == storage::EventRecord::Kind::kMeasured) {
    return strategy::Measured{event.trial_number, event.epoch, std::move(event.metrics)};
  }
  strategy::Finished finished;
  finished.trial = event.trial_number;
  finished.state = event.state;
  finished.failure = event.failure;
  finished.metrics = std::move(event.metrics);
  finished.epochs = event.epoch;
  finished.seconds = event.seconds;
  finished.metrics.merge(trial.Costs());
  return finished;
}

Metrics Trial::Costs() const {
  // A candidate that was built without its network has no costs, also not zero ones.
  return candidate != nullptr ? candidate->cost_values : CostValues(record.costs);
}

ActiveSearch::ActiveSearch(storage::SearchRecord search_record,
                           std::shared_ptr<CandidateMaker> candidates)
    : record(std::move(search_record)),
      resolved(std::shared_ptr<const ResolvedSearch>(candidates, &candidates->search())),
      maker(std::move(candidates)),
      standing(resolved->spec, std::max(kLeaders, resolved->spec.final().top())),
      judged_by_costs(JudgesByCosts(resolved->spec)) {}

int64_t ActiveSearch::Room(int available_slots) const {
  const v1::Budget& budget = spec().budget();
  const int64_t parallel = budget.parallel() > 0 ? budget.parallel() : std::max(available_slots, 1);
  // A trial that waits for a twin of its own search takes no slot.
  const int64_t outstanding = Open() - joined_own + static_cast<int64_t>(planned.size());
  int64_t room = parallel + budget.lookahead() - outstanding;
  if (budget.has_trials()) {
    room = std::min(room, budget.trials() - Charged() - static_cast<int64_t>(planned.size()));
  }
  return std::max<int64_t>(room, 0);
}

void ActiveSearch::Touch(Trial& trial) {
  trial.revision = ++revision;
  dirty = true;
}

void ActiveSearch::Count(const Trial& trial, int sign) {
  switch (trial.record.state) {
    case v1::TRIAL_STATE_READY:
      ready += sign;
      if (trial.joined_own) joined_own += sign;
      break;
    case v1::TRIAL_STATE_LEASED:
      leased += sign;
      break;
    case v1::TRIAL_STATE_SUCCEEDED:
      succeeded += sign;
      break;
    case v1::TRIAL_STATE_FAILED:
      failed += sign;
      break;
    case v1::TRIAL_STATE_STOPPED:
      stopped += sign;
      break;
    case v1::TRIAL_STATE_SHARED:
      shared += sign;
      break;
    case v1::TRIAL_STATE_CANCELLED:
      cancelled += sign;
      break;
    default:
      break;
  }
}

void ActiveSearch::OnEnded(const std::shared_ptr<Trial>& trial) {
  open.erase(trial->record.number);
  ended.push_back(trial);
  if (ended.size() > kKeptTrials) ended.pop_front();
  if (!trial->record.checkpoint.empty()) {
    checkpoints[trial->record.number] = trial->record.checkpoint;
  }
  const v1::TrialState state = trial->record.state;
  const bool whole = state == v1::TRIAL_STATE_SUCCEEDED || state == v1::TRIAL_STATE_SHARED;
  const bool usable = (whole || state == v1::TRIAL_STATE_STOPPED) &&
                      trial->record.failure == v1::FAILURE_KIND_UNSPECIFIED;
  if (state == v1::TRIAL_STATE_CANCELLED) return;
  bool improved = false;
  if (usable) {
    Metrics with_costs;
    if (judged_by_costs) {
      with_costs = trial->record.metrics;
      with_costs.merge(trial->Costs());
    }
    improved =
        standing.Add(trial->record.number, judged_by_costs ? with_costs : trial->record.metrics,
                     whole ? trial->rung + 1 : 0);
  }
  const int leader_count = std::max(kLeaders, spec().final().top());
  if (usable && standing.IsAmong(trial->record.number, leader_count)) {
    leaders.emplace(trial->record.number, trial);
    const std::vector<int64_t> kept = standing.Leaders(leader_count);
    for (auto it = leaders.begin(); it != leaders.end();) {
      if (std::find(kept.begin(), kept.end(), it->first) != kept.end()) {
        ++it;
      } else {
        it = leaders.erase(it);
      }
    }
  }
  if (usable) NoteOvertaken();

  without_improvement = improved ? 0 : without_improvement + 1;
  const v1::StopRules& rules = spec().stop();
  if (rules.has_no_improvement_trials() && without_improvement >= rules.no_improvement_trials() &&
      stop_reason.empty()) {
    stop_reason = absl::StrCat("no improvement in ", without_improvement, " trials");
  }
  const auto best = standing.BestValue();
  const bool minimize = spec().objectives(0).goal() == v1::GOAL_MINIMIZE;
  if (rules.has_target() && best.has_value() && stop_reason.empty() &&
      (minimize ? *best <= rules.target() : *best >= rules.target())) {
    stop_reason = absl::StrCat("target reached: ", spec().objectives(0).metric(), " ", *best);
  }
}

void ActiveSearch::NoteOvertaken() {
  for (auto it = with_weights.begin(); it != with_weights.end();) {
    if (standing.IsAmong(it->first, spec().final().top())) {
      ++it;
    } else {
      overtaken.push_back(it->second);
      it = with_weights.erase(it);
    }
  }
}

std::vector<std::shared_ptr<Trial>> ActiveSearch::TakeOvertaken() {
  return std::exchange(overtaken, {});
}

std::shared_ptr<Trial> ActiveSearch::FindTrial(int64_t number) const {
  if (const auto it = open.find(number); it != open.end()) return it->second;
  if (const auto it = leaders.find(number); it != leaders.end()) return it->second;
  for (auto it = ended.rbegin(); it != ended.rend(); ++it) {
    if ((*it)->record.number == number) return *it;
  }
  return nullptr;
}

}  // namespace nascent::engine
