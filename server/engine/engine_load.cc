// Taking over: every search that has not ended is made again from its log.

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/space/genotype_proto.h"
#include "server/engine/engine.h"

namespace nascent::engine {
namespace {

// Rows that are read at a time.
constexpr int64_t kPage = 10000;

// Reads trials and events in the order in which a strategy observed them: for each proposal first
// the events up to its after_event, then the proposal.
class LogReader {
 public:
  LogReader(storage::TrialStore* store, int64_t search_id) : store_(store), search_id_(search_id) {}

  absl::Status NextTrial(std::optional<storage::TrialRecord>& trial) {
    if (trials_.empty() && !last_trial_page_) {
      auto page = store_->LoadTrials(search_id_, last_number_, kPage);
      if (!page.ok()) return page.status();
      last_trial_page_ = static_cast<int64_t>(page->size()) < kPage;
      for (storage::TrialRecord& record : *page) trials_.push_back(std::move(record));
    }
    trial.reset();
    if (trials_.empty()) return absl::OkStatus();
    last_number_ = trials_.front().number;
    trial = std::move(trials_.front());
    trials_.pop_front();
    return absl::OkStatus();
  }

  // The next event, where its sequence is at most `limit`.
  absl::Status NextEvent(int64_t limit, std::optional<storage::EventRecord>& event) {
    if (events_.empty() && !last_event_page_) {
      auto page = store_->LoadEvents(search_id_, last_sequence_, kPage);
      if (!page.ok()) return page.status();
      last_event_page_ = static_cast<int64_t>(page->size()) < kPage;
      for (storage::EventRecord& record : *page) events_.push_back(std::move(record));
    }
    event.reset();
    if (events_.empty() || events_.front().sequence > limit) return absl::OkStatus();
    last_sequence_ = events_.front().sequence;
    event = std::move(events_.front());
    events_.pop_front();
    return absl::OkStatus();
  }

 private:
  storage::TrialStore* const store_;
  const int64_t search_id_;
  std::deque<storage::TrialRecord> trials_;
  std::deque<storage::EventRecord> events_;
  int64_t last_number_ = 0;
  int64_t last_sequence_ = 0;
  bool last_trial_page_ = false;
  bool last_event_page_ = false;
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
  LogReader log(store_, search.record.id);
  absl::flat_hash_map<int64_t, std::shared_ptr<Trial>> by_number;
  const auto take_events = [&](int64_t limit) {
    while (true) {
      std::optional<storage::EventRecord> event;
      absl::Status status = log.NextEvent(limit, event);
      if (!status.ok() || !event.has_value()) return status;
      const auto it = by_number.find(event->trial_number);
      search.last_event = event->sequence;
      search.committed_event = event->sequence;
      if (it == by_number.end()) continue;
      TakeLoadedEvent(search, it->second, *event, event->sequence > from.after_event);
    }
  };
  while (true) {
    std::optional<storage::TrialRecord> record;
    if (absl::Status status = log.NextTrial(record); !status.ok()) return status;
    if (!record.has_value()) break;
    if (absl::Status status = take_events(record->after_event); !status.ok()) return status;
    auto genotype = space::FromProto(search.resolved->space->decisions(), record->genotype);
    if (!genotype.ok()) return genotype.status();
    auto trial = std::make_shared<Trial>();
    // Candidates of ended trials are made when they are needed: there are many.
    trial->revision = search.revision;
    trial->record = *std::move(record);
    const int rungs = static_cast<int>(search.resolved->rungs.size());
    trial->rung = std::clamp(trial->record.fidelity.rung(), 0, rungs - 1);
    search.last_number = trial->record.number;
    by_number[trial->record.number] = trial;
    const storage::TrialRecord& r = trial->record;
    if (r.number > from.after_trial) {
      search.host->Observe(
          strategy::Proposed{r.number,
                             {*genotype, trial->rung, r.continues, r.parents, r.reason, {}, {}},
                             r.enqueued});
    }
    search.Count(*trial, 1);
    if (r.state == v1::TRIAL_STATE_READY || r.state == v1::TRIAL_STATE_LEASED) {
      trial->candidate = search.maker->Make(*genotype, trial->rung);
      search.open[r.number] = trial;
    }
    if (r.attempt > 0) search.first_lease_at = std::min(search.first_lease_at, r.created_at);
  }
  if (absl::Status status = take_events(INT64_MAX); !status.ok()) return status;
  auto totals = store_->GetTotals(search.record.id);
  if (!totals.ok()) return totals.status();
  search.device_seconds = totals->device_seconds;
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

void Engine::TakeLoadedEvent(ActiveSearch& search, const std::shared_ptr<Trial>& trial,
                             const storage::EventRecord& event, bool observe) {
  if (observe) search.host->Observe(ToStrategyEvent(event, *trial));
  if (event.kind == storage::EventRecord::Kind::kMeasured) {
    trial->last_epoch = std::max(trial->last_epoch, event.epoch);
    return;
  }
  trial->seconds = event.seconds;
  // The metrics of the end; later ones (final tests) are in the record.
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
