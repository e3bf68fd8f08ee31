// A TrialStore in memory, for simulations and tests: the same outcomes as PostgreSQL, no
// durability.

#ifndef NASCENT_SERVER_STORAGE_MEMORY_STORE_H_
#define NASCENT_SERVER_STORAGE_MEMORY_STORE_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/sync.h"
#include "server/storage/trial_store.h"

namespace nascent::storage {

class MemoryState;

// Every transition costs O(log n) in what the store holds, apart from DeleteSearch and
// RemoveArtifact.
class MemoryStore : public TrialStore {
 public:
  // `now` is the store's clock; it is called with the store's lock held and must not call back.
  explicit MemoryStore(std::function<absl::Time()> now);
  ~MemoryStore() override;

  absl::StatusOr<Term> AcquireTerm(const std::string& holder, absl::Duration duration) override;
  absl::Status ReleaseTerm(int64_t term) override;
  absl::StatusOr<std::vector<Outcome>> Apply(int64_t term,
                                             const std::vector<Transition>& transitions) override;
  absl::StatusOr<absl::Time> Now() override;

  absl::StatusOr<std::vector<OpenSearch>> ListOpenSearches() override;
  absl::StatusOr<std::vector<TaskRecord>> LoadOpenTasks(int64_t search_id) override;
  absl::StatusOr<std::vector<TrialRecord>> LoadTrials(int64_t search_id, int64_t after_number,
                                                      int64_t limit) override;
  absl::StatusOr<std::vector<TrialRecord>> LoadProposals(int64_t search_id, int64_t after_number,
                                                         int64_t limit) override;
  absl::StatusOr<std::vector<TrialRecord>> FindTrials(int64_t search_id,
                                                      const std::vector<int64_t>& numbers) override;
  absl::StatusOr<double> GetDeviceSeconds(int64_t search_id) override;
  absl::StatusOr<std::vector<EventRecord>> LoadEvents(int64_t search_id, int64_t after_sequence,
                                                      int64_t limit) override;
  absl::StatusOr<std::optional<SnapshotRecord>> LoadSnapshot(int64_t search_id) override;
  absl::StatusOr<std::vector<WorkerRecord>> LoadWorkers() override;
  absl::StatusOr<std::vector<TrialRecord>> FindTrialsOfRequest(
      const std::string& request_id) override;
  absl::StatusOr<std::optional<EvaluationRecord>> FindEvaluation(
      const std::string& identity, const std::optional<std::string>& project,
      std::optional<int64_t> search_id) override;
  absl::StatusOr<SearchRecord> GetSearch(int64_t id) override;
  absl::StatusOr<SearchRecord> GetNewestSearch(const std::string& name) override;
  absl::StatusOr<std::vector<SearchRecord>> ListSearches(int64_t before_id, int limit) override;
  absl::StatusOr<SearchTotals> GetTotals(int64_t search_id) override;
  absl::StatusOr<std::vector<TrialMetrics>> GetMetrics(
      const std::vector<int64_t>& trial_ids) override;
  absl::StatusOr<std::vector<std::string>> FindUnusedArtifacts(absl::Duration age,
                                                               int limit) override;
  absl::StatusOr<std::vector<std::string>> FindUsesOfArtifact(const std::string& sha256,
                                                              int limit) override;
  absl::StatusOr<std::vector<v1::Dataset>> ListDatasets() override;
  absl::StatusOr<std::optional<v1::Dataset>> FindDataset(const std::string& name) override;

 private:
  const std::function<absl::Time()> now_;
  mutable Mutex mutex_;
  int64_t term_ ABSL_GUARDED_BY(mutex_) = 0;
  std::string holder_ ABSL_GUARDED_BY(mutex_);  // empty: nobody
  absl::Time term_deadline_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  const std::unique_ptr<MemoryState> state_ ABSL_PT_GUARDED_BY(mutex_);
};

}  // namespace nascent::storage

#endif  // NASCENT_SERVER_STORAGE_MEMORY_STORE_H_
