// The tables of MemoryStore and what each transition does to them, which stands in
// memory_searches.cc, memory_trials.cc and memory_attempts.cc. Private to the in-memory store.

#ifndef NASCENT_SERVER_STORAGE_MEMORY_STATE_H_
#define NASCENT_SERVER_STORAGE_MEMORY_STATE_H_

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/storage/records.h"
#include "server/storage/trial_store.h"

namespace nascent::storage {

// Not thread-safe. One method per transition and one per question of TrialStore: hence its length.
class MemoryState {
 public:
  // Carries out one transition at `now`; a failed one changes nothing.
  Outcome Apply(const Transition& transition, absl::Time now);

  // These answer the loading methods of TrialStore; nullptr or nothing where there is no such
  // thing.
  const SearchRecord* FindSearch(int64_t id) const;
  std::vector<SearchRecord> Searches() const;  // by id
  std::optional<int64_t> NewestSearch(const std::string& name) const;
  std::vector<TaskRecord> FindOpenTasks(int64_t search_id) const;
  std::vector<TrialRecord> FindTrials(int64_t search_id, int64_t after_number, int64_t limit) const;
  std::vector<EventRecord> FindEvents(int64_t search_id, int64_t after_sequence,
                                      int64_t limit) const;
  std::optional<SnapshotRecord> FindSnapshot(int64_t search_id) const;
  std::vector<WorkerRecord> FindWorkers() const;
  std::vector<TrialRecord> FindTrialsOfRequest(const std::string& request_id) const;
  std::optional<EvaluationRecord> FindEvaluation(const std::string& identity,
                                                 const std::optional<std::string>& project,
                                                 std::optional<int64_t> search_id) const;
  SearchTotals FindTotals(int64_t search_id, absl::Time now) const;
  std::optional<TrialMetrics> FindMetrics(int64_t trial_id) const;
  std::vector<std::string> FindUnusedArtifacts(absl::Time put_before, int limit) const;
  std::vector<std::string> FindUsesOfArtifact(const std::string& sha256, int limit) const;
  std::vector<v1::Dataset> FindDatasets() const;
  std::optional<v1::Dataset> FindDataset(const std::string& name) const;

 private:
  enum class AttemptState { kRunning, kReported, kEnded };

  struct Attempt {
    AttemptState state = AttemptState::kRunning;
    std::string lease_request_id;
    std::string end_request_id;
    std::string_view how;  // the way it ended, for people
    int64_t worker_id = 0;
    absl::Time leased_at;
    absl::Time deadline;
    std::string evaluator;
    std::string evaluation_identity;
  };
  struct Task {
    TaskRecord record;
    bool finished = false;
    std::vector<Attempt> attempts;
  };
  struct Trial {
    TrialRecord record;
    int64_t train_task = 0;
    std::vector<int64_t> final_tasks;
  };
  struct Search {
    SearchRecord record;
    absl::btree_map<int64_t, int64_t> trials;  // number → id
    absl::btree_map<int64_t, EventRecord> events;
    absl::btree_set<int64_t> open_tasks;
    std::optional<SnapshotRecord> snapshot;
    double device_seconds = 0;  // of ended attempts
  };
  struct Evaluation {
    EvaluationRecord record;
    std::string project;
  };
  struct Request {
    std::string used_for;
    Outcome outcome;
  };

  Outcome Do(const CreateSearch& t);
  Outcome Do(const ChangeSearchState& t);
  Outcome Do(const DeleteSearch& t);
  Outcome Do(const AddTrial& t);
  Outcome Do(const ResolveJoined& t);
  Outcome Do(const AddFinalTask& t);
  Outcome Do(const PutSnapshot& t);
  Outcome Do(const RegisterWorker& t);
  Outcome Do(const GrantLease& t);
  Outcome Do(const RenewLease& t);
  Outcome Do(const FinishAttempt& t);
  Outcome Do(const ReturnAttempt& t);
  Outcome Do(const EndTrial& t);
  Outcome Do(const SetWeights& t);
  Outcome Do(const PutArtifact& t);
  Outcome Do(const RemoveArtifact& t);
  Outcome Do(const PutDataset& t);
  Outcome Do(const RemoveDataset& t);

  static Outcome Refuse(absl::Status status);
  // Returns the first answer to a request; nullopt where the request is new or has no id.
  std::optional<Outcome> Seen(const std::string& request_id, const std::string& used_for) const;
  Outcome Remember(const std::string& request_id, const std::string& used_for, Outcome outcome);
  // Returns the running attempt, or says why there is none.
  absl::StatusOr<std::pair<Task*, Attempt*>> Running(const AttemptId& id);
  // Does as Running, for a request that ends the attempt; where that has ended already, `seen` says
  // what the request gets.
  absl::StatusOr<std::pair<Task*, Attempt*>> Ending(const AttemptId& id,
                                                    const std::string& request_id, Outcome* seen);
  absl::Status EventsAreNew(int64_t search_id, const std::vector<EventRecord>& events) const;
  void AddEvents(int64_t search_id, const std::vector<EventRecord>& events);
  int64_t AddTask(const Trial& trial, v1::TaskKind kind, int64_t seed_offset);
  void EndAttempt(Task& task, Attempt& attempt, AttemptState state, std::string_view how,
                  const std::string& request_id);
  void FinishTask(Task& task);
  void StoreEvaluation(const TrialRecord& trial);
  absl::flat_hash_set<std::string> UsedArtifacts() const;

  absl::Time now_;
  int64_t last_search_ = 0;
  int64_t last_trial_ = 0;
  int64_t last_task_ = 0;
  absl::btree_map<int64_t, Search> searches_;
  absl::flat_hash_map<int64_t, Trial> trials_;
  absl::flat_hash_map<int64_t, Task> tasks_;
  absl::flat_hash_map<int64_t, Evaluation> evaluations_;  // by the trial that made it
  absl::flat_hash_map<std::string, absl::btree_set<int64_t>> evaluations_by_identity_;
  absl::btree_map<int64_t, WorkerRecord> workers_;
  absl::flat_hash_map<std::string, int64_t> worker_ids_;
  absl::flat_hash_map<std::string, int64_t> leases_by_request_;  // → task
  absl::btree_map<std::pair<std::string, int>, int64_t> trials_by_request_;
  absl::flat_hash_map<std::string, Request> requests_;
  absl::btree_map<std::string, absl::Time> artifacts_;  // put when
  absl::btree_map<std::string, v1::Dataset> datasets_;
};

}  // namespace nascent::storage

#endif  // NASCENT_SERVER_STORAGE_MEMORY_STATE_H_
