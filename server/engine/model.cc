#include "server/engine/model.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/space/decisions/genotype_proto.h"
#include "server/storage/trial_life.h"

namespace nascent::engine {
namespace {

// A worker that was not seen for so long, beyond a lease, is taken for gone.
constexpr absl::Duration kQuiet = absl::Seconds(60);
// How long a task waits after an attempt that lacked something; twice as long each time.
constexpr absl::Duration kShortestPause = absl::Seconds(1);
constexpr absl::Duration kLongestPause = absl::Seconds(60);

TrialRef RefOf(const storage::TrialRecord& record) { return {record.search_id, record.number}; }

}  // namespace

Model::Model(const EngineOptions& options, const StoreClock* clock)
    : clock_(*clock), workers_(options.lease_duration + kQuiet) {}

void Model::Apply(const storage::Transition& transition, const Outcome& outcome) {
  std::visit([&](const auto& t) { On(t, outcome); }, transition);
}

// --- searches ---

ActiveSearch* Model::FindSearch(int64_t id) const {
  const auto it = searches_.find(id);
  return it == searches_.end() ? nullptr : it->second.get();
}

void Model::Stage(const std::string& request_id, std::unique_ptr<ActiveSearch> search) {
  staged_.try_emplace(request_id, std::move(search));
}

ActiveSearch& Model::Adopt(int64_t id, std::unique_ptr<ActiveSearch> search) {
  search->record.id = id;
  search->record.spec.Clear();
  search->record.decisions.clear();
  *search->shared_id = id;
  search->Wake();
  return *(searches_[id] = std::move(search));
}

std::vector<std::unique_ptr<ActiveSearch>> Model::TakeDropped() {
  std::vector<std::unique_ptr<ActiveSearch>> taken;
  for (const int64_t id : std::exchange(dropped_, {})) {
    if (auto search = Remove(id); search != nullptr) taken.push_back(std::move(search));
  }
  return taken;
}

std::unique_ptr<ActiveSearch> Model::Remove(int64_t search_id) {
  const auto it = searches_.find(search_id);
  if (it == searches_.end()) return nullptr;
  std::unique_ptr<ActiveSearch> search = std::move(it->second);
  searches_.erase(it);
  ready_.Forget(search_id);
  agenda_.Forget(search_id);
  for (const int64_t task : search->tasks) tasks_.erase(task);
  for (const auto& [number, trial] : search->open) trials_.erase(trial->record.id);
  for (const auto& [number, trial] : search->winners.Held()) trials_.erase(trial->record.id);
  return search;
}

void Model::On(const storage::CreateSearch& t, const Outcome& o) {
  auto staged = staged_.extract(t.request_id);
  if (staged.empty() || !o.status.ok() || o.replayed) return;
  Adopt(o.id, std::move(staged.mapped()));
}

void Model::On(const storage::ChangeSearchState& t, const Outcome& o) {
  ActiveSearch* search = FindSearch(t.search_id);
  if (search == nullptr) return;
  search->changing = false;
  if (!o.status.ok()) {
    // Users may ask for what can't be done; the engine itself knows what can.
    if (t.request_id.empty()) inconsistent_.Update(o.status);
    return;
  }
  // A retry must not undo what came after the first time.
  if (o.replayed || search->IsIn(t.to)) return;
  const absl::Time now = clock_.Now();
  search->record.state = t.to;
  search->record.state_reason = t.reason;
  ++search->revision;
  search->Wake();
  if (t.to == v1::SEARCH_STATE_PAUSED) search->paused_since = now;
  if (t.to == v1::SEARCH_STATE_RUNNING) {
    search->paused += now - std::min(search->paused_since, now);
    search->paused_since = absl::InfiniteFuture();
  }
  if (t.to == v1::SEARCH_STATE_CANCELLED) search->record.finished_at = now;
  if (t.to == v1::SEARCH_STATE_COMPLETED) Drop(t.search_id);
}

void Model::Refused(ActiveSearch& search, const absl::Status& status) {
  // The whole commit failed: the engine is on its way out.
  if (absl::IsUnavailable(status)) return;
  search.ending.refused = absl::StrCat("a change was refused: ", status.message());
  search.Wake();
}

// --- trials ---

void Model::Index(const LiveTrial& trial) { trials_[trial.record.id] = RefOf(trial.record); }

std::shared_ptr<LiveTrial> Model::FindTrial(int64_t trial_id) const {
  const auto found = trials_.find(trial_id);
  if (found == trials_.end()) return nullptr;
  const ActiveSearch* search = FindSearch(found->second.search_id);
  return search == nullptr ? nullptr : search->FindTrial(found->second.number);
}

std::shared_ptr<LiveTrial> Model::FindLeader(int64_t trial_id) const {
  for (const auto& [id, search] : searches_) {
    for (const auto& [number, trial] : search->winners.leaders()) {
      if (trial->record.id == trial_id) return trial;
    }
  }
  return nullptr;
}

std::string Model::ScopeOf(const ActiveSearch& search, const LiveTrial& trial) {
  return search.spec().sharing() == v1::SHARING_SEARCH
             ? absl::StrCat("search ", search.record.id, "/", trial.subject)
             : absl::StrCat("project ", search.spec().project(), "/", trial.subject);
}

std::optional<std::string> Model::OnlyEvaluator(const ActiveSearch& search) {
  const auto& trainers = workers_.LiveTrainers(search.spec().requirements(), clock_.Now());
  if (trainers.evaluators.size() != 1) return std::nullopt;
  return *trainers.evaluators.begin();
}

void Model::On(const storage::AddTrial& t, const Outcome& o) {
  ActiveSearch* search = FindSearch(t.trial.search_id);
  if (search == nullptr || !search->open.contains(t.trial.number)) return;
  const std::shared_ptr<LiveTrial> trial = search->open.at(t.trial.number);
  if (!o.status.ok()) {
    search->open.erase(t.trial.number);
    SettleSubject(*search, *trial);
    return Refused(*search, o.status);
  }
  trial->record.id = o.id;
  search->tally.Add(*trial);
  search->Touch(*trial);
  if (trial->record.state == v1::TRIAL_STATE_SHARED) {
    search->OnEnded(trial);
    NoteOvertaken(*search);
  } else {
    Index(*trial);
    if (!trial->candidate->status.ok()) {
      search->impossible.push_back(trial);
    } else if (!t.joined) {
      LiveTask& task = AddTask(*search, trial, v1::TASK_KIND_TRAIN, o.task_id);
      const auto checkpoint = search->checkpoints.find(trial->record.continues);
      if (search->resolved->rungs_continue && checkpoint != search->checkpoints.end()) {
        task.checkpoint = checkpoint->second;
      }
    }
  }
  search->Observe(*trial, t.events);
}

void Model::On(const storage::ResolveJoined& t, const Outcome& o) {
  const std::shared_ptr<LiveTrial> trial = FindTrial(t.trial_id);
  if (trial == nullptr) return;
  ActiveSearch& search = *FindSearch(trial->record.search_id);
  if (!o.status.ok()) return Refused(search, o.status);
  trial->record.joined = false;
  if (!t.evaluation.has_value()) {
    AddTask(search, trial, v1::TASK_KIND_TRAIN, o.task_id);
    return search.Touch(*trial);
  }
  if (LiveTask* task = FindTask(trial->task_id); task != nullptr) EndTask(*task);
  search.tally.Move(*trial,
                    [&](auto& record) { storage::Share(record, *t.evaluation, clock_.Now()); });
  trial->record.weights = t.evaluation->weights;
  search.Observe(*trial, t.events);
  OnEnded(search, trial);
}

void Model::On(const storage::EndTrial& t, const Outcome& o) {
  const std::shared_ptr<LiveTrial> trial = FindTrial(t.trial_id);
  if (trial == nullptr) return;
  ActiveSearch& search = *FindSearch(trial->record.search_id);
  if (!o.status.ok()) return Refused(search, o.status);
  search.Observe(*trial, t.events);
  if (LiveTask* task = FindTask(trial->task_id); task != nullptr) EndTask(*task);
  search.tally.Move(*trial, [&](auto& record) {
    storage::End(record, t.state, t.failure, t.error, clock_.Now());
  });
  OnEnded(search, trial);
}

void Model::OnEnded(ActiveSearch& search, const std::shared_ptr<LiveTrial>& trial) {
  const storage::TrialRecord& record = trial->record;
  trials_.erase(record.id);
  search.OnEnded(trial);
  search.Touch(*trial);
  NoteOvertaken(search);
  SettleSubject(search, *trial);
}

void Model::NoteOvertaken(ActiveSearch& search) {
  for (auto& overtaken : search.winners.TakeOvertaken()) {
    follow_ups_.overtaken.push_back(std::move(overtaken));
  }
}

void Model::SettleSubject(const ActiveSearch& search, const LiveTrial& trial) {
  if (trial.subject.empty()) return;
  const storage::TrialRecord& record = trial.record;
  const std::string scope = ScopeOf(search, trial);
  std::optional<storage::EvaluationRecord> evaluation;
  if (storage::MakesEvaluation(record.state, record.failure)) {
    evaluation = storage::EvaluationOf(record);
  }
  if (evaluation.has_value()) evaluations_.Remember(scope, *evaluation);
  std::optional<TrialRef> first;
  for (const TrialRef& other : evaluations_.End(scope, RefOf(record))) {
    if (!first.has_value()) first = other;
    ActiveSearch* of = FindSearch(other.search_id);
    if (of == nullptr || !of->open.contains(other.number)) continue;
    LiveTrial& twin = *of->open.at(other.number);
    const bool joined_own = first != other && first->search_id == other.search_id;
    if (twin.joined_own != joined_own && twin.record.id != 0) {
      of->tally.SetJoinedOwn(twin, joined_own);
      of->Wake();
    }
    if (evaluation.has_value() && OnlyEvaluator(*of) == evaluation->evaluator) {
      follow_ups_.resolutions.push_back({other, evaluation});
    }
  }
}

void Model::On(const storage::SetWeights& t, const Outcome& o) {
  if (!o.status.ok() || t.sha256.empty()) return;
  const std::shared_ptr<LiveTrial> trial = FindLeader(t.trial_id);
  if (trial == nullptr) return;
  ActiveSearch& search = *FindSearch(trial->record.search_id);
  trial->record.weights = t.sha256;
  search.winners.SetStored(trial);
  NoteOvertaken(search);
  search.Touch(*trial);
}

// --- tasks ---

LiveTask* Model::FindTask(int64_t id) const {
  const auto it = tasks_.find(id);
  return it == tasks_.end() ? nullptr : it->second.get();
}

LiveTask* Model::FindRunning(int64_t worker_id, const v1::AttemptRef& attempt) const {
  LiveTask* task = FindTask(attempt.task_id());
  const bool running = task != nullptr && task->leased && task->attempt == attempt.attempt() &&
                       task->worker_id == worker_id && task->trial->record.id == attempt.trial_id();
  return running ? task : nullptr;
}

bool Model::WasCancelled(const v1::AttemptRef& attempt) const {
  const auto found = cancelled_tasks_.find(attempt.task_id());
  return found != cancelled_tasks_.end() && found->second == attempt.attempt();
}

LiveTask& Model::AddTask(ActiveSearch& search, const std::shared_ptr<LiveTrial>& trial,
                         v1::TaskKind kind, int64_t id) {
  auto task = std::make_unique<LiveTask>();
  task->id = id;
  task->search = &search;
  task->trial = trial;
  task->kind = kind;
  if (storage::DecidesTrial(kind)) {
    trial->task_id = id;
    task->metrics = search.resolved->rungs[trial->rung].scores;
  }
  if (trial->candidate == nullptr) {
    // It ended before this engine was loaded, which read the genotype then.
    const auto genotype =
        space::FromProto(search.resolved->space->decisions(), trial->record.genotype);
    if (genotype.ok()) trial->candidate = search.maker->Make(*genotype, trial->rung);
  }
  search.tasks.insert(id);
  ready_.Append(*task);
  return *(tasks_[id] = std::move(task));
}

void Model::On(const storage::AddFinalTask& t, const Outcome& o) {
  const std::shared_ptr<LiveTrial> trial = FindTrial(t.trial_id);
  if (trial == nullptr) return;
  ActiveSearch& search = *FindSearch(trial->record.search_id);
  if (!o.status.ok()) return Refused(search, o.status);
  AddTask(search, trial, v1::TASK_KIND_FINAL_TEST, o.task_id).seed_offset = t.seed_offset;
}

void Model::EndTask(LiveTask& task) {
  ready_.Remove(task);
  task.search->tasks.erase(task.id);
  if (storage::DecidesTrial(task.kind)) task.trial->task_id = 0;
  tasks_.erase(task.id);
}

// --- workers and attempts ---

void Model::On(const storage::RegisterWorker& t, const Outcome& o) {
  if (!o.status.ok()) return;
  const WorkerEntry* before = workers_.Find(o.id);
  // A repeated request is the same start; any other is a new one, which knows nothing of what the
  // old one held.
  if (before != nullptr && before->registration.request_id() != t.registration.request_id()) {
    orphans_.insert(orphans_.end(), before->tasks.begin(), before->tasks.end());
  }
  workers_.Put(o.id, t.registration, clock_.Now());
  for (const auto& [id, search] : searches_) search->Wake();
}

void Model::See(WorkerEntry& worker) {
  const absl::Time now = clock_.Now();
  const bool was_gone = !workers_.IsAlive(worker, now);
  worker.last_seen_at = now;
  if (!was_gone) return;
  // There are more slots than a moment ago.
  workers_.ForgetTrainers();
  for (const auto& [id, search] : searches_) search->Wake();
}

void Model::StartLease(LiveTask& task) {
  ready_.Remove(task);
  task.leased = true;
  deadlines_.emplace(task.deadline, task.id);
  workers_.Find(task.worker_id)->tasks.insert(task.id);
  task.search->running_tasks.insert(task.id);
}

void Model::On(const storage::GrantLease& t, const Outcome& o) {
  LiveTask* task = FindTask(t.task_id);
  if (task == nullptr) return;
  task->busy = false;
  if (!o.status.ok()) {
    if (!absl::IsUnavailable(o.status)) inconsistent_.Update(o.status);
    return;
  }
  if (o.replayed) {
    // A retry of a request that was answered before this coordinator took over.
    StopEvaluation(*task);
    return ready_.Prepend(*task);
  }
  task->attempt = t.attempt;
  task->worker_id = t.worker_id;
  task->slot = t.slot;
  task->evaluator = t.evaluator;
  task->lease_request_id = t.request_id;
  task->deadline = o.deadline;
  task->leased_at = o.deadline - t.duration;
  task->stop = v1::STOP_REASON_UNSPECIFIED;
  StartLease(*task);
  ActiveSearch& search = *task->search;
  search.first_lease_at = std::min(search.first_lease_at, task->leased_at);
  LiveTrial& trial = *task->trial;
  trial.progress = 0;
  if (storage::DecidesTrial(task->kind)) {
    const std::string& worker = workers_.Find(t.worker_id)->registration.name();
    search.tally.Move(trial, [&](auto& record) { storage::Lease(record, t.attempt, worker); });
  }
  search.Touch(trial);
}

void Model::StopEvaluation(const LiveTask& task) {
  const LiveTrial& trial = *task.trial;
  if (!storage::DecidesTrial(task.kind) || trial.subject.empty()) return;
  evaluations_.Stop(ScopeOf(*task.search, trial), RefOf(trial.record));
}

LiveTask* Model::TakeEffect(const storage::AttemptId& attempt, const Outcome& o) {
  LiveTask* task = FindTask(attempt.task_id);
  if (task == nullptr || !task->leased || task->attempt != attempt.attempt) return nullptr;
  task->busy = false;
  if (o.status.ok()) return task;
  if (!absl::IsUnavailable(o.status)) inconsistent_.Update(o.status);
  return nullptr;
}

void Model::On(const storage::RenewLease& t, const Outcome& o) {
  LiveTask* task = TakeEffect(t.attempt, o);
  if (task == nullptr) return;
  deadlines_.erase({task->deadline, task->id});
  task->deadline = std::max(task->deadline, o.deadline);
  deadlines_.emplace(task->deadline, task->id);
  storage::AddMeasurements(task->trial->record, t.measurements);
  task->trial->progress = t.progress;
  task->unavailable = 0;
  task->search->lacking.clear();
  task->search->Observe(*task->trial, t.events);
  task->search->Touch(*task->trial);
}

void Model::EndLease(LiveTask& task) {
  const double seconds = std::max(absl::ToDoubleSeconds(clock_.Now() - task.leased_at), 0.0);
  deadlines_.erase({task.deadline, task.id});
  task.leased = false;
  task.lease_request_id.clear();
  task.search->running_tasks.erase(task.id);
  task.search->device_seconds += seconds;
  if (storage::DecidesTrial(task.kind)) task.trial->seconds += seconds;
  if (WorkerEntry* worker = workers_.Find(task.worker_id); worker != nullptr) {
    worker->tasks.erase(task.id);
  }
}

void Model::On(const storage::FinishAttempt& t, const Outcome& o) {
  LiveTask* task = TakeEffect(t.attempt, o);
  if (task == nullptr) return;
  ActiveSearch& search = *task->search;
  const std::shared_ptr<LiveTrial> trial = task->trial;
  if (t.state != v1::TRIAL_STATE_CANCELLED) search.lacking.clear();
  EndLease(*task);
  storage::AddMeasurements(trial->record, t.measurements);
  if (!storage::DecidesTrial(task->kind)) {
    --search.ending.open_final_tasks;
    EndTask(*task);
    return search.Touch(*trial);
  }
  search.Observe(*trial, t.events);
  const std::string evaluator = task->evaluator;
  EndTask(*task);
  search.tally.Move(*trial, [&](auto& record) {
    storage::End(record, t.state, t.failure, t.error, clock_.Now());
    storage::MadeBy(record, evaluator, EvaluationIdentity(trial->subject, evaluator));
    record.checkpoint = t.checkpoint;
  });
  OnEnded(search, trial);
}

void Model::PutOff(LiveTask& task, const std::string& error) {
  const absl::Duration pause =
      std::min(kShortestPause * (int64_t{1} << std::min(task.unavailable, 10)), kLongestPause);
  ++task.unavailable;
  task.not_before = clock_.Now() + pause;
  agenda_.WakeAt(task.search->record.id, task.not_before);
  task.search->lacking =
      absl::StrCat("trial ", task.trial->record.number, " on worker ",
                   workers_.Find(task.worker_id)->registration.name(), ": ", error);
}

void Model::On(const storage::ReturnAttempt& t, const Outcome& o) {
  LiveTask* task = TakeEffect(t.attempt, o);
  if (task == nullptr) return;
  EndLease(*task);
  if (t.charged) ++task->charged;
  const bool lacking = t.failure == v1::FAILURE_KIND_UNAVAILABLE;
  if (t.charged || lacking) task->failed_on.insert(task->worker_id);
  if (lacking) PutOff(*task, t.error);
  if (!t.checkpoint.empty()) task->checkpoint = {t.checkpoint, task->evaluator};
  StopEvaluation(*task);
  LiveTrial& trial = *task->trial;
  storage::AddMeasurements(trial.record, t.measurements);
  if (storage::DecidesTrial(task->kind)) {
    task->search->tally.Move(trial, [](auto& record) { storage::Return(record); });
  }
  trial.progress = 0;
  task->search->Touch(trial);
  ready_.Prepend(*task);
}

}  // namespace nascent::engine
