// Evaluations that several trials refer to: finished ones are used at once, running ones are
// joined.

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/engine/engine.h"

namespace nascent::engine {
namespace {

// Finished evaluations that are kept in memory. They bridge the time between a strategy's look into
// the store and the commit of its proposal; older ones are found in the store.
constexpr size_t kKeptFinished = 10000;

}  // namespace

std::string Engine::Scope(const ActiveSearch& search, const std::string& identity) const {
  return search.spec().sharing() == v1::SHARING_SEARCH
             ? absl::StrCat("search ", search.record.id, "/", identity)
             : absl::StrCat("project ", search.spec().project(), "/", identity);
}

void Engine::RememberFinished(const std::string& scope, storage::EvaluationRecord evaluation) {
  SharedEvaluation& known = evaluations_[scope];
  known.maker = nullptr;
  known.search = nullptr;
  known.finished = std::move(evaluation);
  finished_scopes_.push_back(scope);
  if (finished_scopes_.size() <= kKeptFinished) return;
  const auto oldest = evaluations_.find(finished_scopes_.front());
  if (oldest != evaluations_.end() && oldest->second.maker == nullptr &&
      oldest->second.joined.empty()) {
    evaluations_.erase(oldest);
  }
  finished_scopes_.pop_front();
}

void Engine::OnEvaluationEnded(ActiveSearch& search, const std::shared_ptr<Trial>& trial) {
  const storage::TrialRecord& record = trial->record;
  if (record.evaluation_identity.empty() || record.state == v1::TRIAL_STATE_SHARED) return;
  const std::string scope = Scope(search, record.evaluation_identity);
  const auto it = evaluations_.find(scope);
  if (it == evaluations_.end()) return;
  SharedEvaluation& known = it->second;
  const auto self = std::make_pair(record.search_id, record.number);
  std::erase(known.joined, self);
  if (known.maker != trial) return;
  const bool usable =
      record.state == v1::TRIAL_STATE_SUCCEEDED ||
      (record.state == v1::TRIAL_STATE_FAILED && record.failure == v1::FAILURE_KIND_DIVERGED);
  const auto joined = std::exchange(known.joined, {});
  if (usable) {
    storage::EvaluationRecord evaluation;
    evaluation.identity = record.evaluation_identity;
    evaluation.trial_id = record.id;
    evaluation.search_id = record.search_id;
    evaluation.state = record.state;
    evaluation.failure = record.failure;
    evaluation.metrics = record.metrics;
    evaluation.weights = record.weights;
    RememberFinished(scope, evaluation);
    for (const auto& [search_id, number] : joined) {
      Resolve(search_id, number, evaluation);
    }
    return;
  }
  evaluations_.erase(it);
  // Whoever came first makes it now; the others wait for that one.
  for (const auto& [search_id, number] : joined) {
    const auto other = searches_.find(search_id);
    if (other == searches_.end() || !other->second->open.contains(number)) continue;
    SharedEvaluation& next = evaluations_[scope];
    if (next.maker != nullptr) {
      next.joined.emplace_back(search_id, number);
      continue;
    }
    next.maker = other->second->open.at(number);
    next.search = other->second.get();
    Resolve(search_id, number, std::nullopt);
  }
}

void Engine::Resolve(int64_t search_id, int64_t number,
                     const std::optional<storage::EvaluationRecord>& evaluation) {
  const auto it = searches_.find(search_id);
  if (it == searches_.end() || !it->second->open.contains(number)) return;
  const std::shared_ptr<Trial> trial = it->second->open.at(number);
  if (trial->record.id == 0) {
    // It is in the very batch whose outcomes are being read: its turn comes when it has an id.
    unresolved_.push_back({search_id, number, evaluation});
    return;
  }
  storage::ResolveJoined resolve;
  resolve.trial_id = trial->record.id;
  resolve.evaluation = evaluation;
  if (evaluation.has_value()) {
    resolve.events.push_back(FinishedEvent(*it->second, *trial, v1::TRIAL_STATE_SHARED,
                                           evaluation->failure, evaluation->metrics,
                                           trial->candidate->recipe.epochs(), 0));
  }
  auto events = resolve.events;
  Plan(std::move(resolve), [this, search_id, trial, evaluation, events](const Outcome& outcome) {
    if (!outcome.status.ok()) return OnRefused(search_id, outcome.status);
    ActiveSearch& search = *searches_.at(search_id);
    search.Count(*trial, -1);
    trial->joined_own = false;
    trial->record.joined = false;
    search.Count(*trial, 1);
    if (!evaluation.has_value()) {
      Task& task = AddTask(search, trial, v1::TASK_KIND_TRAIN, outcome.task_id);
      task.evaluator_version = workers_.newest_version();
      search.Touch(*trial);
      return;
    }
    trial->record.shared_from = evaluation->trial_id;
    trial->record.metrics = evaluation->metrics;
    trial->record.weights = evaluation->weights;
    Observe(search, *trial, events);
    EndTrial(search, trial, v1::TRIAL_STATE_SHARED, evaluation->failure, "");
  });
}

}  // namespace nascent::engine
