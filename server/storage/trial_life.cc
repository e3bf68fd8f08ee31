#include "server/storage/trial_life.h"

#include "server/storage/outcomes.h"

namespace nascent::storage {

bool DecidesTrial(v1::TaskKind kind) {
  switch (kind) {
    case v1::TASK_KIND_TRAIN:
      return true;
    case v1::TASK_KIND_FINAL_TEST:
      return false;
    case v1::TASK_KIND_UNSPECIFIED:
    case v1::TaskKind_INT_MIN_SENTINEL_DO_NOT_USE_:
    case v1::TaskKind_INT_MAX_SENTINEL_DO_NOT_USE_:
      break;
  }
  return false;
}

void Lease(TrialRecord& trial, int attempt, const std::string& worker) {
  trial.state = v1::TRIAL_STATE_LEASED;
  trial.attempt = attempt;
  trial.worker = worker;
  trial.metrics.clear();
}

void Return(TrialRecord& trial) { trial.state = v1::TRIAL_STATE_READY; }

void End(TrialRecord& trial, v1::TrialState state, v1::FailureKind failure,
         const std::string& error, absl::Time now) {
  trial.state = state;
  trial.failure = failure;
  trial.error = error;
  trial.joined = false;
  trial.finished_at = now;
}

void MadeBy(TrialRecord& trial, const std::string& evaluator, const std::string& identity) {
  trial.evaluator = evaluator;
  if (!identity.empty()) trial.evaluation_identity = identity;
}

void Share(TrialRecord& trial, const EvaluationRecord& evaluation, absl::Time now) {
  End(trial, v1::TRIAL_STATE_SHARED, evaluation.failure, "", now);
  trial.shared_from = evaluation.trial_id;
  trial.metrics = evaluation.metrics;
  trial.evaluation_identity = evaluation.identity;
  trial.evaluator = evaluation.evaluator;
}

void AddMeasurements(TrialRecord& trial, const std::vector<v1::Measurement>& measurements) {
  for (const v1::Measurement& each : measurements) trial.metrics[each.metric()] = each.value();
}

absl::Status RefuseLease(const TaskRecord& task, bool finished, int attempt) {
  if (!finished && !task.leased && task.attempt == attempt - 1) return absl::OkStatus();
  return TaskNotFree(task.id, attempt, task.attempt, task.leased, finished);
}

absl::Status RefuseResolve(const TrialRecord& trial, const ResolveJoined& resolve) {
  const bool ready = trial.state == v1::TRIAL_STATE_READY;
  if (ready && (resolve.evaluation.has_value() || trial.joined)) return absl::OkStatus();
  return TrialNotOpen(trial.id, ShortName(trial.state), "it waits for no twin");
}

absl::Status RefuseEnd(const TrialRecord& trial) {
  if (trial.state == v1::TRIAL_STATE_READY) return absl::OkStatus();
  return TrialNotOpen(trial.id, ShortName(trial.state), "it can't be ended");
}

absl::Status RefuseFinalTask(const TrialRecord& trial) {
  if (HasResult(trial.state)) return absl::OkStatus();
  return TrialNotOpen(trial.id, ShortName(trial.state), "only a trial with a result can be tested");
}

absl::Status RefuseWeights(const TrialRecord& trial, int64_t task_id, const SetWeights& weights) {
  const bool made_it =
      trial.state == v1::TRIAL_STATE_SUCCEEDED || trial.state == v1::TRIAL_STATE_STOPPED;
  if (weights.sha256.empty() || (made_it && trial.attempt == weights.attempt)) {
    return absl::OkStatus();
  }
  return Fenced({task_id, weights.attempt}, trial.attempt);
}

static_assert(v1::TrialState_MAX == v1::TRIAL_STATE_SHARED, "What is a trial in the new state?");

bool HasEnded(v1::TrialState state) {
  return CountsForBudget(state) || state == v1::TRIAL_STATE_CANCELLED;
}

bool CountsForBudget(v1::TrialState state) {
  return HasResult(state) || state == v1::TRIAL_STATE_FAILED;
}

int64_t CountForBudget(const std::map<v1::TrialState, int64_t>& counts) {
  int64_t counted = 0;
  for (const auto& [state, count] : counts) {
    if (CountsForBudget(state)) counted += count;
  }
  return counted;
}

bool ExemptFromBudget(const TrialRecord& trial) { return !trial.fidelity.zero_cost().empty(); }

bool HasResult(v1::TrialState state) {
  return state == v1::TRIAL_STATE_SUCCEEDED || state == v1::TRIAL_STATE_STOPPED ||
         state == v1::TRIAL_STATE_SHARED;
}

bool HasGoodResult(const TrialRecord& trial) {
  return HasResult(trial.state) && trial.failure == v1::FAILURE_KIND_UNSPECIFIED;
}

bool MakesEvaluation(v1::TrialState state, v1::FailureKind failure) {
  return state == v1::TRIAL_STATE_SUCCEEDED ||
         (state == v1::TRIAL_STATE_FAILED && failure == v1::FAILURE_KIND_DIVERGED);
}

EvaluationRecord EvaluationOf(const TrialRecord& trial) {
  EvaluationRecord evaluation;
  evaluation.identity = trial.evaluation_identity;
  evaluation.trial_id = trial.id;
  evaluation.search_id = trial.search_id;
  evaluation.state = trial.state;
  evaluation.failure = trial.failure;
  evaluation.metrics = trial.metrics;
  evaluation.weights = trial.weights;
  evaluation.evaluator = trial.evaluator;
  return evaluation;
}

}  // namespace nascent::storage
