#include "server/engine/active_search.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/storage/trial_life.h"

namespace nascent::engine {
namespace {

// Ended trials that are kept in full, for those who watch.
constexpr size_t kKeptTrials = 1000;
// Scores cost no budget. Where so many in a row can't be told, none of the space's is to be
// expected.
constexpr int64_t kMostWithoutScore = 1000;

}  // namespace

ActiveSearch::ActiveSearch(storage::SearchRecord search_record,
                           std::shared_ptr<CandidateMaker> candidates, Agenda* to_do)
    : record(std::move(search_record)),
      resolved(std::shared_ptr<const ResolvedSearch>(candidates, &candidates->search())),
      maker(std::move(candidates)),
      agenda(to_do),
      winners(resolved->spec),
      trust(resolved->spec) {}

int64_t ActiveSearch::ChargedPlanned() const {
  return std::count_if(queue.planned.begin(), queue.planned.end(), [this](const auto& planned) {
    return resolved->rungs[planned.proposal.rung].fidelity.zero_cost().empty();
  });
}

int64_t ActiveSearch::Room(int slots) const {
  const v1::Budget& budget = spec().budget();
  const int64_t parallel = budget.parallel() > 0 ? budget.parallel() : std::max(slots, 1);
  const auto planned = static_cast<int64_t>(queue.planned.size());
  int64_t room = parallel + budget.lookahead() - tally.Outstanding() - planned;
  if (budget.has_trials()) room = std::min(room, budget.trials() - Charged() - ChargedPlanned());
  return std::max<int64_t>(room, 0);
}

void ActiveSearch::Touch(LiveTrial& trial) {
  trial.revision = ++revision;
  Wake();
}

void ActiveSearch::OnEnded(const std::shared_ptr<LiveTrial>& trial) {
  const storage::TrialRecord& ended_record = trial->record;
  open.erase(ended_record.number);
  ended.push_back(trial);
  if (ended.size() > kKeptTrials) ended.pop_front();
  if (!ended_record.checkpoint.empty()) {
    checkpoints[ended_record.number] = {ended_record.checkpoint, ended_record.evaluator};
  }
  if (ended_record.state == v1::TRIAL_STATE_CANCELLED) return;
  trust.Add(ended_record);
  const bool usable = storage::HasGoodResult(ended_record);
  if (storage::ExemptFromBudget(ended_record)) {
    ending.without_score = usable ? 0 : ending.without_score + 1;
    if (ending.without_score >= kMostWithoutScore && ending.stop_reason.empty()) {
      ending.stop_reason = absl::StrCat("no ", ended_record.fidelity.zero_cost(), " of ",
                                        ending.without_score, " candidates in a row");
    }
    return;
  }
  const bool improved = usable && winners.Add(trial);
  if (usable) ++ending.results;

  ending.without_improvement = improved ? 0 : ending.without_improvement + 1;
  const v1::StopRules& rules = spec().stop();
  if (!ending.stop_reason.empty()) return;
  if (rules.has_no_improvement_trials() &&
      ending.without_improvement >= rules.no_improvement_trials()) {
    ending.stop_reason = absl::StrCat("no improvement in ", ending.without_improvement, " trials");
    return;
  }
  const auto best = winners.standing().BestValue();
  if (!rules.has_target() || !best.has_value()) return;
  const bool minimize = spec().objectives(0).goal() == v1::GOAL_MINIMIZE;
  if (minimize ? *best <= rules.target() : *best >= rules.target()) {
    ending.stop_reason =
        absl::StrCat("target reached: ", spec().objectives(0).metric(), " ", *best);
  }
}

void ActiveSearch::Observe(LiveTrial& trial, const std::vector<storage::EventRecord>& events) {
  for (const storage::EventRecord& event : events) {
    queue.unobserved.push_back(ToStrategyEvent(event, trial));
    queue.committed_event = event.sequence;
    if (event.kind == storage::EventRecord::Kind::kMeasured) trial.last_epoch = event.epoch;
  }
}

std::shared_ptr<LiveTrial> ActiveSearch::FindTrial(int64_t number) const {
  if (const auto it = open.find(number); it != open.end()) return it->second;
  if (auto leader = winners.Find(number); leader != nullptr) return leader;
  for (auto it = ended.rbegin(); it != ended.rend(); ++it) {
    if ((*it)->record.number == number) return *it;
  }
  return nullptr;
}

std::vector<std::shared_ptr<LiveTrial>> ActiveSearch::ReadyTrials() const {
  std::vector<std::shared_ptr<LiveTrial>> ready;
  for (const auto& [number, trial] : open) {
    if (trial->record.state == v1::TRIAL_STATE_READY) ready.push_back(trial);
  }
  std::sort(ready.begin(), ready.end(),
            [](const auto& a, const auto& b) { return a->record.number < b->record.number; });
  return ready;
}

}  // namespace nascent::engine
