// What the transitions of workers and attempts do to the tables in memory.

#include "server/storage/memory_state.h"
#include "server/storage/outcomes.h"
#include "server/storage/trial_life.h"

namespace nascent::storage {
Outcome MemoryState::Do(const RegisterWorker& t) {
  const auto [known, is_new] =
      worker_ids_.try_emplace(t.registration.name(), static_cast<int64_t>(workers_.size()) + 1);
  WorkerRecord& worker = workers_[known->second];
  worker.id = known->second;
  worker.name = t.registration.name();
  worker.registration = t.registration;
  if (is_new) worker.registered_at = now_;
  worker.last_seen_at = now_;
  Outcome outcome;
  outcome.id = worker.id;
  return outcome;
}

Outcome MemoryState::Do(const GrantLease& t) {
  if (const auto seen = leases_by_request_.find(t.request_id); seen != leases_by_request_.end()) {
    const auto task = tasks_.find(seen->second);
    if (task != tasks_.end()) {
      for (const Attempt& attempt : task->second.attempts) {
        if (attempt.lease_request_id != t.request_id) continue;
        Outcome outcome;
        outcome.id = seen->second;
        outcome.deadline = attempt.deadline;
        outcome.replayed = true;
        return outcome;
      }
    }
  }
  const auto found = tasks_.find(t.task_id);
  if (found == tasks_.end()) return Refuse(Unknown("task", t.task_id));
  const auto worker = workers_.find(t.worker_id);
  if (worker == workers_.end()) return Refuse(Unknown("worker", t.worker_id));
  Task& task = found->second;
  TaskRecord& record = task.record;
  if (absl::Status status = RefuseLease(record, task.finished, t.attempt); !status.ok()) {
    return Refuse(status);
  }
  Attempt attempt;
  attempt.lease_request_id = t.request_id;
  attempt.worker_id = t.worker_id;
  attempt.leased_at = now_;
  attempt.deadline = now_ + t.duration;
  attempt.evaluator = t.evaluator;
  attempt.evaluation_identity = t.evaluation_identity;
  record.attempt = t.attempt;
  record.leased = true;
  record.worker_id = t.worker_id;
  record.slot = t.slot;
  record.leased_at = attempt.leased_at;
  record.deadline = attempt.deadline;
  record.lease_request_id = t.request_id;
  record.evaluator = t.evaluator;
  worker->second.last_seen_at = now_;
  if (!t.request_id.empty()) leases_by_request_[t.request_id] = t.task_id;
  if (DecidesTrial(record.kind)) {
    Lease(trials_.at(record.trial_id).record, t.attempt, worker->second.name);
  }
  Outcome outcome;
  outcome.id = t.task_id;
  outcome.deadline = attempt.deadline;
  task.attempts.push_back(std::move(attempt));
  return outcome;
}

Outcome MemoryState::Do(const RenewLease& t) {
  const auto running = Running(t.attempt);
  if (!running.ok()) return Refuse(running.status());
  auto& [task, attempt] = *running;
  if (absl::Status status = EventsAreNew(task->record.search_id, t.events); !status.ok()) {
    return Refuse(status);
  }
  attempt->deadline = task->record.deadline = now_ + t.duration;
  workers_.at(attempt->worker_id).last_seen_at = now_;
  AddMeasurements(trials_.at(task->record.trial_id).record, t.measurements);
  AddEvents(task->record.search_id, t.events);
  Outcome outcome;
  outcome.id = t.attempt.task_id;
  outcome.deadline = attempt->deadline;
  return outcome;
}

Outcome MemoryState::Do(const FinishAttempt& t) {
  Outcome outcome;
  outcome.id = t.attempt.task_id;
  const auto running = Ending(t.attempt, t.request_id, &outcome);
  if (!running.ok()) return outcome;
  auto& [task, attempt] = *running;
  if (absl::Status status = EventsAreNew(task->record.search_id, t.events); !status.ok()) {
    return Refuse(status);
  }
  EndAttempt(*task, *attempt,
             t.state == v1::TRIAL_STATE_CANCELLED ? AttemptState::kEnded : AttemptState::kReported,
             ShortName(t.state), t.request_id);
  FinishTask(*task);
  AddMeasurements(trials_.at(task->record.trial_id).record, t.measurements);
  AddEvents(task->record.search_id, t.events);
  if (DecidesTrial(task->record.kind)) {
    TrialRecord& trial = trials_.at(task->record.trial_id).record;
    End(trial, t.state, t.failure, t.error, now_);
    MadeBy(trial, attempt->evaluator, attempt->evaluation_identity);
    trial.checkpoint = t.checkpoint;
    if (MakesEvaluation(t.state, t.failure)) StoreEvaluation(trial);
  }
  return outcome;
}

Outcome MemoryState::Do(const ReturnAttempt& t) {
  Outcome outcome;
  outcome.id = t.attempt.task_id;
  const auto running = Ending(t.attempt, t.request_id, &outcome);
  if (!running.ok()) return outcome;
  auto& [task, attempt] = *running;
  EndAttempt(*task, *attempt, AttemptState::kEnded, ShortName(t.how), t.request_id);
  if (t.charged) ++task->record.charged;
  if (!t.checkpoint.empty()) {
    task->record.checkpoint = t.checkpoint;
    task->record.checkpoint_evaluator = attempt->evaluator;
  }
  AddMeasurements(trials_.at(task->record.trial_id).record, t.measurements);
  if (DecidesTrial(task->record.kind)) {
    Return(trials_.at(task->record.trial_id).record);
  }
  return outcome;
}

}  // namespace nascent::storage
