#include "server/storage/memory_state.h"

#include "absl/strings/str_cat.h"
#include "server/storage/outcomes.h"
#include "server/storage/transition_check.h"
#include "server/storage/trial_life.h"

namespace nascent::storage {

Outcome MemoryState::Apply(const Transition& transition, absl::Time now) {
  if (absl::Status status = CheckTransition(transition); !status.ok()) return Refuse(status);
  now_ = now;
  return std::visit([this](const auto& t) { return Do(t); }, transition);
}

// --- what several transitions need ---

Outcome MemoryState::Refuse(absl::Status status) {
  Outcome outcome;
  outcome.status = std::move(status);
  return outcome;
}

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
  if (found == tasks_.end()) return FencedByDeletion(id);
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

// --- artifacts and data sets ---

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
