// The history of all searches: PostgreSQL in the service, memory in simulations and tests. Both
// pass trial_store_conformance.

#ifndef NASCENT_SERVER_STORAGE_TRIAL_STORE_H_
#define NASCENT_SERVER_STORAGE_TRIAL_STORE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/storage/records.h"
#include "server/storage/transitions.h"

namespace nascent::storage {

// What Apply answers for one transition.
struct Outcome {
  // FAILED_PRECONDITION with "FENCED" in its message for a write whose attempt is not the task's
  // current one, or of no task; NOT_FOUND for other unknown ids; ALREADY_EXISTS for a different
  // write of the same thing.
  absl::Status status;
  int64_t id = 0;         // of what was created; of a replayed lease: the task
  int64_t task_id = 0;    // of the task that came with it (AddTrial, ResolveJoined, AddFinalTask)
  absl::Time deadline;    // of a lease granted or renewed
  bool replayed = false;  // the request id was seen before: the fields above are the first answer
};

// Thread-safe; calls block until the store has answered. All times are those of the store's clock,
// which is the database's, or for a store in memory the one that it was made with. Every method may
// fail with UNAVAILABLE (the database is away, nothing was done), and Apply also with ABORTED (the
// term is not the current one, or retries are used up; nothing was done) and UNKNOWN (it could not
// be learned whether the commit took place).
class TrialStore {
 public:
  virtual ~TrialStore() = default;

  // Makes `holder` the active coordinator, or lets it stay so, where the term is free, has run out,
  // or is held by `holder` itself or by one whose session is gone. Returns the term, which rises
  // with each new holder. FAILED_PRECONDITION names who holds it until when.
  virtual absl::StatusOr<Term> AcquireTerm(const std::string& holder, absl::Duration duration) = 0;
  // Gives the term up at once, so that a standby need not wait for its end.
  virtual absl::Status ReleaseTerm(int64_t term) = 0;

  // Carries out all transitions in one transaction, in order, under `term`. A transition that fails
  // changes nothing and does not stop the others. One outcome per transition.
  virtual absl::StatusOr<std::vector<Outcome>> Apply(
      int64_t term, const std::vector<Transition>& transitions) = 0;

  // Returns the time of the database, by which all deadlines are judged.
  virtual absl::StatusOr<absl::Time> Now() = 0;

  // --- what a coordinator loads when it takes over ---

  // Returns every search that has not ended, by id: just what says which to take up first.
  virtual absl::StatusOr<std::vector<OpenSearch>> ListOpenSearches() = 0;
  // Returns the tasks that are not finished, with the current attempt where one runs.
  virtual absl::StatusOr<std::vector<TaskRecord>> LoadOpenTasks(int64_t search_id) = 0;
  // Returns at most `limit` proposals of the search's log, those after `after_number` in the order
  // of their numbers. A proposal is a trial without what takes other tables or much room and is not
  // for strategies: error, attempt, worker, key, notation, recipe, metrics and times. One that runs
  // is READY.
  virtual absl::StatusOr<std::vector<TrialRecord>> LoadProposals(int64_t search_id,
                                                                 int64_t after_number,
                                                                 int64_t limit) = 0;
  // Returns at most `limit` events of the search's log, those after `after_sequence` in the order
  // of their sequence.
  virtual absl::StatusOr<std::vector<EventRecord>> LoadEvents(int64_t search_id,
                                                              int64_t after_sequence,
                                                              int64_t limit) = 0;
  // Returns the last snapshot of the search's strategy; nothing where none was put.
  virtual absl::StatusOr<std::optional<SnapshotRecord>> LoadSnapshot(int64_t search_id) = 0;
  // Returns the trials with these numbers, whole, in the order of the numbers.
  virtual absl::StatusOr<std::vector<TrialRecord>> FindTrials(
      int64_t search_id, const std::vector<int64_t>& numbers) = 0;
  // Returns for how many seconds the search has held slots: the sum over all of its attempts, of
  // which one that runs counts up to now.
  virtual absl::StatusOr<double> GetDeviceSeconds(int64_t search_id) = 0;
  // Returns all workers that ever registered. `last_seen_at` is exact to five seconds.
  virtual absl::StatusOr<std::vector<WorkerRecord>> LoadWorkers() = 0;
  // Returns the trials that AddTrial made for this request id, in the order of their indices; none
  // where the request was never seen.
  virtual absl::StatusOr<std::vector<TrialRecord>> FindTrialsOfRequest(
      const std::string& request_id) = 0;

  // Returns an evaluation with this identity that may be shared; nothing when there is none.
  // `project` and `search_id` limit where it may come from.
  virtual absl::StatusOr<std::optional<EvaluationRecord>> FindEvaluation(
      const std::string& identity, const std::optional<std::string>& project,
      std::optional<int64_t> search_id) = 0;

  // --- what users see ---

  // Returns the search with this id. NOT_FOUND: there is none.
  virtual absl::StatusOr<SearchRecord> GetSearch(int64_t id) = 0;
  // Returns the search that was created last of those with this name. NOT_FOUND: there is none.
  virtual absl::StatusOr<SearchRecord> GetNewestSearch(const std::string& name) = 0;
  // Returns at most `limit` searches, the newest first: those with an id below `before_id`, or all
  // where that is 0.
  virtual absl::StatusOr<std::vector<SearchRecord>> ListSearches(int64_t before_id, int limit) = 0;
  // Returns whole trials in the order of their numbers.
  virtual absl::StatusOr<std::vector<TrialRecord>> LoadTrials(int64_t search_id,
                                                              int64_t after_number,
                                                              int64_t limit) = 0;
  // Returns how many trials of the search are in each state, and its GetDeviceSeconds.
  virtual absl::StatusOr<SearchTotals> GetTotals(int64_t search_id) = 0;
  // Returns the last value of each metric of each of these trials.
  virtual absl::StatusOr<std::vector<TrialMetrics>> GetMetrics(
      const std::vector<int64_t>& trial_ids) = 0;

  // Returns what the training of trials with numbers of (after_number, last_number] measured and no
  // later attempt measured again, of a SHARED one what the trial measured that made its evaluation;
  // by number, step and metric. `metric` empty: all. A store that keeps none has none.
  virtual absl::StatusOr<std::vector<TrialMeasurement>> LoadMeasurements(
      int64_t /*search_id*/, int64_t /*after_number*/, int64_t /*last_number*/,
      const std::string& /*metric*/) {
    return std::vector<TrialMeasurement>();
  }

  // Returns at most `limit` artifacts that were put at least `age` ago and that nothing names: no
  // data set, no trial or evaluation (checkpoint, weights), no task. A store that keeps no
  // artifacts returns nothing.
  virtual absl::StatusOr<std::vector<std::string>> FindUnusedArtifacts(absl::Duration /*age*/,
                                                                       int /*limit*/) {
    return std::vector<std::string>();
  }
  // Returns what names an artifact, for people, at most `limit` entries: "data set tiny", "weights
  // of trial 5 of search 3". A store that keeps no artifacts returns nothing.
  virtual absl::StatusOr<std::vector<std::string>> FindUsesOfArtifact(const std::string& /*sha256*/,
                                                                      int /*limit*/) {
    return std::vector<std::string>();
  }
  virtual absl::StatusOr<std::vector<v1::Dataset>> ListDatasets() = 0;
  virtual absl::StatusOr<std::optional<v1::Dataset>> FindDataset(const std::string& name) = 0;
};

}  // namespace nascent::storage

#endif  // NASCENT_SERVER_STORAGE_TRIAL_STORE_H_
