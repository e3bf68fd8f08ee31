#include "server/engine/view/views.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/space/decisions/genotype_proto.h"
#include "server/engine/view/timestamps.h"
#include "server/storage/trial_life.h"

namespace nascent::engine {
namespace {

constexpr size_t kMostTrials = 1000;
constexpr int kViewedLeaders = 10;

// Seconds to the end of the search, from the pace so far; parts of running trials count.
std::optional<double> Remaining(const ActiveSearch& search, absl::Time now) {
  const auto finished = static_cast<double>(search.tally.Finished());
  if (finished == 0 || search.first_lease_at > now) return std::nullopt;
  if (search.record.state == v1::SEARCH_STATE_FINISHING) return 0;
  absl::Duration paused = search.paused;
  if (search.paused_since < now) paused += now - search.paused_since;
  const double elapsed = absl::ToDoubleSeconds(now - search.first_lease_at - paused);
  double done = finished;
  for (const auto& [number, trial] : search.open) {
    const bool counts = !storage::ExemptFromBudget(trial->record);
    if (counts && trial->record.state == v1::TRIAL_STATE_LEASED) done += trial->progress;
  }
  const v1::Budget& budget = search.spec().budget();
  double remaining = std::numeric_limits<double>::infinity();
  if (budget.has_trials()) {
    const auto left = static_cast<double>(budget.trials()) - done;
    remaining = std::min(remaining, std::max(left, 0.0) * elapsed / done);
  }
  if (budget.has_wall_seconds()) {
    const double wall = absl::ToDoubleSeconds(now - search.record.created_at);
    remaining = std::min(remaining, std::max(budget.wall_seconds() - wall, 0.0));
  }
  if (budget.has_device_seconds() && search.device_seconds > 0) {
    const double left = std::max(budget.device_seconds() - search.device_seconds, 0.0);
    remaining = std::min(remaining, left * elapsed / search.device_seconds);
  }
  return remaining;
}

}  // namespace

v1::Trial ViewOf(const storage::TrialRecord& record) {
  v1::Trial message;
  message.set_id(record.id);
  message.set_search_id(record.search_id);
  message.set_number(record.number);
  message.set_state(record.state);
  message.set_failure(record.failure);
  message.set_error(record.error);
  message.set_attempt(record.attempt);
  message.set_worker(record.worker);
  message.set_key(record.key);
  *message.mutable_genotype() = record.genotype;
  message.set_notation(record.notation);
  *message.mutable_fidelity() = record.fidelity;
  message.set_continues(record.continues);
  for (int64_t parent : record.parents) message.add_parents(parent);
  message.set_reason(record.reason);
  *message.mutable_costs() = record.costs;
  for (const auto& [name, value] : CostValues(record.costs)) {
    (*message.mutable_metrics())[name] = value;
  }
  for (const auto& [name, value] : record.metrics) (*message.mutable_metrics())[name] = value;
  *message.mutable_created_at() = ToTimestamp(record.created_at);
  if (record.finished_at.has_value()) {
    *message.mutable_finished_at() = ToTimestamp(*record.finished_at);
  }
  message.set_shared_from(record.shared_from);
  message.set_weights(record.weights);
  *message.mutable_recipe() = record.recipe;
  return message;
}

std::vector<v1::SearchDecision> DecisionsOf(const ResolvedSearch& search) {
  std::vector<v1::SearchDecision> decisions;
  for (const space::Decision& decision : search.space->decisions().decisions()) {
    v1::SearchDecision& message = decisions.emplace_back();
    message.set_label(decision.label);
    *message.mutable_domain() = space::ToProto(decision.domain);
  }
  return decisions;
}

static_assert(v1::TrialState_MAX == v1::TRIAL_STATE_SHARED, "Where is the new state counted?");

void SetCounts(const std::map<v1::TrialState, int64_t>& counts, int64_t scored,
               v1::SearchProgress& progress) {
  const auto count = [&counts](v1::TrialState state) {
    const auto found = counts.find(state);
    return found == counts.end() ? 0 : found->second;
  };
  progress.set_ready(count(v1::TRIAL_STATE_READY));
  progress.set_running(count(v1::TRIAL_STATE_LEASED));
  progress.set_succeeded(count(v1::TRIAL_STATE_SUCCEEDED));
  progress.set_failed(count(v1::TRIAL_STATE_FAILED));
  progress.set_stopped(count(v1::TRIAL_STATE_STOPPED));
  progress.set_shared(count(v1::TRIAL_STATE_SHARED));
  progress.set_cancelled(count(v1::TRIAL_STATE_CANCELLED));
  progress.set_finished(storage::CountForBudget(counts) - scored);
  progress.set_scored(scored);
}

v1::Search ViewOf(const storage::SearchRecord& record) {
  v1::Search message;
  message.set_id(record.id);
  *message.mutable_spec() = record.spec;
  message.set_state(record.state);
  message.set_state_reason(record.state_reason);
  *message.mutable_created_at() = ToTimestamp(record.created_at);
  if (record.finished_at.has_value()) {
    *message.mutable_finished_at() = ToTimestamp(*record.finished_at);
  }
  message.set_space_size(record.space_size);
  for (const std::string& warning : record.warnings) message.add_warnings(warning);
  message.mutable_decisions()->Add(record.decisions.begin(), record.decisions.end());
  return message;
}

v1::Search ViewOf(const ActiveSearch& search, absl::Time now) {
  v1::Search message = ViewOf(search.record);
  *message.mutable_spec() = search.spec();
  const auto decisions = DecisionsOf(*search.resolved);
  message.mutable_decisions()->Assign(decisions.begin(), decisions.end());
  if (!search.queue.trouble.empty()) {
    message.add_warnings(
        absl::StrCat("random search stood in for the strategy: ", search.queue.trouble));
  }
  if (!search.lacking.empty()) {
    message.add_warnings(absl::StrCat("waits for what could not be had: ", search.lacking));
  }
  v1::SearchProgress& progress = *message.mutable_progress();
  SetCounts(search.tally.counts(), search.tally.Scored(), progress);
  const absl::Time until = search.record.finished_at.value_or(now);
  progress.set_wall_seconds(absl::ToDoubleSeconds(until - search.record.created_at));
  progress.set_device_seconds(search.device_seconds);
  if (const auto remaining = Remaining(search, now); remaining.has_value()) {
    progress.set_remaining_seconds(*remaining);
  }
  search.trust.Describe(message);
  if (const auto volume = search.winners.standing().Hypervolume(); volume.has_value()) {
    progress.set_hypervolume(*volume);
  }
  for (int64_t number : search.winners.standing().Leaders(kViewedLeaders)) {
    const auto leader = search.winners.Find(number);
    if (leader != nullptr) *message.add_leaders() = ViewOf(leader->record);
  }
  return message;
}

void AddTrials(const ActiveSearch& search, int64_t since_revision, SearchView& view) {
  std::vector<const LiveTrial*> changed;
  for (auto it = search.ended.rbegin(); it != search.ended.rend(); ++it) {
    if ((*it)->revision > since_revision) changed.push_back(it->get());
  }
  for (const auto& [number, trial] : search.open) {
    if (trial->revision > since_revision) changed.push_back(trial.get());
    if (trial->record.state == v1::TRIAL_STATE_LEASED) {
      view.progress[trial->record.id] = trial->progress;
    }
  }
  std::sort(changed.begin(), changed.end(), [](const LiveTrial* a, const LiveTrial* b) {
    return a->record.number < b->record.number;
  });
  if (changed.size() > kMostTrials) {
    changed.erase(changed.begin(), changed.end() - static_cast<int64_t>(kMostTrials));
  }
  for (const LiveTrial* trial : changed) view.trials.push_back(ViewOf(trial->record));
}

}  // namespace nascent::engine
