// The TrialStore of the service: PostgreSQL.

#ifndef NASCENT_SERVER_STORAGE_POSTGRES_STORE_H_
#define NASCENT_SERVER_STORAGE_POSTGRES_STORE_H_

#include <memory>
#include <string>
#include <vector>

#include "server/storage/trial_store.h"

namespace nascent::storage {

// Needs the schema that Migrate makes. Apply calls wait for each other: whoever has many
// transitions sends them together. Apply finds out by itself whether a commit whose answer was lost
// took place; it answers UNKNOWN only when the database stays away.
class PostgresStore : public TrialStore {
 public:
  struct Options {
    std::string url;        // as libpq takes it: postgresql://… or key=value …
    int read_sessions = 4;  // at most; writes have two of their own
    // With a free session and with a statement; with a lock four fifths of it. A server that says
    // nothing for a second longer is taken for one that is gone.
    absl::Duration patience = absl::Seconds(10);
  };

  // Connects at the first call, not here.
  explicit PostgresStore(const Options& options);
  explicit PostgresStore(const std::string& url) : PostgresStore(Options{.url = url}) {}
  ~PostgresStore() override;

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
  absl::StatusOr<std::vector<TrialMeasurement>> LoadMeasurements(
      int64_t search_id, int64_t after_number, int64_t last_number,
      const std::string& metric) override;
  absl::StatusOr<std::vector<TrialMetrics>> GetMetrics(
      const std::vector<int64_t>& trial_ids) override;
  absl::StatusOr<std::vector<std::string>> FindUnusedArtifacts(absl::Duration age,
                                                               int limit) override;
  absl::StatusOr<std::vector<std::string>> FindUsesOfArtifact(const std::string& sha256,
                                                              int limit) override;
  absl::StatusOr<std::vector<v1::Dataset>> ListDatasets() override;
  absl::StatusOr<std::optional<v1::Dataset>> FindDataset(const std::string& name) override;

 private:
  struct Implementation;
  const std::unique_ptr<Implementation> implementation_;
};

}  // namespace nascent::storage

#endif  // NASCENT_SERVER_STORAGE_POSTGRES_STORE_H_
