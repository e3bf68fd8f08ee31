#include "server/engine/loader.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/space/decisions/genotype_proto.h"
#include "server/engine/make_search.h"
#include "server/engine/pages.h"
#include "server/engine/search_events.h"
#include "server/engine/set_aside.h"
#include "server/storage/trial_life.h"
#include "spdlog/spdlog.h"

namespace nascent::engine {
namespace {

// One search on its way from the log to the model.
class SearchLoader {
 public:
  SearchLoader(EngineParts& parts, ActiveSearch& search)
      : parts_(parts), search_(search), id_(search.record.id) {}

  // Replays the strategy: it observes proposals and events as they stand in the log.
  absl::Status Replay();
  // Loads what workers have to do.
  absl::Status LoadTasks();

 private:
  absl::Status TakeEvents(int64_t limit, Pages<storage::EventRecord>& events);
  absl::Status TakeProposal(storage::TrialRecord record);
  void TakeEvent(const std::shared_ptr<LiveTrial>& trial, storage::EventRecord event);
  // Replay reads of each trial what strategies see; those that stay in memory are read whole.
  absl::Status CompleteKept();
  // Workers may still be on their way with weights that the engine before this one asked for.
  void AwaitWeights();
  void TakeTask(const storage::TaskRecord& record, const std::shared_ptr<LiveTrial>& trial);

  EngineParts& parts_;
  ActiveSearch& search_;
  const int64_t id_;
  storage::SnapshotRecord from_;  // what the strategy was restored from
  absl::flat_hash_map<int64_t, std::shared_ptr<LiveTrial>> running_;  // by number: without an end
  int64_t first_run_ = 0;  // the first trial that ran and ended, 0 without one
};

absl::Status SearchLoader::Replay() {
  auto snapshot = parts_.store.LoadSnapshot(id_);
  if (!snapshot.ok()) return snapshot.status();
  if (snapshot->has_value() && search_.host->Restore((*snapshot)->bytes).ok()) {
    from_ = **snapshot;
    search_.queue.snapshot_at = from_.after_event;
  }
  Pages<storage::TrialRecord> proposals(
      [this](int64_t after) { return parts_.store.LoadProposals(id_, after, kPage); },
      &storage::TrialRecord::number);
  Pages<storage::EventRecord> events(
      [this](int64_t after) { return parts_.store.LoadEvents(id_, after, kPage); },
      &storage::EventRecord::sequence);
  // In the order in which the strategy observed them: for each proposal first the events up to its
  // after_event, then the proposal.
  while (true) {
    auto record = proposals.Peek();
    if (!record.ok()) return record.status();
    if (*record == nullptr) break;
    absl::Status status = TakeEvents((*record)->after_event, events);
    if (status.ok()) status = TakeProposal(std::move(**record));
    if (!status.ok()) return status;
    proposals.Take();
  }
  absl::Status status = TakeEvents(std::numeric_limits<int64_t>::max(), events);
  if (status.ok()) status = CompleteKept();
  if (!status.ok()) return status;
  const auto device_seconds = parts_.store.GetDeviceSeconds(id_);
  if (!device_seconds.ok()) return device_seconds.status();
  search_.device_seconds = *device_seconds;
  AwaitWeights();
  return absl::OkStatus();
}

absl::Status SearchLoader::TakeEvents(int64_t limit, Pages<storage::EventRecord>& events) {
  while (true) {
    auto event = events.Peek();
    if (!event.ok()) return event.status();
    if (*event == nullptr || (*event)->sequence > limit) return absl::OkStatus();
    search_.queue.last_event = (*event)->sequence;
    search_.queue.committed_event = (*event)->sequence;
    if (const auto it = running_.find((*event)->trial_number); it != running_.end()) {
      const std::shared_ptr<LiveTrial> trial = it->second;
      if ((*event)->kind == storage::EventRecord::Kind::kFinished) running_.erase(it);
      TakeEvent(trial, std::move(**event));
    }
    events.Take();
  }
}

absl::Status SearchLoader::TakeProposal(storage::TrialRecord record) {
  auto genotype = space::FromProto(search_.resolved->space->decisions(), record.genotype);
  if (!genotype.ok()) return genotype.status();
  auto trial = std::make_shared<LiveTrial>();
  trial->revision = search_.revision;
  trial->record = std::move(record);
  const storage::TrialRecord& r = trial->record;
  const int rungs = static_cast<int>(search_.resolved->rungs.size());
  trial->rung = std::clamp(r.fidelity.rung(), 0, rungs - 1);
  search_.last_number = r.number;
  if (r.number > from_.after_trial) {
    search_.host->Observe(strategy::Proposed{
        r.number,
        {*std::move(genotype), trial->rung, r.continues, r.parents, r.reason, {}, {}},
        r.enqueued});
  }
  running_[r.number] = trial;
  if (r.state == v1::TRIAL_STATE_READY) {
    search_.open[r.number] = trial;  // counted when it is known whether it runs
    return absl::OkStatus();
  }
  search_.tally.Add(*trial);
  // Of those that were shared or cancelled it is not known whether they ran.
  const bool ran = r.state != v1::TRIAL_STATE_SHARED && r.state != v1::TRIAL_STATE_CANCELLED;
  if (ran && first_run_ == 0) first_run_ = r.number;
  return absl::OkStatus();
}

void SearchLoader::TakeEvent(const std::shared_ptr<LiveTrial>& trial, storage::EventRecord event) {
  const bool observe = event.sequence > from_.after_event;
  if (event.kind == storage::EventRecord::Kind::kMeasured) {
    trial->last_epoch = std::max(trial->last_epoch, event.epoch);
    if (observe) search_.host->Observe(ToStrategyEvent(std::move(event), *trial));
    return;
  }
  if (observe) search_.host->Observe(ToStrategyEvent(event, *trial));
  trial->seconds = event.seconds;
  trial->record.metrics.insert(event.metrics.begin(), event.metrics.end());
  search_.OnEnded(trial);
  const storage::TrialRecord& record = trial->record;
  if (record.state == v1::TRIAL_STATE_SUCCEEDED && !record.weights.empty()) {
    search_.winners.SetStored(trial);
  }
}

absl::Status SearchLoader::CompleteKept() {
  std::map<int64_t, std::shared_ptr<LiveTrial>> kept = search_.winners.Held();
  kept.insert(search_.open.begin(), search_.open.end());
  for (const auto& trial : search_.ended) kept[trial->record.number] = trial;
  std::vector<int64_t> numbers;
  for (const auto& [number, trial] : kept) numbers.push_back(number);
  if (first_run_ > 0) numbers.push_back(first_run_);
  auto records = parts_.store.FindTrials(id_, numbers);
  if (!records.ok()) return records.status();
  for (storage::TrialRecord& record : *records) {
    if (record.attempt > 0) {
      search_.first_lease_at = std::min(search_.first_lease_at, record.created_at);
    }
    const auto found = kept.find(record.number);
    if (found == kept.end()) continue;
    LiveTrial& trial = *found->second;
    // The metrics of the end; later ones (final tests) are in the record.
    record.metrics.insert(trial.record.metrics.begin(), trial.record.metrics.end());
    trial.record = std::move(record);
  }
  for (const auto& [number, trial] : search_.open) {
    auto genotype = space::FromProto(search_.resolved->space->decisions(), trial->record.genotype);
    if (!genotype.ok()) return genotype.status();
    trial->candidate = search_.maker->Make(*genotype, trial->rung);
    trial->subject = EvaluationSubject(*trial->candidate, *search_.resolved);
    search_.tally.Add(*trial);
    parts_.model.Index(*trial);
  }
  return absl::OkStatus();
}

void SearchLoader::AwaitWeights() {
  for (const int64_t number : search_.winners.Numbers()) {
    const auto leader = search_.winners.Find(number);
    if (leader == nullptr) continue;
    const storage::TrialRecord& winner = leader->record;
    const absl::Time until =
        winner.finished_at.value_or(absl::InfinitePast()) + parts_.options.WeightsWait();
    if (winner.state == v1::TRIAL_STATE_SUCCEEDED && winner.weights.empty() &&
        until > parts_.clock.Now()) {
      search_.winners.Await(number, until);
    }
  }
}

absl::Status SearchLoader::LoadTasks() {
  auto records = parts_.store.LoadOpenTasks(id_);
  if (!records.ok()) return records.status();
  absl::flat_hash_map<int64_t, std::shared_ptr<LiveTrial>> by_id;
  for (const auto& [number, trial] : search_.open) by_id[trial->record.id] = trial;
  for (const auto& [number, trial] : search_.winners.leaders()) by_id[trial->record.id] = trial;
  for (const auto& trial : search_.ended) by_id[trial->record.id] = trial;
  for (const storage::TaskRecord& record : *records) {
    if (const auto trial = by_id.find(record.trial_id); trial != by_id.end()) {
      TakeTask(record, trial->second);
    }
  }
  return absl::OkStatus();
}

void SearchLoader::TakeTask(const storage::TaskRecord& record,
                            const std::shared_ptr<LiveTrial>& trial) {
  LiveTask& task = parts_.model.AddTask(search_, trial, record.kind, record.id);
  task.attempt = record.attempt;
  task.charged = record.charged;
  task.checkpoint = {record.checkpoint, record.checkpoint_evaluator};
  task.seed_offset = record.seed_offset;
  if (task.checkpoint.sha256.empty() && search_.resolved->rungs_continue) {
    const auto it = search_.checkpoints.find(trial->record.continues);
    if (it != search_.checkpoints.end()) task.checkpoint = it->second;
  }
  if (record.kind == v1::TASK_KIND_FINAL_TEST) {
    search_.ending.final_planned = true;
    ++search_.ending.open_final_tasks;
  }
  if (!record.leased || parts_.model.workers().Find(record.worker_id) == nullptr) return;
  task.worker_id = record.worker_id;
  task.slot = record.slot;
  task.leased_at = record.leased_at;
  task.deadline = record.deadline;
  task.lease_request_id = record.lease_request_id;
  task.evaluator = record.evaluator;
  parts_.model.StartLease(task);
  const bool to_stop = search_.host->pending_stops().contains(trial->record.number);
  if (to_stop && storage::DecidesTrial(record.kind)) task.stop = v1::STOP_REASON_EARLY;
}

absl::Status LoadSearch(EngineParts& parts, storage::SearchRecord record,
                        const Surroundings& surroundings) {
  const int64_t id = record.id;
  auto resolved = ResolveSearch(record.spec, surroundings);
  if (!resolved.ok()) return resolved.status();
  auto made = MakeSearch(
      parts, std::move(record),
      std::make_shared<CandidateMaker>(std::make_shared<const ResolvedSearch>(*std::move(resolved)),
                                       parts.options.candidates));
  if (!made.ok()) return made.status();
  ActiveSearch& search = parts.model.Adopt(id, *std::move(made));
  if (search.IsIn(v1::SEARCH_STATE_PAUSED)) search.paused_since = parts.clock.Now();
  SearchLoader loader(parts, search);
  absl::Status status = loader.Replay();
  if (status.ok()) return loader.LoadTasks();
  parts.model.Remove(id);
  return status;
}

absl::Status LoadWorkers(EngineParts& parts) {
  auto workers = parts.store.LoadWorkers();
  if (!workers.ok()) return workers.status();
  std::sort(workers->begin(), workers->end(),
            [](const auto& a, const auto& b) { return a.registered_at < b.registered_at; });
  for (const storage::WorkerRecord& record : *workers) {
    WorkerEntry& worker =
        parts.model.workers().Put(record.id, record.registration, record.registered_at);
    worker.last_seen_at = record.last_seen_at;
  }
  return absl::OkStatus();
}

// The open trials of a search find their twins again.
void LoadSubjects(EngineParts& parts, ActiveSearch& search) {
  SharedEvaluations& evaluations = parts.model.evaluations();
  const int64_t id = search.record.id;
  const std::map<int64_t, std::shared_ptr<LiveTrial>> open(search.open.begin(), search.open.end());
  for (const auto& [number, trial] : open) {
    const TrialRef self = {id, number};
    if (!trial->candidate->status.ok() && trial->record.joined) {
      search.impossible.push_back(trial);
    } else if (trial->record.joined) {
      // Older coordinators gave no task to a trial that waited for its twin.
      parts.model.Follow({self, std::nullopt});
    }
    if (trial->subject.empty()) continue;
    const std::string scope = Model::ScopeOf(search, *trial);
    const auto first = evaluations.Add(scope, self);
    search.tally.SetJoinedOwn(*trial, first.has_value() && first->search_id == id);
    const LiveTask* task = parts.model.FindTask(trial->task_id);
    if (task != nullptr && task->leased) evaluations.Start(scope, self, task->evaluator);
  }
}

}  // namespace

absl::Status Loader::Begin() {
  if (absl::Status status = LoadWorkers(parts_); !status.ok()) return status;
  surroundings_.advise = false;
  surroundings_.accepted_before = true;
  auto datasets = parts_.store.ListDatasets();
  if (!datasets.ok()) return datasets.status();
  surroundings_.datasets = *std::move(datasets);
  surroundings_.worker_metrics = parts_.model.workers().Metrics();
  surroundings_.require_data = parts_.options.require_data;
  auto searches = parts_.store.ListOpenSearches();
  if (!searches.ok()) return searches.status();
  if (parts_.options.crashes != nullptr) crashes_ = parts_.options.crashes->Read();
  std::sort(searches->begin(), searches->end(), [](const auto& a, const auto& b) {
    return std::tuple(!a.leased, -a.priority, a.id) < std::tuple(!b.leased, -b.priority, b.id);
  });
  for (const storage::OpenSearch& search : *searches) {
    waiting_.insert(search.id);
    order_.push_back(search.id);
  }
  // Workers are on their way with reports of what they hold.
  const auto leased = std::count_if(searches->begin(), searches->end(),
                                    [](const auto& search) { return search.leased; });
  return TakeUpNext(std::max(static_cast<int>(leased), parts_.options.searches_at_once));
}

absl::Status Loader::TakeUpNext(int most) {
  for (int taken = 0; taken < most && !order_.empty();) {
    const int64_t id = order_.front();
    order_.pop_front();
    if (!Waits(id)) continue;
    if (absl::Status status = TakeUp(id); !status.ok()) return status;
    ++taken;
  }
  return absl::OkStatus();
}

absl::Status Loader::TakeUp(int64_t search_id) {
  waiting_.erase(search_id);
  auto record = parts_.store.GetSearch(search_id);
  if (!record.ok()) return record.status();
  // One search that this version can't carry on, or that ends the process, must not hold up the
  // others.
  std::string refused = WhySetAside(crashes_, *record);
  if (refused.empty()) {
    const InCare care({search_id, record->created_at});
    absl::Status status = LoadSearch(parts_, *std::move(record), surroundings_);
    if (status.ok()) {
      LoadSubjects(parts_, *parts_.model.FindSearch(search_id));
      return absl::OkStatus();
    }
    if (!absl::IsInvalidArgument(status) && !absl::IsFailedPrecondition(status)) return status;
    refused = absl::StrCat("can't be taken up again: ", status.message());
  }
  spdlog::error("search {}: {}", search_id, refused);
  return PlanSetAside(parts_, search_id, refused);
}

}  // namespace nascent::engine
