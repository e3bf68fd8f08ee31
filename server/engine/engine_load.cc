// Taking over: every search that has not ended is made again from its log.

#include <algorithm>
#include <functional>
#include <future>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/space/decisions/genotype_proto.h"
#include "server/engine/engine.h"

namespace nascent::engine {
namespace {

// Rows that are read at a time.
constexpr int64_t kPage = 2000;

// A list that is read by pages. The next page is on its way while one is used: reading the database
// and telling a strategy take about as long.
template <typename Record>
class Pages {
 public:
  using Page = absl::StatusOr<std::vector<Record>>;
  // What comes after the record that `position` names.
  Pages(std::function<Page(int64_t position)> load, int64_t Record::*position)
      : load_(std::move(load)), position_(position), page_(load_(0)) {
    Prefetch();
  }

  // The next record, or null at the end. It is the caller's to move from, once it is taken.
  absl::StatusOr<Record*> Peek() {
    if (!page_.ok()) return page_.status();
    if (next_ == page_->size() && coming_.valid()) {
      page_ = coming_.get();
      next_ = 0;
      if (!page_.ok()) return page_.status();
      Prefetch();
    }
    return next_ == page_->size() ? nullptr : &(*page_)[next_];
  }
  void Take() { ++next_; }

 private:
  void Prefetch() {
    if (!page_.ok() || static_cast<int64_t>(page_->size()) < kPage) return;
    coming_ = std::async(std::launch::async,
                         [this, last = page_->back().*position_] { return load_(last); });
  }

  const std::function<Page(int64_t)> load_;
  int64_t Record::*const position_;
  Page page_;
  size_t next_ = 0;
  std::future<Page> coming_;  // its destructor waits
};

}  // namespace

absl::Status Engine::Load(int64_t term) {
  term_ = term;
  if (absl::Status status = Resynchronize(); !status.ok()) return status;
  sweep_from_ = clock_->Elapsed() + options_.lease_duration;
  charged_from_ = base_time_ + options_.lease_duration;
  auto workers = store_->LoadWorkers();
  if (!workers.ok()) return workers.status();
  std::sort(workers->begin(), workers->end(),
            [](const auto& a, const auto& b) { return a.registered_at < b.registered_at; });
  for (const storage::WorkerRecord& record : *workers) {
    WorkerEntry& worker = workers_.Put(record.id, record.registration, record.registered_at);
    worker.last_seen_at = record.last_seen_at;
  }
  Surroundings surroundings;
  auto datasets = store_->ListDatasets();
  if (!datasets.ok()) return datasets.status();
  surroundings.datasets = *std::move(datasets);
  surroundings.worker_metrics = workers_.Metrics();
  surroundings.require_data = options_.require_data;
  auto searches = store_->LoadActiveSearches();
  if (!searches.ok()) return searches.status();
  for (storage::SearchRecord& record : *searches) {
    const int64_t id = record.id;
    absl::Status status = LoadSearch(std::move(record), surroundings);
    if (absl::IsInvalidArgument(status) || absl::IsFailedPrecondition(status)) {
      // One search that this version can't carry on must not hold up the others.
      Plan(storage::ChangeSearchState{"", id, v1::SEARCH_STATE_FAILED,
                                      absl::StrCat("can't be taken up again: ", status.message())},
           [](const Outcome&) {});
      continue;
    }
    if (!status.ok()) return status;
  }
  ResolveLoaded();
  return absl::OkStatus();
}

absl::Status Engine::LoadSearch(storage::SearchRecord record, const Surroundings& surroundings) {
  auto resolved = ResolveSearch(record.spec, surroundings);
  if (!resolved.ok()) return resolved.status();
  const int64_t id = record.id;
  record.spec.Clear();
  auto made = MakeActive(
      std::move(record),
      std::make_shared<CandidateMaker>(std::make_shared<const ResolvedSearch>(*std::move(resolved)),
                                       options_.candidates));
  if (!made.ok()) return made.status();
  ActiveSearch& search = *(searches_[id] = *std::move(made));
  *search.shared_id = id;
  if (search.record.state == v1::SEARCH_STATE_PAUSED) search.paused_since = Now();
  absl::Status status = Replay(search);
  if (!status.ok()) {
    searches_.erase(id);
    return status;
  }
  return LoadTasks(search);
}

absl::Status Engine::Replay(ActiveSearch& search) {
  auto snapshot = store_->LoadSnapshot(search.record.id);
  if (!snapshot.ok()) return snapshot.status();
  storage::SnapshotRecord from;
  if (snapshot->has_value() && search.host->Restore((*snapshot)->bytes).ok()) {
    from = **snapshot;
    search.snapshot_at = from.after_event;
  }
  const int64_t id = search.record.id;
  Pages<storage::TrialRecord> proposals(
      [this, id](int64_t after) { return store_->LoadProposals(id, after, kPage); },
      &storage::TrialRecord::number);
  Pages<storage::EventRecord> events(
      [this, id](int64_t after) { return store_->LoadEvents(id, after, kPage); },
      &storage::EventRecord::sequence);
  // In the order in which the strategy observed them: for each proposal first the events up to its
  // after_event, then the proposal.
  absl::flat_hash_map<int64_t, std::shared_ptr<Trial>> by_number;  // those without an end
  int64_t first_run = 0;
  const auto take_events = [&](int64_t limit) -> absl::Status {
    while (true) {
      auto event = events.Peek();
      if (!event.ok()) return event.status();
      if (*event == nullptr || (*event)->sequence > limit) return absl::OkStatus();
      search.last_event = (*event)->sequence;
      search.committed_event = (*event)->sequence;
      if (const auto it = by_number.find((*event)->trial_number); it != by_number.end()) {
        const std::shared_ptr<Trial> trial = it->second;
        if ((*event)->kind == storage::EventRecord::Kind::kFinished) by_number.erase(it);
        TakeLoadedEvent(search, trial, std::move(**event), search.last_event > from.after_event);
      }
      events.Take();
    }
  };
  while (true) {
    auto record = proposals.Peek();
    if (!record.ok()) return record.status();
    if (*record == nullptr) break;
    if (absl::Status status = take_events((*record)->after_event); !status.ok()) return status;
    auto genotype = space::FromProto(search.resolved->space->decisions(), (*record)->genotype);
    if (!genotype.ok()) return genotype.status();
    auto trial = std::make_shared<Trial>();
    trial->revision = search.revision;
    trial->record = std::move(**record);
    proposals.Take();
    const int rungs = static_cast<int>(search.resolved->rungs.size());
    const storage::TrialRecord& r = trial->record;
    trial->rung = std::clamp(r.fidelity.rung(), 0, rungs - 1);
    search.last_number = r.number;
    if (r.number > from.after_trial) {
      search.host->Observe(strategy::Proposed{
          r.number,
          {*std::move(genotype), trial->rung, r.continues, r.parents, r.reason, {}, {}},
          r.enqueued});
    }
    by_number[r.number] = trial;
    if (r.state == v1::TRIAL_STATE_READY) {
      search.open[r.number] = trial;  // counted when it is known whether it runs
      continue;
    }
    search.Count(*trial, 1);
    // Of those that were shared or cancelled it is not known whether they ran.
    const bool ran = r.state != v1::TRIAL_STATE_SHARED && r.state != v1::TRIAL_STATE_CANCELLED;
    if (ran && first_run == 0) first_run = r.number;
  }
  if (absl::Status status = take_events(INT64_MAX); !status.ok()) return status;
  if (absl::Status status = CompleteKept(search, first_run); !status.ok()) return status;
  const auto device_seconds = store_->GetDeviceSeconds(id);
  if (!device_seconds.ok()) return device_seconds.status();
  search.device_seconds = *device_seconds;
  // Workers may still be on their way with weights that the engine before this one asked for.
  for (int64_t number : search.standing.Leaders(search.spec().final().top())) {
    const auto leader = search.leaders.find(number);
    if (leader == search.leaders.end()) continue;
    const storage::TrialRecord& winner = leader->second->record;
    const absl::Time until = winner.finished_at.value_or(absl::InfinitePast()) + WeightsWait();
    if (winner.state == v1::TRIAL_STATE_SUCCEEDED && winner.weights.empty() && until > Now()) {
      search.weights_awaited[number] = until;
    }
  }
  return absl::OkStatus();
}

absl::Status Engine::CompleteKept(ActiveSearch& search, int64_t first_run) {
  absl::flat_hash_map<int64_t, std::shared_ptr<Trial>> kept = search.open;
  for (const auto& trial : search.overtaken) kept[trial->record.number] = trial;
  for (const auto& trial : search.ended) kept[trial->record.number] = trial;
  kept.insert(search.leaders.begin(), search.leaders.end());
  kept.insert(search.with_weights.begin(), search.with_weights.end());
  std::vector<int64_t> numbers;
  for (const auto& [number, trial] : kept) numbers.push_back(number);
  if (first_run > 0) numbers.push_back(first_run);
  auto records = store_->FindTrials(search.record.id, numbers);
  if (!records.ok()) return records.status();
  for (storage::TrialRecord& record : *records) {
    if (record.attempt > 0) {
      search.first_lease_at = std::min(search.first_lease_at, record.created_at);
    }
    const auto found = kept.find(record.number);
    if (found == kept.end()) continue;
    Trial& trial = *found->second;
    // The metrics of the end; later ones (final tests) are in the record.
    record.metrics.insert(trial.record.metrics.begin(), trial.record.metrics.end());
    trial.record = std::move(record);
  }
  for (const auto& [number, trial] : search.open) {
    auto genotype = space::FromProto(search.resolved->space->decisions(), trial->record.genotype);
    if (!genotype.ok()) return genotype.status();
    trial->candidate = search.maker->Make(*genotype, trial->rung);
    search.Count(*trial, 1);
  }
  return absl::OkStatus();
}

void Engine::TakeLoadedEvent(ActiveSearch& search, const std::shared_ptr<Trial>& trial,
                             storage::EventRecord event, bool observe) {
  if (event.kind == storage::EventRecord::Kind::kMeasured) {
    trial->last_epoch = std::max(trial->last_epoch, event.epoch);
    if (observe) search.host->Observe(ToStrategyEvent(std::move(event), *trial));
    return;
  }
  if (observe) search.host->Observe(ToStrategyEvent(event, *trial));
  trial->seconds = event.seconds;
  trial->record.metrics.insert(event.metrics.begin(), event.metrics.end());
  search.OnEnded(trial);
  const storage::TrialRecord& record = trial->record;
  if (!record.weights.empty() && record.state == v1::TRIAL_STATE_SUCCEEDED) {
    search.with_weights[record.number] = trial;
  }
  if (!record.evaluation_identity.empty() && record.state == v1::TRIAL_STATE_SUCCEEDED) {
    storage::EvaluationRecord evaluation;
    evaluation.identity = record.evaluation_identity;
    evaluation.trial_id = record.id;
    evaluation.search_id = record.search_id;
    evaluation.state = record.state;
    evaluation.metrics = event.metrics;
    evaluation.weights = record.weights;
    RememberFinished(Scope(search, record.evaluation_identity), std::move(evaluation));
  }
}

absl::Status Engine::LoadTasks(ActiveSearch& search) {
  auto records = store_->LoadOpenTasks(search.record.id);
  if (!records.ok()) return records.status();
  absl::flat_hash_map<int64_t, std::shared_ptr<Trial>> by_id;
  for (const auto& [number, trial] : search.open) by_id[trial->record.id] = trial;
  for (const auto& [number, trial] : search.leaders) by_id[trial->record.id] = trial;
  for (const auto& trial : search.ended) by_id[trial->record.id] = trial;
  for (const storage::TaskRecord& record : *records) {
    const auto trial = by_id.find(record.trial_id);
    if (trial == by_id.end()) continue;
    Task& task = AddTask(search, trial->second, record.kind, record.id);
    task.attempt = record.attempt;
    task.charged = record.charged;
    task.checkpoint = record.checkpoint;
    task.seed_offset = record.seed_offset;
    if (task.checkpoint.empty() && search.resolved->rungs_continue) {
      const auto it = search.checkpoints.find(trial->second->record.continues);
      if (it != search.checkpoints.end()) task.checkpoint = it->second;
    }
    if (record.kind == v1::TASK_KIND_FINAL_TEST) {
      search.final_planned = true;
      ++search.open_final_tasks;
    }
    WorkerEntry* worker = workers_.Find(record.worker_id);
    if (!record.leased || worker == nullptr) continue;
    search.ready_tasks.pop_back();
    task.leased = true;
    task.worker_id = record.worker_id;
    task.slot = record.slot;
    task.leased_at = record.leased_at;
    task.deadline = record.deadline;
    task.lease_request_id = record.lease_request_id;
    deadlines_.emplace(task.deadline, task.id);
    worker->tasks.insert(task.id);
    search.running_tasks.insert(task.id);
    const bool to_stop = search.host->pending_stops().contains(trial->second->record.number);
    if (to_stop && record.kind == v1::TASK_KIND_TRAIN) task.stop = v1::STOP_REASON_EARLY;
  }
  return absl::OkStatus();
}

void Engine::ResolveLoaded() {
  // First who makes what, then who waits for whom.
  for (auto& [id, task] : tasks_) {
    const storage::TrialRecord& record = task->trial->record;
    if (task->kind != v1::TASK_KIND_TRAIN || record.evaluation_identity.empty()) continue;
    SharedEvaluation& known = evaluations_[Scope(*task->search, record.evaluation_identity)];
    if (known.maker != nullptr || known.finished.has_value()) continue;
    known.maker = task->trial;
    known.search = task->search;
  }
  for (auto& [id, search] : searches_) {
    std::vector<std::shared_ptr<Trial>> joined;
    for (const auto& [number, trial] : search->open) {
      if (trial->record.joined) joined.push_back(trial);
    }
    std::sort(joined.begin(), joined.end(),
              [](const auto& a, const auto& b) { return a->record.number < b->record.number; });
    for (const auto& trial : joined) {
      const std::string& identity = trial->record.evaluation_identity;
      if (identity.empty()) {
        search->impossible.push_back(trial);
        continue;
      }
      const std::string scope = Scope(*search, identity);
      SharedEvaluation& known = evaluations_[scope];
      if (known.maker != nullptr) {
        search->Count(*trial, -1);
        trial->joined_own = known.search == search.get();
        search->Count(*trial, 1);
        known.joined.emplace_back(id, trial->record.number);
        continue;
      }
      if (!known.finished.has_value()) {
        std::optional<std::string> project;
        std::optional<int64_t> own = id;
        if (search->spec().sharing() == v1::SHARING_PROJECT) {
          project = search->spec().project();
          own = std::nullopt;
        }
        auto found = store_->FindEvaluation(identity, project, own);
        if (found.ok() && found->has_value()) {
          RememberFinished(scope, **found);
        } else {
          known.maker = trial;
          known.search = search.get();
        }
      }
      Resolve(id, trial->record.number, evaluations_[scope].finished);
    }
  }
}

}  // namespace nascent::engine
