// What can be read of MemoryState.

#include <set>

#include "absl/strings/str_cat.h"
#include "server/storage/memory_state.h"

namespace nascent::storage {

const SearchRecord* MemoryState::FindSearch(int64_t id) const {
  const auto found = searches_.find(id);
  return found == searches_.end() ? nullptr : &found->second.record;
}

std::vector<SearchRecord> MemoryState::Searches() const {
  std::vector<SearchRecord> result;
  for (const auto& [id, search] : searches_) result.push_back(search.record);
  return result;
}

std::optional<int64_t> MemoryState::NewestSearch(const std::string& name) const {
  for (auto it = searches_.rbegin(); it != searches_.rend(); ++it) {
    if (it->second.record.spec.name() == name) return it->first;
  }
  return std::nullopt;
}

std::vector<TaskRecord> MemoryState::FindOpenTasks(int64_t search_id) const {
  std::vector<TaskRecord> result;
  const auto search = searches_.find(search_id);
  if (search == searches_.end()) return result;
  for (const int64_t id : search->second.open_tasks) {
    TaskRecord task = tasks_.at(id).record;
    if (!task.leased) {
      task.worker_id = task.slot = 0;
      task.lease_request_id.clear();
      task.evaluator.clear();
      task.leased_at = task.deadline = absl::Time();
    }
    result.push_back(std::move(task));
  }
  return result;
}

std::vector<TrialRecord> MemoryState::FindTrials(int64_t search_id, int64_t after_number,
                                                 int64_t limit) const {
  std::vector<TrialRecord> result;
  const auto search = searches_.find(search_id);
  if (search == searches_.end()) return result;
  const auto& trials = search->second.trials;
  for (auto it = trials.upper_bound(after_number);
       it != trials.end() && static_cast<int64_t>(result.size()) < limit; ++it) {
    result.push_back(trials_.at(it->second).record);
  }
  return result;
}

std::vector<EventRecord> MemoryState::FindEvents(int64_t search_id, int64_t after_sequence,
                                                 int64_t limit) const {
  std::vector<EventRecord> result;
  const auto search = searches_.find(search_id);
  if (search == searches_.end()) return result;
  const auto& events = search->second.events;
  for (auto it = events.upper_bound(after_sequence);
       it != events.end() && static_cast<int64_t>(result.size()) < limit; ++it) {
    result.push_back(it->second);
  }
  return result;
}

std::optional<SnapshotRecord> MemoryState::FindSnapshot(int64_t search_id) const {
  const auto search = searches_.find(search_id);
  return search == searches_.end() ? std::nullopt : search->second.snapshot;
}

std::vector<WorkerRecord> MemoryState::FindWorkers() const {
  std::vector<WorkerRecord> result;
  for (const auto& [id, worker] : workers_) result.push_back(worker);
  return result;
}

std::vector<TrialRecord> MemoryState::FindTrialsOfRequest(const std::string& request_id) const {
  std::vector<TrialRecord> result;
  for (auto it = trials_by_request_.lower_bound({request_id, 0});
       it != trials_by_request_.end() && it->first.first == request_id; ++it) {
    const auto trial = trials_.find(it->second);
    if (trial != trials_.end()) result.push_back(trial->second.record);
  }
  return result;
}

std::optional<EvaluationRecord> MemoryState::FindEvaluation(
    const std::string& identity, const std::optional<std::string>& project,
    std::optional<int64_t> search_id) const {
  const auto found = evaluations_by_identity_.find(identity);
  if (found == evaluations_by_identity_.end()) return std::nullopt;
  for (const int64_t id : found->second) {
    const auto& evaluation = evaluations_.at(id);
    if (project.has_value() && evaluation.project != *project) continue;
    if (search_id.has_value() && evaluation.record.search_id != *search_id) continue;
    return evaluation.record;
  }
  return std::nullopt;
}

SearchTotals MemoryState::FindTotals(int64_t search_id, absl::Time now) const {
  SearchTotals totals;
  const auto found = searches_.find(search_id);
  if (found == searches_.end()) return totals;
  for (const auto& [number, id] : found->second.trials) {
    const TrialRecord& trial = trials_.at(id).record;
    ++totals.trials[trial.state];
    if (ExemptFromBudget(trial) && CountsForBudget(trial.state)) ++totals.scored;
  }
  totals.device_seconds = found->second.device_seconds;
  for (const int64_t id : found->second.open_tasks) {
    const TaskRecord& task = tasks_.at(id).record;
    if (task.leased) totals.device_seconds += absl::ToDoubleSeconds(now - task.leased_at);
  }
  return totals;
}

std::optional<TrialMetrics> MemoryState::FindMetrics(int64_t trial_id) const {
  const auto found = trials_.find(trial_id);
  if (found == trials_.end()) return std::nullopt;
  return TrialMetrics{trial_id, found->second.record.metrics};
}

absl::flat_hash_set<std::string> MemoryState::UsedArtifacts() const {
  absl::flat_hash_set<std::string> used;
  for (const auto& [id, trial] : trials_) {
    used.insert(trial.record.checkpoint);
    used.insert(trial.record.weights);
  }
  for (const auto& [id, task] : tasks_) used.insert(task.record.checkpoint);
  for (const auto& [id, evaluation] : evaluations_) used.insert(evaluation.record.weights);
  for (const auto& [name, dataset] : datasets_) {
    for (const v1::DataSplit& split : dataset.splits()) {
      used.insert(split.examples());
      used.insert(split.labels());
    }
  }
  return used;
}

std::vector<std::string> MemoryState::FindUnusedArtifacts(absl::Time put_before, int limit) const {
  const absl::flat_hash_set<std::string> used = UsedArtifacts();
  std::vector<std::string> unused;
  for (const auto& [sha256, put_at] : artifacts_) {
    if (static_cast<int>(unused.size()) >= limit) break;
    if (put_at <= put_before && !used.contains(sha256)) unused.push_back(sha256);
  }
  return unused;
}

std::vector<std::string> MemoryState::FindUsesOfArtifact(const std::string& sha256,
                                                         int limit) const {
  std::set<std::string> uses;
  for (const auto& [name, dataset] : datasets_) {
    for (const v1::DataSplit& split : dataset.splits()) {
      if (split.examples() == sha256 || split.labels() == sha256) uses.insert("data set " + name);
    }
  }
  const auto add = [&](const char* what, int64_t trial_id) {
    const TrialRecord& trial = trials_.at(trial_id).record;
    uses.insert(absl::StrCat(what, " of trial ", trial.number, " of search ", trial.search_id));
  };
  for (const auto& [id, trial] : trials_) {
    if (trial.record.weights == sha256) {
      add("weights", id);
    } else if (trial.record.checkpoint == sha256) {
      add("checkpoint", id);
    }
  }
  for (const auto& [id, task] : tasks_) {
    if (task.record.checkpoint == sha256) add("checkpoint", task.record.trial_id);
  }
  std::vector<std::string> first(uses.begin(), uses.end());
  if (first.size() > static_cast<size_t>(limit)) first.resize(static_cast<size_t>(limit));
  return first;
}

std::vector<v1::Dataset> MemoryState::FindDatasets() const {
  std::vector<v1::Dataset> result;
  for (const auto& [name, dataset] : datasets_) result.push_back(dataset);
  return result;
}

std::optional<v1::Dataset> MemoryState::FindDataset(const std::string& name) const {
  const auto found = datasets_.find(name);
  if (found == datasets_.end()) return std::nullopt;
  return found->second;
}

}  // namespace nascent::storage
