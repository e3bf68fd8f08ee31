// What the transitions of trials do to the tables in memory.

#include "server/storage/memory_state.h"
#include "server/storage/outcomes.h"
#include "server/storage/transition_check.h"
#include "server/storage/trial_life.h"

namespace nascent::storage {

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

}  // namespace nascent::storage
