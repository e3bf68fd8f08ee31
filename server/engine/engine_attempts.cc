// Commands of workers: register, lease, renew, end; and leases that run out.

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/sha256.h"
#include "common/space/decisions/genotype_proto.h"
#include "server/engine/engine.h"
#include "server/engine/resolve/field_error.h"
#include "server/engine/resolve/text_rules.h"
#include "server/engine/view/timestamps.h"

namespace nascent::engine {
namespace {

constexpr int kProtocolVersion = 1;
constexpr int kMostMeasurements = 10000;
constexpr size_t kLongestMessage = 8192;
// Ready tasks of one search that are tried for a worker.
constexpr size_t kMostTried = 64;

// At most `most` bytes, cut between characters, without NUL, which PostgreSQL can't store.
std::string Clean(std::string text, size_t most) {
  if (text.size() > most) {
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
    text.resize(most);
  }
  std::replace(text.begin(), text.end(), '\0', ' ');
  return text;
}

std::vector<v1::Measurement> ToVector(
    const google::protobuf::RepeatedPtrField<v1::Measurement>& list) {
  return {list.begin(), list.end()};
}

absl::Status CheckMeasurements(
    const google::protobuf::RepeatedPtrField<v1::Measurement>& measurements) {
  if (measurements.size() > kMostMeasurements) {
    return FieldError("measurements", measurements.size(), "at most 10000");
  }
  for (int i = 0; i < measurements.size(); ++i) {
    const v1::Measurement& m = measurements[i];
    if (m.metric().empty() || m.metric().size() > 128) {
      return FieldError(absl::StrCat("measurements[", i, "].metric"),
                        absl::StrCat(m.metric().size(), " bytes"), "1 to 128 bytes");
    }
    if (m.epoch() < 0 || m.step() < 0) {
      return FieldError(absl::StrCat("measurements[", i, "]"), "a negative epoch or step",
                        "at least 0");
    }
  }
  return absl::OkStatus();
}

// A final test that trains again must not change what the trial itself measured.
void NameFinal(const Task* task, std::vector<v1::Measurement>& measurements) {
  if (task == nullptr || task->kind != v1::TASK_KIND_FINAL_TEST) return;
  for (v1::Measurement& m : measurements) {
    if (!m.metric().starts_with("test_")) m.set_metric(absl::StrCat("final_", m.metric()));
  }
}

// The first measurement that is not finite, for people; empty: all are. Only finite ones are kept.
std::string TakeNonFinite(std::vector<v1::Measurement>& measurements) {
  std::string found;
  for (const v1::Measurement& m : measurements) {
    if (!std::isfinite(m.value())) {
      found = absl::StrCat(m.metric(), " became ", m.value(), " in epoch ", m.epoch());
      break;
    }
  }
  std::erase_if(measurements, [](const auto& m) { return !std::isfinite(m.value()); });
  return found;
}

int LastEpoch(const std::vector<v1::Measurement>& measurements) {
  int last = 0;
  for (const v1::Measurement& m : measurements) last = std::max(last, m.epoch());
  return last;
}

absl::Status CheckArtifactName(const std::string& path, const std::string& sha256) {
  if (sha256.empty() || IsSha256(sha256)) return absl::OkStatus();
  return FieldError(path, absl::StrCat(sha256.size(), " bytes"),
                    "64 lower-case hexadecimal digits or nothing");
}

absl::Status CheckRegistration(const v1::RegisterRequest& request) {
  if (request.protocol_version() != kProtocolVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("protocol_version: found ", request.protocol_version(), ", allowed ",
                     kProtocolVersion, ": worker and coordinator are of different versions"));
  }
  absl::Status status = CheckText("request_id", request.request_id(), 1, 64);
  status.Update(CheckText("name", request.name(), 1, 128));
  status.Update(CheckText("evaluator_version", request.evaluator_version(), 0, 64));
  if (request.slots_size() < 1 || request.slots_size() > 1024) {
    status.Update(FieldError("slots", absl::StrCat(request.slots_size(), " entries"), "1 to 1024"));
  }
  for (int i = 0; i < request.slots_size(); ++i) {
    const v1::Device& device = request.slots(i);
    if (device.kind() != "cpu" && device.kind() != "cuda") {
      status.Update(FieldError(absl::StrCat("slots[", i, "].kind"),
                               absl::StrCat("\"", device.kind(), "\""), "cpu, cuda"));
    }
    status.Update(CheckText(absl::StrCat("slots[", i, "].model"), device.model(), 0, 256));
  }
  if (request.labels_size() > 64) {
    status.Update(
        FieldError("labels", absl::StrCat(request.labels_size(), " entries"), "at most 64"));
  }
  for (const auto& [label, value] : request.labels()) {
    status.Update(CheckText("labels", label, 1, 128));
    status.Update(CheckText(absl::StrCat("labels.", label), value, 0, 128));
  }
  for (int i = 0; i < request.metrics_size(); ++i) {
    status.Update(CheckText(absl::StrCat("metrics[", i, "]"), request.metrics(i), 1, 128));
  }
  return status;
}

}  // namespace

// --- registration and leases ---

void Engine::Handle(Call<v1::RegisterRequest, v1::RegisterResponse> call) {
  if (absl::Status status = CheckRegistration(call.request); !status.ok()) {
    return Answer(call.reply, status);
  }
  Plan(storage::RegisterWorker{call.request},
       [this, request = call.request, reply = call.reply](const Outcome& outcome) {
         if (!outcome.status.ok()) return Answer(reply, outcome.status);
         const WorkerEntry* before = workers_.Find(outcome.id);
         // A repeated request is the same start; any other is a new one, which knows nothing of
         // what the old one held.
         if (before != nullptr && before->registration.request_id() != request.request_id()) {
           orphans_.insert(orphans_.end(), before->tasks.begin(), before->tasks.end());
         }
         workers_.Put(outcome.id, request, Now());
         for (auto& [id, search] : searches_) {
           search->slots_at = absl::InfinitePast();
           search->dirty = true;
         }
         v1::RegisterResponse response;
         response.set_worker_id(outcome.id);
         *response.mutable_lease_duration() = ToMessage(options_.lease_duration);
         *response.mutable_renew_interval() = ToMessage(options_.lease_duration / 3);
         Answer(reply, std::move(response));
       });
}

void Engine::Handle(Call<LeaseTask, LeaseGrant> call) {
  const v1::LeaseRequest& request = call.request.message;
  absl::Status status = CheckText("request_id", request.request_id(), 1, 64);
  if (!status.ok()) return Answer(call.reply, status);
  WorkerEntry* worker = workers_.Find(request.worker_id());
  if (worker == nullptr) {
    return Answer(call.reply, absl::NotFoundError(absl::StrCat("worker ", request.worker_id(),
                                                               " is not registered")));
  }
  if (request.slot() < 0 || request.slot() >= worker->registration.slots_size()) {
    return Answer(call.reply,
                  FieldError("slot", request.slot(),
                             absl::StrCat("[0, ", worker->registration.slots_size() - 1, "]")));
  }
  const absl::Duration wait = FromMessage(request.wait());
  if (wait < absl::ZeroDuration() || wait > absl::Seconds(60)) {
    return Answer(call.reply, FieldError("wait", absl::FormatDuration(wait), "[0 s, 60 s]"));
  }
  worker->last_seen_at = Now();
  for (int64_t id : worker->tasks) {
    const Task& task = *tasks_.at(id);
    if (task.lease_request_id == request.request_id()) return Answer(call.reply, GrantOf(task));
  }
  // The worker asks anew for this slot: nobody reads the answer to its older request.
  const auto slot = std::make_pair(request.worker_id(), request.slot());
  if (const auto it = waiting_slots_.find(slot); it != waiting_slots_.end()) {
    StopWaiting(it->second, LeaseGrant());
  }
  const int64_t arrival = ++arrivals_;
  const absl::Duration expires = clock_->Elapsed() + wait;
  waiting_slots_[slot] = arrival;
  waiting_expiry_.emplace(expires, arrival);
  ++worker->waiting;
  waiting_.emplace(arrival, WaitingLease{std::move(call), expires});
}

Engine::WaitingLease Engine::TakeWaiting(int64_t arrival) {
  const auto it = waiting_.find(arrival);
  WaitingLease waiting = std::move(it->second);
  waiting_.erase(it);
  waiting_expiry_.erase({waiting.expires, arrival});
  const v1::LeaseRequest& request = waiting.call.request.message;
  waiting_slots_.erase({request.worker_id(), request.slot()});
  WorkerEntry* worker = workers_.Find(request.worker_id());
  --worker->waiting;
  worker->last_seen_at = Now();
  return waiting;
}

void Engine::StopWaiting(int64_t arrival, absl::StatusOr<LeaseGrant> answer) {
  const WaitingLease waiting = TakeWaiting(arrival);
  Answer(waiting.call.reply, std::move(answer));
}

void Engine::ExpireWaiting() {
  while (!waiting_expiry_.empty() && waiting_expiry_.begin()->first <= clock_->Elapsed()) {
    StopWaiting(waiting_expiry_.begin()->second, LeaseGrant());
  }
}

bool Engine::MayRun(const Task& task, const WorkerEntry& worker, int slot) {
  v1::Requirements requirements = task.search->spec().requirements();
  requirements.set_memory_bytes(std::max(requirements.memory_bytes(), task.least_memory));
  if (!worker.Fits(slot, task.kind, requirements)) return false;
  const std::string& version = worker.registration.evaluator_version();
  // Results of different evaluators are not shared, so that the one that was meant is preferred.
  if (!task.evaluator_version.empty() && task.evaluator_version != version &&
      workers_.HasVersion(task.evaluator_version, Now())) {
    return false;
  }
  return !task.failed_on.contains(worker.id) ||
         !workers_.AnotherWaits(task.failed_on, task.kind, requirements);
}

Task* Engine::PickTask(const WorkerEntry& worker, int slot) {
  Task* best = nullptr;
  for (auto& [id, search] : searches_) {
    const v1::SearchState state = search->record.state;
    if (search->ready_tasks.empty() || search->changing ||
        (state != v1::SEARCH_STATE_RUNNING && state != v1::SEARCH_STATE_FINISHING) ||
        (state == v1::SEARCH_STATE_RUNNING && !search->stop_reason.empty())) {
      continue;
    }
    if (best != nullptr) {
      const ActiveSearch& other = *best->search;
      const int here = search->spec().priority(), there = other.spec().priority();
      if (here < there || (here == there && search->last_served >= other.last_served)) continue;
    }
    const size_t tried = std::min(search->ready_tasks.size(), kMostTried);
    for (size_t i = 0; i < tried; ++i) {
      Task& task = *tasks_.at(search->ready_tasks[i]);
      if (task.busy || !MayRun(task, worker, slot)) continue;
      best = &task;
      break;
    }
  }
  return best;
}

void Engine::MatchLeases() {
  const auto has_ready = [](const auto& entry) { return !entry.second->ready_tasks.empty(); };
  if (waiting_.empty() || std::none_of(searches_.begin(), searches_.end(), has_ready)) return;
  std::vector<std::pair<int64_t, Task*>> matched;
  std::vector<int64_t> gone;
  for (auto& [arrival, waiting] : waiting_) {
    const auto& cancelled = waiting.call.request.cancelled;
    if (cancelled != nullptr && cancelled->load()) {
      gone.push_back(arrival);
      continue;
    }
    const v1::LeaseRequest& request = waiting.call.request.message;
    const WorkerEntry& worker = *workers_.Find(request.worker_id());
    Task* task = PickTask(worker, request.slot());
    if (task == nullptr) {
      if (std::none_of(searches_.begin(), searches_.end(), has_ready)) break;
      continue;
    }
    std::deque<int64_t>& ready = task->search->ready_tasks;
    ready.erase(std::find(ready.begin(), ready.end(), task->id));
    task->search->last_served = ++served_;
    task->busy = true;
    matched.emplace_back(arrival, task);
  }
  for (int64_t arrival : gone) StopWaiting(arrival, LeaseGrant());
  for (const auto& [arrival, task] : matched) Grant(*task, TakeWaiting(arrival));
}

void Engine::Grant(Task& task, WaitingLease waiting) {
  const v1::LeaseRequest& request = waiting.call.request.message;
  storage::GrantLease grant;
  grant.request_id = request.request_id();
  grant.task_id = task.id;
  grant.attempt = task.attempt + 1;
  grant.worker_id = request.worker_id();
  grant.slot = request.slot();
  grant.duration = options_.lease_duration;
  Plan(std::move(grant), [this, id = task.id, waiting = std::move(waiting)](const Outcome& o) {
    Task& granted = *tasks_.at(id);
    granted.busy = false;
    const auto& reply = waiting.call.reply;
    if (!o.status.ok()) {
      if (!absl::IsUnavailable(o.status)) inconsistent_.Update(o.status);
      return Answer(reply, o.status);
    }
    if (o.replayed) {
      // A retry of a request that was answered before this coordinator took over.
      granted.search->ready_tasks.push_front(granted.id);
      const auto first = tasks_.find(o.id);
      const bool held = first != tasks_.end() && first->second->leased &&
                        first->second->worker_id == waiting.call.request.message.worker_id();
      return Answer(reply, held ? GrantOf(*first->second) : LeaseGrant());
    }
    OnGranted(granted, waiting.call.request.message, o.deadline);
    Answer(reply, GrantOf(granted));
  });
}

void Engine::OnGranted(Task& task, const v1::LeaseRequest& request, absl::Time deadline) {
  ++task.attempt;
  task.leased = true;
  task.worker_id = request.worker_id();
  task.slot = request.slot();
  task.lease_request_id = request.request_id();
  task.deadline = deadline;
  task.leased_at = deadline - options_.lease_duration;
  task.stop = v1::STOP_REASON_UNSPECIFIED;
  deadlines_.emplace(task.deadline, task.id);
  WorkerEntry& worker = *workers_.Find(task.worker_id);
  worker.tasks.insert(task.id);
  ActiveSearch& search = *task.search;
  search.running_tasks.insert(task.id);
  search.first_lease_at = std::min(search.first_lease_at, task.leased_at);
  Trial& trial = *task.trial;
  trial.progress = 0;
  if (task.kind == v1::TASK_KIND_TRAIN) {
    search.Count(trial, -1);
    trial.record.state = v1::TRIAL_STATE_LEASED;
    search.Count(trial, 1);
    // What counts in the end are the last attempt's values; the store does the same.
    trial.record.metrics.clear();
    trial.record.attempt = task.attempt;
    trial.record.worker = worker.registration.name();
  }
  search.Touch(trial);
}

LeaseGrant Engine::GrantOf(const Task& task) const {
  LeaseGrant grant;
  grant.attempt.set_task_id(task.id);
  grant.attempt.set_trial_id(task.trial->record.id);
  grant.attempt.set_attempt(task.attempt);
  grant.deadline = task.deadline;
  grant.search_id = task.search->record.id;
  grant.trial_number = task.trial->record.number;
  grant.kind = task.kind;
  grant.maker = task.search->maker;
  grant.work = task.trial->candidate;
  grant.checkpoint = task.checkpoint;
  grant.seed_offset = task.seed_offset;
  const v1::FinalSpec& final = task.search->spec().final();
  const bool again = final.has_recipe() || final.seeds() > 1;
  if (task.kind == v1::TASK_KIND_FINAL_TEST && !again) grant.weights = task.trial->record.weights;
  return grant;
}

Task& Engine::AddTask(ActiveSearch& search, const std::shared_ptr<Trial>& trial, v1::TaskKind kind,
                      int64_t id) {
  auto task = std::make_unique<Task>();
  task->id = id;
  task->search = &search;
  task->trial = trial;
  task->kind = kind;
  if (kind == v1::TASK_KIND_TRAIN) trial->task_id = id;
  if (trial->candidate == nullptr) {
    // It ended before this engine was loaded, which read the genotype then.
    const auto genotype =
        space::FromProto(search.resolved->space->decisions(), trial->record.genotype);
    if (genotype.ok()) trial->candidate = search.maker->Make(*genotype, trial->rung);
  }
  search.ready_tasks.push_back(id);
  return *(tasks_[id] = std::move(task));
}

// --- reports ---

absl::Status Engine::CheckAttempt(int64_t worker_id, const std::string& request_id,
                                  const v1::AttemptRef& attempt) {
  absl::Status status = CheckText("request_id", request_id, 1, 64);
  if (!status.ok()) return status;
  if (attempt.task_id() <= 0 || attempt.attempt() <= 0) {
    return FieldError("attempt",
                      absl::StrCat("task ", attempt.task_id(), ", attempt ", attempt.attempt()),
                      "those of a lease");
  }
  WorkerEntry* worker = workers_.Find(worker_id);
  if (worker == nullptr) {
    return absl::NotFoundError(absl::StrCat("worker ", worker_id, " is not registered"));
  }
  worker->last_seen_at = Now();
  const auto task = tasks_.find(attempt.task_id());
  if (task != tasks_.end() && task->second->leased && task->second->attempt == attempt.attempt() &&
      (task->second->worker_id != worker_id ||
       task->second->trial->record.id != attempt.trial_id())) {
    return absl::FailedPreconditionError(
        absl::StrCat("FENCED: attempt ", attempt.attempt(), " of task ", attempt.task_id(),
                     " is not worker ", worker_id, "'s, or not trial ", attempt.trial_id(), "'s"));
  }
  return absl::OkStatus();
}

Task* Engine::Current(int64_t worker_id, const v1::AttemptRef& attempt) {
  const auto it = tasks_.find(attempt.task_id());
  if (it == tasks_.end()) return nullptr;
  Task& task = *it->second;
  const bool current = task.leased && task.attempt == attempt.attempt() &&
                       task.worker_id == worker_id && task.trial->record.id == attempt.trial_id();
  return current ? &task : nullptr;
}

void Engine::TakeMeasurements(Trial& trial, const std::vector<v1::Measurement>& measurements) {
  for (const v1::Measurement& m : measurements) trial.record.metrics[m.metric()] = m.value();
}

std::vector<storage::EventRecord> Engine::MeasuredEvents(
    Task& task, const std::vector<v1::Measurement>& measurements, int before_epoch) {
  std::vector<storage::EventRecord> events;
  if (task.kind != v1::TASK_KIND_TRAIN) return events;
  const v1::SearchSpec& spec = task.search->spec();
  // What is only measured within an epoch tells a strategy nothing.
  const auto concerns = [&spec](const std::string& metric) {
    const auto same = [&metric](const auto& goal) { return goal.metric() == metric; };
    return metric.starts_with("validation_") ||
           std::any_of(spec.objectives().begin(), spec.objectives().end(), same) ||
           std::any_of(spec.constraints().begin(), spec.constraints().end(), same);
  };
  std::map<int, std::pair<Metrics, bool>> epochs;
  for (const v1::Measurement& m : measurements) {
    // An attempt that starts again repeats epochs of which the strategy was told.
    if (m.epoch() <= task.trial->last_epoch || m.epoch() >= before_epoch) continue;
    auto& [metrics, wanted] = epochs[m.epoch()];
    metrics[m.metric()] = m.value();
    wanted = wanted || concerns(m.metric());
  }
  for (auto& [epoch, values] : epochs) {
    if (!values.second) continue;
    storage::EventRecord& event = events.emplace_back();
    event.sequence = ++task.search->last_event;
    event.kind = storage::EventRecord::Kind::kMeasured;
    event.trial_number = task.trial->record.number;
    event.epoch = epoch;
    event.metrics = std::move(values.first);
  }
  return events;
}

storage::EventRecord Engine::FinishedEvent(ActiveSearch& search, const Trial& trial,
                                           v1::TrialState state, v1::FailureKind failure,
                                           const Metrics& metrics, int epoch, double seconds) {
  storage::EventRecord event;
  event.sequence = ++search.last_event;
  event.kind = storage::EventRecord::Kind::kFinished;
  event.trial_number = trial.record.number;
  event.epoch = epoch;
  event.state = state;
  event.failure = failure;
  event.metrics = metrics;
  event.seconds = seconds;
  return event;
}

void Engine::Observe(ActiveSearch& search, Trial& trial,
                     const std::vector<storage::EventRecord>& events) {
  for (const storage::EventRecord& event : events) {
    search.unobserved.push_back(ToStrategyEvent(event, trial));
    search.committed_event = event.sequence;
    if (event.kind == storage::EventRecord::Kind::kMeasured) trial.last_epoch = event.epoch;
  }
}

void Engine::Handle(Call<v1::RenewRequest, v1::RenewResponse> call) {
  const v1::RenewRequest& request = call.request;
  absl::Status status = CheckAttempt(request.worker_id(), request.request_id(), request.attempt());
  status.Update(CheckMeasurements(request.measurements()));
  if (!(request.progress() >= 0 && request.progress() <= 1)) {
    status.Update(FieldError("progress", request.progress(), "[0, 1]"));
  }
  if (!status.ok()) return Answer(call.reply, status);
  storage::RenewLease renew;
  renew.request_id = request.request_id();
  renew.attempt = {request.attempt().task_id(), request.attempt().attempt()};
  renew.duration = options_.lease_duration;
  renew.progress = request.progress();
  renew.measurements = ToVector(request.measurements());
  const std::string diverged = TakeNonFinite(renew.measurements);
  Task* task = Current(request.worker_id(), request.attempt());
  NameFinal(task, renew.measurements);
  if (task == nullptr) {
    const auto cancelled = cancelled_tasks_.find(renew.attempt.task_id);
    if (cancelled != cancelled_tasks_.end() && cancelled->second == renew.attempt.attempt) {
      v1::RenewResponse response;
      *response.mutable_deadline() = ToTimestamp(Now());
      response.set_stop(v1::STOP_REASON_CANCELLED);
      return Answer(call.reply, std::move(response));
    }
    // The store keeps it as evidence and says what it is.
    Plan(std::move(renew), [this, reply = call.reply](const Outcome& outcome) {
      if (!outcome.status.ok()) return Answer(reply, outcome.status);
      v1::RenewResponse response;
      *response.mutable_deadline() = ToTimestamp(outcome.deadline);
      Answer(reply, std::move(response));
    });
    return;
  }
  if (task->busy) return Defer(std::move(call));
  if (!diverged.empty()) {
    storage::FinishAttempt finish;
    finish.request_id = request.request_id();
    finish.attempt = renew.attempt;
    finish.state = v1::TRIAL_STATE_FAILED;
    finish.failure = v1::FAILURE_KIND_DIVERGED;
    finish.error = diverged;
    finish.measurements = std::move(renew.measurements);
    PlanFinish(*task, std::move(finish), [this, reply = call.reply](const Outcome& outcome) {
      if (!outcome.status.ok()) return Answer(reply, outcome.status);
      v1::RenewResponse response;
      *response.mutable_deadline() = ToTimestamp(Now());
      response.set_stop(v1::STOP_REASON_CANCELLED);
      Answer(reply, std::move(response));
    });
    return;
  }
  task->busy = true;
  renew.events = MeasuredEvents(*task, renew.measurements, std::numeric_limits<int>::max());
  auto measurements = renew.measurements;
  auto events = renew.events;
  Plan(std::move(renew), [this, id = task->id, progress = request.progress(), reply = call.reply,
                          measurements = std::move(measurements),
                          events = std::move(events)](const Outcome& outcome) {
    Task& renewed = *tasks_.at(id);
    renewed.busy = false;
    if (!outcome.status.ok()) {
      if (!absl::IsUnavailable(outcome.status)) inconsistent_.Update(outcome.status);
      return Answer(reply, outcome.status);
    }
    deadlines_.erase({renewed.deadline, id});
    renewed.deadline = std::max(renewed.deadline, outcome.deadline);
    deadlines_.emplace(renewed.deadline, id);
    TakeMeasurements(*renewed.trial, measurements);
    renewed.trial->progress = progress;
    Observe(*renewed.search, *renewed.trial, events);
    renewed.search->Touch(*renewed.trial);
    v1::RenewResponse response;
    *response.mutable_deadline() = ToTimestamp(outcome.deadline);
    // The strategy may make up its mind between commit and answer.
    replies_.push_back([this, id, reply, response]() mutable {
      const auto it = tasks_.find(id);
      if (it != tasks_.end()) response.set_stop(it->second->stop);
      reply(response);
    });
  });
}

void Engine::Handle(Call<v1::CompleteRequest, v1::CompleteResponse> call) {
  const v1::CompleteRequest& request = call.request;
  absl::Status status = CheckAttempt(request.worker_id(), request.request_id(), request.attempt());
  status.Update(CheckMeasurements(request.measurements()));
  status.Update(CheckArtifactName("checkpoint", request.checkpoint()));
  if (!status.ok()) return Answer(call.reply, status);
  storage::FinishAttempt finish;
  finish.request_id = request.request_id();
  finish.attempt = {request.attempt().task_id(), request.attempt().attempt()};
  finish.state = request.stopped() ? v1::TRIAL_STATE_STOPPED : v1::TRIAL_STATE_SUCCEEDED;
  finish.checkpoint = request.checkpoint();
  finish.measurements = ToVector(request.measurements());
  finish.error = TakeNonFinite(finish.measurements);
  Task* task = Current(request.worker_id(), request.attempt());
  NameFinal(task, finish.measurements);
  if (task == nullptr) {
    // Either a repeated request, which gets its first answer, or one that comes too late.
    Plan(std::move(finish), [this, reply = call.reply](const Outcome& outcome) {
      if (!outcome.status.ok()) return Answer(reply, outcome.status);
      Answer(reply, v1::CompleteResponse());
    });
    return;
  }
  if (task->busy) return Defer(std::move(call));
  if (!finish.error.empty()) {
    finish.state = v1::TRIAL_STATE_FAILED;
    finish.failure = v1::FAILURE_KIND_DIVERGED;
  } else if (task->kind == v1::TASK_KIND_TRAIN) {
    for (const v1::Objective& objective : task->search->spec().objectives()) {
      const auto measured = [&objective](const auto& m) {
        return m.metric() == objective.metric();
      };
      if (finish.state == v1::TRIAL_STATE_SUCCEEDED && !IsCostMetric(objective.metric()) &&
          !task->trial->record.metrics.contains(objective.metric()) &&
          std::none_of(finish.measurements.begin(), finish.measurements.end(), measured)) {
        finish.state = v1::TRIAL_STATE_FAILED;
        finish.failure = v1::FAILURE_KIND_INVALID;
        finish.error = absl::StrCat("the worker measured no ", objective.metric());
      }
    }
  }
  const bool train = task->kind == v1::TASK_KIND_TRAIN;
  PlanFinish(*task, std::move(finish),
             [this, search_id = task->search->record.id, trial = task->trial, train,
              reply = call.reply](const Outcome& outcome) {
               if (!outcome.status.ok()) return Answer(reply, outcome.status);
               v1::CompleteResponse response;
               response.set_weights_wanted(train && WantsWeights(*searches_.at(search_id), *trial));
               Answer(reply, std::move(response));
             });
}

bool Engine::WantsWeights(ActiveSearch& search, const Trial& trial) {
  const int top = search.spec().final().top();
  if (trial.record.state != v1::TRIAL_STATE_SUCCEEDED ||
      !search.standing.IsAmong(trial.record.number, top)) {
    return false;
  }
  search.weights_awaited[trial.record.number] = Now() + WeightsWait();
  return true;
}

void Engine::Handle(Call<v1::FailRequest, v1::FailResponse> call) {
  const v1::FailRequest& request = call.request;
  absl::Status status = CheckAttempt(request.worker_id(), request.request_id(), request.attempt());
  status.Update(CheckMeasurements(request.measurements()));
  if (!status.ok()) return Answer(call.reply, status);
  const std::string message = Clean(request.message(), kLongestMessage);
  auto measurements = ToVector(request.measurements());
  TakeNonFinite(measurements);
  auto done = [this, reply = call.reply](const Outcome& outcome) {
    if (!outcome.status.ok()) return Answer(reply, outcome.status);
    Answer(reply, v1::FailResponse());
  };
  Task* task = Current(request.worker_id(), request.attempt());
  if (task != nullptr && task->busy) return Defer(std::move(call));
  NameFinal(task, measurements);
  const v1::FailureKind kind =
      request.kind() == v1::FAILURE_KIND_UNSPECIFIED ? v1::FAILURE_KIND_CRASHED : request.kind();
  bool is_result = kind == v1::FAILURE_KIND_DIVERGED || kind == v1::FAILURE_KIND_OUT_OF_MEMORY ||
                   kind == v1::FAILURE_KIND_INVALID;
  if (task != nullptr && kind == v1::FAILURE_KIND_OUT_OF_MEMORY) {
    const WorkerEntry& worker = *workers_.Find(request.worker_id());
    v1::Requirements more = task->search->spec().requirements();
    more.set_memory_bytes(worker.registration.slots(task->slot).memory_bytes() + 1);
    if (workers_.LiveSlots(more, Now()) > 0) {
      task->least_memory = more.memory_bytes();
      is_result = false;
    }
  }
  if (task == nullptr || is_result) {
    storage::FinishAttempt finish;
    finish.request_id = request.request_id();
    finish.attempt = {request.attempt().task_id(), request.attempt().attempt()};
    finish.state = v1::TRIAL_STATE_FAILED;
    finish.failure = kind;
    finish.error = message;
    finish.measurements = std::move(measurements);
    if (task != nullptr) return PlanFinish(*task, std::move(finish), std::move(done));
    Plan(std::move(finish), std::move(done));
    return;
  }
  PlanReturn(*task, storage::ReturnAttempt::How::kCrashed, true, kind, message,
             request.request_id(), "", std::move(done));
}

void Engine::Handle(Call<v1::ReleaseRequest, v1::ReleaseResponse> call) {
  const v1::ReleaseRequest& request = call.request;
  absl::Status status = CheckAttempt(request.worker_id(), request.request_id(), request.attempt());
  status.Update(CheckArtifactName("checkpoint", request.checkpoint()));
  if (!status.ok()) return Answer(call.reply, status);
  const std::string reason = Clean(request.reason(), 1024);
  auto done = [this, reply = call.reply](const Outcome& outcome) {
    if (!outcome.status.ok()) return Answer(reply, outcome.status);
    Answer(reply, v1::ReleaseResponse());
  };
  Task* task = Current(request.worker_id(), request.attempt());
  if (task == nullptr) {
    storage::ReturnAttempt back;
    back.request_id = request.request_id();
    back.attempt = {request.attempt().task_id(), request.attempt().attempt()};
    Plan(std::move(back), std::move(done));
    return;
  }
  if (task->busy) return Defer(std::move(call));
  PlanReturn(*task, storage::ReturnAttempt::How::kReleased, false, v1::FAILURE_KIND_UNSPECIFIED,
             reason, request.request_id(), request.checkpoint(), std::move(done));
}

void Engine::Handle(Call<v1::SetWeightsRequest, v1::SetWeightsResponse> call) {
  const v1::SetWeightsRequest& request = call.request;
  absl::Status status = CheckText("request_id", request.request_id(), 1, 64);
  if (status.ok() && !IsSha256(request.sha256())) {
    status = CheckArtifactName("sha256", absl::StrCat(request.sha256(), " "));
  }
  if (!status.ok()) return Answer(call.reply, status);
  Plan(storage::SetWeights{request.request_id(), request.trial_id(), request.attempt(),
                           request.sha256()},
       [this, request, reply = call.reply](const Outcome& outcome) {
         if (!outcome.status.ok()) return Answer(reply, outcome.status);
         for (auto& [id, search] : searches_) {
           for (auto& [number, trial] : search->leaders) {
             if (trial->record.id != request.trial_id()) continue;
             trial->record.weights = request.sha256();
             search->weights_awaited.erase(number);
             search->with_weights[number] = trial;
             search->NoteOvertaken();
             ForgetOvertakenWeights(*search);
             search->Touch(*trial);
             break;
           }
         }
         Answer(reply, v1::SetWeightsResponse());
       });
}

// --- ends ---

void Engine::OnLeaseEnded(Task& task) {
  const double seconds = std::max(absl::ToDoubleSeconds(Now() - task.leased_at), 0.0);
  deadlines_.erase({task.deadline, task.id});
  task.leased = false;
  task.lease_request_id.clear();
  task.search->running_tasks.erase(task.id);
  task.search->device_seconds += seconds;
  if (task.kind == v1::TASK_KIND_TRAIN) task.trial->seconds += seconds;
  if (WorkerEntry* worker = workers_.Find(task.worker_id); worker != nullptr) {
    worker->tasks.erase(task.id);
  }
}

void Engine::EndTask(Task& task) {
  std::deque<int64_t>& ready = task.search->ready_tasks;
  if (const auto it = std::find(ready.begin(), ready.end(), task.id); it != ready.end()) {
    ready.erase(it);
  }
  if (task.kind == v1::TASK_KIND_TRAIN) task.trial->task_id = 0;
  tasks_.erase(task.id);
}

void Engine::PlanFinish(Task& task, storage::FinishAttempt finish,
                        std::function<void(const Outcome&)> done) {
  task.busy = true;
  ActiveSearch& search = *task.search;
  if (task.kind == v1::TASK_KIND_TRAIN && finish.state != v1::TRIAL_STATE_CANCELLED) {
    Metrics metrics = task.trial->record.metrics;
    for (const v1::Measurement& m : finish.measurements) metrics[m.metric()] = m.value();
    const int epoch = std::max(LastEpoch(finish.measurements), task.trial->last_epoch);
    finish.events = MeasuredEvents(task, finish.measurements, epoch);
    const double seconds = absl::ToDoubleSeconds(Now() - task.leased_at);
    finish.events.push_back(FinishedEvent(search, *task.trial, finish.state, finish.failure,
                                          metrics, epoch, task.trial->seconds + seconds));
  }
  // What the end needs is kept beside the transition, which goes to the store.
  auto state = finish.state;
  auto failure = finish.failure;
  auto error = finish.error;
  auto checkpoint = finish.checkpoint;
  auto measurements = finish.measurements;
  auto events = finish.events;
  Plan(std::move(finish),
       [this, id = task.id, state, failure, error = std::move(error),
        checkpoint = std::move(checkpoint), measurements = std::move(measurements),
        events = std::move(events), done = std::move(done)](const Outcome& outcome) {
         Task& ended = *tasks_.at(id);
         ended.busy = false;
         if (!outcome.status.ok()) {
           if (!absl::IsUnavailable(outcome.status)) inconsistent_.Update(outcome.status);
           return done(outcome);
         }
         ActiveSearch& of = *ended.search;
         const std::shared_ptr<Trial> trial = ended.trial;
         OnLeaseEnded(ended);
         TakeMeasurements(*trial, measurements);
         if (ended.kind == v1::TASK_KIND_TRAIN) {
           trial->record.checkpoint = checkpoint;
           Observe(of, *trial, events);
           EndTask(ended);
           EndTrial(of, trial, state, failure, error);
         } else {
           --of.open_final_tasks;
           EndTask(ended);
           of.Touch(*trial);
         }
         done(outcome);
       });
}

void Engine::PlanReturn(Task& task, storage::ReturnAttempt::How how, bool charged,
                        v1::FailureKind failure, const std::string& error,
                        const std::string& request_id, const std::string& checkpoint,
                        std::function<void(const Outcome&)> done) {
  const bool give_up = charged && task.charged + 1 >= options_.max_attempts;
  const std::string verdict =
      absl::StrCat(options_.max_attempts, " attempts failed, the last: ", error);
  if (give_up && task.kind != v1::TASK_KIND_TRAIN) {
    storage::FinishAttempt finish;
    finish.request_id = request_id;
    finish.attempt = {task.id, task.attempt};
    finish.state = v1::TRIAL_STATE_FAILED;
    finish.failure = v1::FAILURE_KIND_POISON;
    finish.error = verdict;
    return PlanFinish(task, std::move(finish), std::move(done));
  }
  task.busy = true;
  storage::ReturnAttempt back;
  back.request_id = request_id;
  back.attempt = {task.id, task.attempt};
  back.how = how;
  back.charged = charged;
  back.failure = failure;
  back.error = error;
  back.checkpoint = checkpoint;
  const double seconds = task.trial->seconds + absl::ToDoubleSeconds(Now() - task.leased_at);
  Plan(std::move(back), [this, id = task.id, charged, give_up, checkpoint,
                         done = std::move(done)](const Outcome& outcome) {
    Task& returned = *tasks_.at(id);
    if (!give_up) returned.busy = false;
    if (!outcome.status.ok()) {
      if (!absl::IsUnavailable(outcome.status)) inconsistent_.Update(outcome.status);
      return done(outcome);
    }
    OnLeaseEnded(returned);
    if (charged) {
      ++returned.charged;
      returned.failed_on.insert(returned.worker_id);
    }
    if (!checkpoint.empty()) returned.checkpoint = checkpoint;
    Trial& trial = *returned.trial;
    if (returned.kind == v1::TASK_KIND_TRAIN) {
      returned.search->Count(trial, -1);
      trial.record.state = v1::TRIAL_STATE_READY;
      returned.search->Count(trial, 1);
    }
    trial.progress = 0;
    returned.search->Touch(trial);
    if (!give_up) returned.search->ready_tasks.push_front(id);
    done(outcome);
  });
  if (!give_up) return;
  storage::EndTrial end;
  end.trial_id = task.trial->record.id;
  end.state = v1::TRIAL_STATE_FAILED;
  end.failure = v1::FAILURE_KIND_POISON;
  end.error = verdict;
  end.events.push_back(FinishedEvent(*task.search, *task.trial, end.state, end.failure,
                                     task.trial->record.metrics, task.trial->last_epoch, seconds));
  auto events = end.events;
  Plan(std::move(end), [this, id = task.id, verdict, events](const Outcome& outcome) {
    Task& ended = *tasks_.at(id);
    if (!outcome.status.ok()) return OnRefused(ended.search->record.id, outcome.status);
    ActiveSearch& search = *ended.search;
    const std::shared_ptr<Trial> trial = ended.trial;
    Observe(search, *trial, events);
    EndTask(ended);
    EndTrial(search, trial, v1::TRIAL_STATE_FAILED, v1::FAILURE_KIND_POISON, verdict);
  });
}

void Engine::EndTrial(ActiveSearch& search, const std::shared_ptr<Trial>& trial,
                      v1::TrialState state, v1::FailureKind failure, const std::string& error) {
  search.Count(*trial, -1);
  trial->record.state = state;
  trial->record.failure = failure;
  trial->record.error = error;
  trial->record.finished_at = Now();
  search.Count(*trial, 1);
  search.OnEnded(trial);
  search.Touch(*trial);
  OnEvaluationEnded(search, trial);
  ForgetOvertakenWeights(search);
}

void Engine::ForgetOvertakenWeights(ActiveSearch& search) {
  // Bounded: weights are asked for from winners only.
  for (auto it = search.weights_awaited.begin(); it != search.weights_awaited.end();) {
    const bool winner = search.standing.IsAmong(it->first, search.spec().final().top());
    if (winner) {
      ++it;
    } else {
      search.weights_awaited.erase(it++);
    }
  }
  for (const std::shared_ptr<Trial>& trial : search.TakeOvertaken()) {
    Plan(storage::SetWeights{"", trial->record.id, trial->record.attempt, ""},
         [](const Outcome&) {});
  }
}

void Engine::Sweep() {
  for (int64_t id : std::exchange(orphans_, {})) {
    const auto it = tasks_.find(id);
    if (it == tasks_.end() || !it->second->leased) continue;
    if (it->second->busy) {
      orphans_.push_back(id);
      continue;
    }
    PlanReturn(*it->second, storage::ReturnAttempt::How::kCrashed, true, v1::FAILURE_KIND_CRASHED,
               "the worker started again", "", "", [](const Outcome&) {});
  }
  if (clock_->Elapsed() < sweep_from_) return;
  if (deadlines_.empty() || deadlines_.begin()->first > Now()) return;
  // The store's clock has the last word; without it nobody loses a lease.
  if (!Resynchronize().ok()) return;
  const absl::Time now = Now();
  std::vector<int64_t> expired;
  for (const auto& [deadline, id] : deadlines_) {
    if (deadline > now) break;
    expired.push_back(id);
  }
  for (int64_t id : expired) {
    Task& task = *tasks_.at(id);
    if (task.busy) continue;
    // A lease of before the outage that nobody renewed since may have been lost by it.
    const bool charged = task.deadline >= charged_from_;
    PlanReturn(task, storage::ReturnAttempt::How::kExpired, charged, v1::FAILURE_KIND_CRASHED,
               "the lease ran out", "", "", [](const Outcome&) {});
  }
}

}  // namespace nascent::engine
