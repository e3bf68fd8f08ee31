#include "server/storage/memory_state.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/storage/outcomes.h"
#include "server/storage/transition_check.h"
#include "server/storage/trial_life.h"

namespace nascent::storage {
namespace {

Outcome Refuse(absl::Status status) {
  Outcome outcome;
  outcome.status = std::move(status);
  return outcome;
}

std::string_view HowEnded(ReturnAttempt::How how) {
  switch (how) {
    case ReturnAttempt::How::kExpired:
      return "EXPIRED";
    case ReturnAttempt::How::kReleased:
      return "RELEASED";
    case ReturnAttempt::How::kCrashed:
      return "CRASHED";
  }
  return "";
}

}  // namespace

Outcome MemoryState::Apply(const Transition& transition, absl::Time now) {
  if (absl::Status status = CheckTransition(transition); !status.ok()) return Refuse(status);
  now_ = now;
  return std::visit([this](const auto& t) { return Do(t); }, transition);
}

// --- what several transitions need ---

std::optional<Outcome> MemoryState::Seen(const std::string& request_id,
                                         const std::string& used_for) const {
  const auto found = request_id.empty() ? requests_.end() : requests_.find(request_id);
  if (found == requests_.end()) return std::nullopt;
  if (found->second.used_for != used_for) {
    return Refuse(RequestReused(request_id, found->second.used_for));
  }
  Outcome outcome = found->second.outcome;
  outcome.replayed = true;
  return outcome;
}

Outcome MemoryState::Remember(const std::string& request_id, const std::string& used_for,
                              Outcome outcome) {
  if (!request_id.empty()) requests_.emplace(request_id, Request{used_for, outcome});
  return outcome;
}

absl::StatusOr<std::pair<MemoryState::Task*, MemoryState::Attempt*>> MemoryState::Running(
    const AttemptId& id) {
  const auto found = tasks_.find(id.task_id);
  if (found == tasks_.end()) return Unknown("task", id.task_id);
  Task& task = found->second;
  if (id.attempt > static_cast<int>(task.attempts.size())) {
    return Fenced(id, task.record.attempt);
  }
  Attempt& attempt = task.attempts[id.attempt - 1];
  if (attempt.state != AttemptState::kRunning) return Fenced(id, task.record.attempt);
  return std::make_pair(&task, &attempt);
}

absl::StatusOr<std::pair<MemoryState::Task*, MemoryState::Attempt*>> MemoryState::Ending(
    const AttemptId& id, const std::string& request_id, Outcome* seen) {
  auto running = Running(id);
  if (running.ok()) return running;
  seen->status = running.status();
  const auto found = tasks_.find(id.task_id);
  if (found != tasks_.end() && id.attempt <= static_cast<int>(found->second.attempts.size())) {
    const Attempt& attempt = found->second.attempts[id.attempt - 1];
    if (!request_id.empty() && attempt.end_request_id == request_id) {
      seen->status = absl::OkStatus();
      seen->replayed = true;
    } else if (attempt.state == AttemptState::kReported) {
      seen->status = EndedBefore(id, attempt.how);
    }
  }
  return running.status();
}

absl::Status MemoryState::EventsAreNew(int64_t search_id,
                                       const std::vector<EventRecord>& events) const {
  const auto search = searches_.find(search_id);
  if (search == searches_.end()) return absl::OkStatus();
  for (const EventRecord& event : events) {
    if (search->second.events.contains(event.sequence)) {
      return EventExists(search_id, event.sequence);
    }
  }
  return absl::OkStatus();
}

void MemoryState::AddEvents(int64_t search_id, const std::vector<EventRecord>& events) {
  auto& all = searches_.at(search_id).events;
  for (const EventRecord& event : events) all.emplace(event.sequence, event);
}

int64_t MemoryState::AddTask(const Trial& trial, v1::TaskKind kind, int64_t seed_offset) {
  Task task;
  task.record.id = ++last_task_;
  task.record.trial_id = trial.record.id;
  task.record.search_id = trial.record.search_id;
  task.record.kind = kind;
  task.record.seed_offset = seed_offset;
  searches_.at(trial.record.search_id).open_tasks.insert(task.record.id);
  tasks_.emplace(task.record.id, std::move(task));
  return last_task_;
}

void MemoryState::EndAttempt(Task& task, Attempt& attempt, AttemptState state, std::string_view how,
                             const std::string& request_id) {
  attempt.state = state;
  attempt.how = how;
  attempt.end_request_id = request_id;
  searches_.at(task.record.search_id).device_seconds +=
      absl::ToDoubleSeconds(now_ - attempt.leased_at);
  task.record.leased = false;
}

void MemoryState::FinishTask(Task& task) {
  task.finished = true;
  searches_.at(task.record.search_id).open_tasks.erase(task.record.id);
}

void MemoryState::StoreEvaluation(const TrialRecord& trial) {
  if (trial.evaluation_identity.empty()) return;
  Evaluation evaluation;
  evaluation.record = EvaluationOf(trial);
  evaluation.project = searches_.at(trial.search_id).record.spec.project();
  evaluations_[trial.id] = std::move(evaluation);
  evaluations_by_identity_[trial.evaluation_identity].insert(trial.id);
}

// --- searches ---

Outcome MemoryState::Do(const CreateSearch& t) {
  if (auto seen = Seen(t.request_id, "CreateSearch")) return *seen;
  Search search;
  search.record = t.search;
  search.record.id = ++last_search_;
  search.record.created_at = now_;
  search.record.finished_at.reset();
  searches_.emplace(last_search_, std::move(search));
  Outcome outcome;
  outcome.id = last_search_;
  return Remember(t.request_id, "CreateSearch", outcome);
}

Outcome MemoryState::Do(const ChangeSearchState& t) {
  const std::string used_for = absl::StrCat("ChangeSearchState of search ", t.search_id);
  if (auto seen = Seen(t.request_id, used_for)) return *seen;
  const auto found = searches_.find(t.search_id);
  if (found == searches_.end()) return Refuse(Unknown("search", t.search_id));
  SearchRecord& search = found->second.record;
  if (search.state != t.to) {
    if (!MayBecome(search.state, t.to)) {
      return Refuse(WrongSearchState(t.search_id, search.state, t.to));
    }
    search.state = t.to;
    search.state_reason = t.reason;
    if (HasEnded(t.to)) search.finished_at = now_;
  }
  Outcome outcome;
  outcome.id = t.search_id;
  return Remember(t.request_id, used_for, outcome);
}

Outcome MemoryState::Do(const DeleteSearch& t) {
  const std::string used_for = absl::StrCat("DeleteSearch of search ", t.search_id);
  if (auto seen = Seen(t.request_id, used_for)) return *seen;
  const auto found = searches_.find(t.search_id);
  if (found == searches_.end()) return Refuse(Unknown("search", t.search_id));
  if (!HasEnded(found->second.record.state)) {
    return Refuse(SearchStillRuns(t.search_id, found->second.record.state));
  }
  absl::btree_set<int64_t> used_elsewhere;
  for (const auto& [id, trial] : trials_) {
    if (trial.record.search_id != t.search_id) used_elsewhere.insert(trial.record.shared_from);
  }
  for (const auto& [number, id] : found->second.trials) {
    const Trial& trial = trials_.at(id);
    tasks_.erase(trial.train_task);
    for (const int64_t task : trial.final_tasks) tasks_.erase(task);
    if (!used_elsewhere.contains(id) && evaluations_.erase(id) > 0) {
      evaluations_by_identity_[trial.record.evaluation_identity].erase(id);
    }
    trials_.erase(id);
  }
  searches_.erase(found);
  Outcome outcome;
  outcome.id = t.search_id;
  return Remember(t.request_id, used_for, outcome);
}

Outcome MemoryState::Do(const AddTrial& t) {
  const auto request = std::make_pair(t.request_id, t.request_index);
  if (const auto seen = trials_by_request_.find(request); seen != trials_by_request_.end()) {
    Outcome outcome;
    outcome.id = seen->second;
    outcome.task_id = trials_.at(seen->second).train_task;
    outcome.replayed = true;
    return outcome;
  }
  const auto found = searches_.find(t.trial.search_id);
  if (found == searches_.end()) return Refuse(Unknown("search", t.trial.search_id));
  Search& search = found->second;
  if (const auto same = search.trials.find(t.trial.number); same != search.trials.end()) {
    const Trial& there = trials_.at(same->second);
    if (there.record.notation != t.trial.notation || there.record.key != t.trial.key) {
      return Refuse(NumberTaken(t.trial.search_id, t.trial.number));
    }
    Outcome outcome;
    outcome.id = there.record.id;
    outcome.task_id = there.train_task;
    outcome.replayed = true;
    return outcome;
  }
  if (HasEnded(search.record.state)) {
    return Refuse(SearchHasEnded(t.trial.search_id, search.record.state, "no trial can be added"));
  }
  if (absl::Status status = EventsAreNew(t.trial.search_id, t.events); !status.ok()) {
    return Refuse(status);
  }
  Trial trial;
  trial.record = t.trial;
  TrialRecord& record = trial.record;
  record.id = ++last_trial_;
  record.attempt = 0;
  record.worker.clear();
  record.joined = t.joined;
  record.created_at = now_;
  record.finished_at.reset();
  if (record.shared_from != 0) {
    record.state = v1::TRIAL_STATE_SHARED;
    record.finished_at = now_;
    const auto evaluation = evaluations_.find(record.shared_from);
    if (record.metrics.empty() && evaluation != evaluations_.end()) {
      record.metrics = evaluation->second.record.metrics;
    }
  } else {
    record.state = v1::TRIAL_STATE_READY;
    record.metrics.clear();
    if (!t.joined) trial.train_task = AddTask(trial, v1::TASK_KIND_TRAIN, 0);
  }
  Outcome outcome;
  outcome.id = record.id;
  outcome.task_id = trial.train_task;
  search.trials.emplace(record.number, record.id);
  if (!t.request_id.empty()) trials_by_request_.emplace(request, record.id);
  AddEvents(record.search_id, t.events);
  trials_.emplace(last_trial_, std::move(trial));
  return outcome;
}

Outcome MemoryState::Do(const ResolveJoined& t) {
  const auto found = trials_.find(t.trial_id);
  if (found == trials_.end()) return Refuse(Unknown("trial", t.trial_id));
  Trial& trial = found->second;
  if (absl::Status status = RefuseResolve(trial.record, t); !status.ok()) return Refuse(status);
  if (absl::Status status = EventsAreNew(trial.record.search_id, t.events); !status.ok()) {
    return Refuse(status);
  }
  Outcome outcome;
  outcome.id = t.trial_id;
  trial.record.joined = false;
  if (t.evaluation.has_value()) {
    Share(trial.record, *t.evaluation, now_);
    if (trial.train_task != 0) FinishTask(tasks_.at(trial.train_task));
    AddEvents(trial.record.search_id, t.events);
  } else {
    outcome.task_id = trial.train_task = AddTask(trial, v1::TASK_KIND_TRAIN, 0);
  }
  return outcome;
}

Outcome MemoryState::Do(const AddFinalTask& t) {
  const auto found = trials_.find(t.trial_id);
  if (found == trials_.end()) return Refuse(Unknown("trial", t.trial_id));
  Trial& trial = found->second;
  Outcome outcome;
  for (const int64_t id : trial.final_tasks) {
    if (tasks_.at(id).record.seed_offset != t.seed_offset) continue;
    outcome.id = outcome.task_id = id;
    outcome.replayed = true;
    return outcome;
  }
  if (absl::Status status = RefuseFinalTask(trial.record); !status.ok()) return Refuse(status);
  trial.final_tasks.push_back(AddTask(trial, v1::TASK_KIND_FINAL_TEST, t.seed_offset));
  outcome.id = outcome.task_id = trial.final_tasks.back();
  return outcome;
}

Outcome MemoryState::Do(const PutSnapshot& t) {
  const auto found = searches_.find(t.search_id);
  if (found == searches_.end()) return Refuse(Unknown("search", t.search_id));
  found->second.snapshot = t.snapshot;
  return {};
}

// --- workers and attempts ---

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
  if (record.kind == v1::TASK_KIND_TRAIN) {
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
  if (task->record.kind == v1::TASK_KIND_TRAIN) {
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
  EndAttempt(*task, *attempt, AttemptState::kEnded, HowEnded(t.how), t.request_id);
  if (t.charged) ++task->record.charged;
  if (!t.checkpoint.empty()) {
    task->record.checkpoint = t.checkpoint;
    task->record.checkpoint_evaluator = attempt->evaluator;
  }
  AddMeasurements(trials_.at(task->record.trial_id).record, t.measurements);
  if (task->record.kind == v1::TASK_KIND_TRAIN) {
    Return(trials_.at(task->record.trial_id).record);
  }
  return outcome;
}

Outcome MemoryState::Do(const EndTrial& t) {
  const auto found = trials_.find(t.trial_id);
  if (found == trials_.end()) return Refuse(Unknown("trial", t.trial_id));
  TrialRecord& trial = found->second.record;
  Outcome outcome;
  outcome.id = t.trial_id;
  if (HasEnded(trial.state) && trial.state == t.state && trial.failure == t.failure) {
    outcome.replayed = true;
    return outcome;
  }
  if (absl::Status status = RefuseEnd(trial); !status.ok()) return Refuse(status);
  if (absl::Status status = EventsAreNew(trial.search_id, t.events); !status.ok()) {
    return Refuse(status);
  }
  End(trial, t.state, t.failure, t.error, now_);
  if (found->second.train_task != 0) FinishTask(tasks_.at(found->second.train_task));
  AddEvents(trial.search_id, t.events);
  return outcome;
}

Outcome MemoryState::Do(const SetWeights& t) {
  const auto found = trials_.find(t.trial_id);
  if (found == trials_.end()) return Refuse(Unknown("trial", t.trial_id));
  TrialRecord& trial = found->second.record;
  if (absl::Status status = RefuseWeights(trial, found->second.train_task, t); !status.ok()) {
    return Refuse(status);
  }
  trial.weights = t.sha256;
  if (const auto made = evaluations_.find(t.trial_id); made != evaluations_.end()) {
    made->second.record.weights = t.sha256;
  }
  Outcome outcome;
  outcome.id = t.trial_id;
  return outcome;
}

// --- artifacts ---

Outcome MemoryState::Do(const PutArtifact& t) {
  artifacts_.emplace(t.sha256, now_);
  return {};
}

Outcome MemoryState::Do(const RemoveArtifact& t) {
  if (UsedArtifacts().contains(t.sha256)) return Refuse(ArtifactInUse(t.sha256));
  artifacts_.erase(t.sha256);
  return {};
}

Outcome MemoryState::Do(const PutDataset& t) {
  const std::string used_for = absl::StrCat("PutDataset of ", t.dataset.name());
  if (auto seen = Seen(t.request_id, used_for)) return *seen;
  Outcome outcome;
  if (const auto found = datasets_.find(t.dataset.name()); found != datasets_.end()) {
    if (found->second.fingerprint() != t.dataset.fingerprint()) {
      return Refuse(DatasetExists(t.dataset.name(), found->second.fingerprint()));
    }
    outcome.replayed = true;
    return outcome;
  }
  v1::Dataset dataset = t.dataset;
  const int64_t micros = absl::ToUnixMicros(now_);
  dataset.mutable_created_at()->set_seconds(micros / 1'000'000);
  dataset.mutable_created_at()->set_nanos(static_cast<int32_t>(micros % 1'000'000) * 1'000);
  datasets_.emplace(t.dataset.name(), std::move(dataset));
  return Remember(t.request_id, used_for, outcome);
}

Outcome MemoryState::Do(const RemoveDataset& t) {
  const std::string used_for = absl::StrCat("RemoveDataset of ", t.name);
  if (auto seen = Seen(t.request_id, used_for)) return *seen;
  for (const auto& [id, search] : searches_) {
    if (search.record.spec.data().dataset() == t.name && !HasEnded(search.record.state)) {
      return Refuse(DatasetInUse(t.name, id, search.record.spec.name()));
    }
  }
  if (datasets_.erase(t.name) == 0) return Refuse(NoDataset(t.name));
  return Remember(t.request_id, used_for, {});
}

}  // namespace nascent::storage
