#include "server/storage/memory_store.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "server/storage/memory_state.h"
#include "server/storage/outcomes.h"
#include "server/storage/transition_check.h"

namespace nascent::storage {

MemoryStore::MemoryStore(std::function<absl::Time()> now)
    : now_(std::move(now)), state_(std::make_unique<MemoryState>()) {}

MemoryStore::~MemoryStore() = default;

absl::StatusOr<Term> MemoryStore::AcquireTerm(const std::string& holder, absl::Duration duration) {
  MutexLock lock(mutex_);
  const absl::Time now = now_();
  if (!holder_.empty() && holder_ != holder && term_deadline_ > now) {
    return TermHeld(holder_, term_deadline_);
  }
  if (holder_ != holder) ++term_;
  holder_ = holder;
  term_deadline_ = now + duration;
  return Term{term_, term_deadline_};
}

absl::Status MemoryStore::ReleaseTerm(int64_t term) {
  MutexLock lock(mutex_);
  if (term != term_ || holder_.empty()) return TermLost(term, term_);
  holder_.clear();
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Outcome>> MemoryStore::Apply(
    int64_t term, const std::vector<Transition>& transitions) {
  MutexLock lock(mutex_);
  if (term != term_ || holder_.empty()) return TermLost(term, term_);
  const absl::Time now = now_();
  std::vector<Outcome> outcomes;
  outcomes.reserve(transitions.size());
  for (const Transition& transition : transitions) {
    outcomes.push_back(state_->Apply(transition, now));
  }
  return outcomes;
}

absl::StatusOr<absl::Time> MemoryStore::Now() {
  MutexLock lock(mutex_);
  return now_();
}

absl::StatusOr<std::vector<OpenSearch>> MemoryStore::ListOpenSearches() {
  MutexLock lock(mutex_);
  std::vector<OpenSearch> open;
  for (const SearchRecord& search : state_->Searches()) {
    if (HasEnded(search.state)) continue;
    const std::vector<TaskRecord> tasks = state_->FindOpenTasks(search.id);
    open.push_back({search.id, search.spec.priority(),
                    std::any_of(tasks.begin(), tasks.end(),
                                [](const TaskRecord& task) { return task.leased; })});
  }
  return open;
}

absl::StatusOr<std::vector<TaskRecord>> MemoryStore::LoadOpenTasks(int64_t search_id) {
  MutexLock lock(mutex_);
  return state_->FindOpenTasks(search_id);
}

absl::StatusOr<std::vector<TrialRecord>> MemoryStore::LoadTrials(int64_t search_id,
                                                                 int64_t after_number,
                                                                 int64_t limit) {
  MutexLock lock(mutex_);
  return state_->FindTrials(search_id, after_number, limit);
}

absl::StatusOr<std::vector<TrialRecord>> MemoryStore::LoadProposals(int64_t search_id,
                                                                    int64_t after_number,
                                                                    int64_t limit) {
  MutexLock lock(mutex_);
  auto proposals = state_->FindTrials(search_id, after_number, limit);
  for (TrialRecord& trial : proposals) {
    if (trial.state == v1::TRIAL_STATE_LEASED) trial.state = v1::TRIAL_STATE_READY;
    trial.error.clear();
    trial.attempt = 0;
    trial.worker.clear();
    trial.key.clear();
    trial.key_version = 0;
    trial.notation.clear();
    trial.recipe.Clear();
    trial.metrics.clear();
    trial.created_at = absl::Time();
    trial.finished_at.reset();
  }
  return proposals;
}

absl::StatusOr<std::vector<TrialRecord>> MemoryStore::FindTrials(
    int64_t search_id, const std::vector<int64_t>& numbers) {
  MutexLock lock(mutex_);
  std::vector<TrialRecord> trials;
  for (const int64_t number : std::set<int64_t>(numbers.begin(), numbers.end())) {
    for (TrialRecord& trial : state_->FindTrials(search_id, number - 1, 1)) {
      if (trial.number == number) trials.push_back(std::move(trial));
    }
  }
  return trials;
}

absl::StatusOr<double> MemoryStore::GetDeviceSeconds(int64_t search_id) {
  MutexLock lock(mutex_);
  return state_->FindTotals(search_id, now_()).device_seconds;
}

absl::StatusOr<std::vector<EventRecord>> MemoryStore::LoadEvents(int64_t search_id,
                                                                 int64_t after_sequence,
                                                                 int64_t limit) {
  MutexLock lock(mutex_);
  return state_->FindEvents(search_id, after_sequence, limit);
}

absl::StatusOr<std::optional<SnapshotRecord>> MemoryStore::LoadSnapshot(int64_t search_id) {
  MutexLock lock(mutex_);
  return state_->FindSnapshot(search_id);
}

absl::StatusOr<std::vector<WorkerRecord>> MemoryStore::LoadWorkers() {
  MutexLock lock(mutex_);
  return state_->FindWorkers();
}

absl::StatusOr<std::vector<TrialRecord>> MemoryStore::FindTrialsOfRequest(
    const std::string& request_id) {
  MutexLock lock(mutex_);
  return state_->FindTrialsOfRequest(request_id);
}

absl::StatusOr<std::optional<EvaluationRecord>> MemoryStore::FindEvaluation(
    const std::string& identity, const std::optional<std::string>& project,
    std::optional<int64_t> search_id) {
  MutexLock lock(mutex_);
  return state_->FindEvaluation(identity, project, search_id);
}

absl::StatusOr<SearchRecord> MemoryStore::GetSearch(int64_t id) {
  MutexLock lock(mutex_);
  const SearchRecord* search = state_->FindSearch(id);
  if (search == nullptr) return Unknown("search", id);
  return *search;
}

absl::StatusOr<SearchRecord> MemoryStore::GetNewestSearch(const std::string& name) {
  MutexLock lock(mutex_);
  const std::optional<int64_t> id = state_->NewestSearch(name);
  if (!id.has_value()) return absl::NotFoundError(absl::StrCat("no search named \"", name, "\""));
  return *state_->FindSearch(*id);
}

absl::StatusOr<std::vector<SearchRecord>> MemoryStore::ListSearches(int64_t before_id, int limit) {
  MutexLock lock(mutex_);
  std::vector<SearchRecord> searches = state_->Searches();
  std::reverse(searches.begin(), searches.end());
  if (before_id > 0) {
    std::erase_if(searches, [&](const SearchRecord& search) { return search.id >= before_id; });
  }
  if (static_cast<int>(searches.size()) > limit) searches.resize(limit);
  return searches;
}

absl::StatusOr<SearchTotals> MemoryStore::GetTotals(int64_t search_id) {
  MutexLock lock(mutex_);
  return state_->FindTotals(search_id, now_());
}

absl::StatusOr<std::vector<TrialMetrics>> MemoryStore::GetMetrics(
    const std::vector<int64_t>& trial_ids) {
  MutexLock lock(mutex_);
  std::vector<TrialMetrics> result;
  for (const int64_t id : trial_ids) {
    if (auto metrics = state_->FindMetrics(id)) result.push_back(*std::move(metrics));
  }
  return result;
}

absl::StatusOr<std::vector<std::string>> MemoryStore::FindUnusedArtifacts(absl::Duration age,
                                                                          int limit) {
  MutexLock lock(mutex_);
  return state_->FindUnusedArtifacts(now_() - age, limit);
}

absl::StatusOr<std::vector<std::string>> MemoryStore::FindUsesOfArtifact(const std::string& sha256,
                                                                         int limit) {
  MutexLock lock(mutex_);
  return state_->FindUsesOfArtifact(sha256, limit);
}

absl::StatusOr<std::vector<v1::Dataset>> MemoryStore::ListDatasets() {
  MutexLock lock(mutex_);
  return state_->FindDatasets();
}

absl::StatusOr<std::optional<v1::Dataset>> MemoryStore::FindDataset(const std::string& name) {
  MutexLock lock(mutex_);
  return state_->FindDataset(name);
}

}  // namespace nascent::storage
