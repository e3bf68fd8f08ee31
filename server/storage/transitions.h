// Everything that can change in the store. A transition carries what it presumes (task, attempt);
// the statement that stores it checks that in SQL.
//
// How a repetition is known: CreateSearch, ChangeSearchState, DeleteSearch, PutDataset and
// RemoveDataset by their request id, for ever; AddTrial by (request id, index) or (search, number);
// GrantLease by its request id; FinishAttempt and ReturnAttempt by their request id on the attempt
// that it ended; all others are the same when done twice, but that a log takes each event once: a
// renewal with the same events again is ALREADY_EXISTS. Strings are UTF-8 without NUL
// (INVALID_ARGUMENT).

#ifndef NASCENT_SERVER_STORAGE_TRANSITIONS_H_
#define NASCENT_SERVER_STORAGE_TRANSITIONS_H_

#include <string>
#include <variant>
#include <vector>

#include "server/storage/records.h"

namespace nascent::storage {

// --- searches ---
struct CreateSearch {
  std::string request_id;
  SearchRecord search;  // id is given by the store
};
// A search that is RUNNING becomes PAUSED, FINISHING or COMPLETED, one that is PAUSED becomes
// RUNNING, one that is FINISHING becomes COMPLETED, and each of them becomes CANCELLED or FAILED. A
// change to the state that it has changes nothing; every other one is FAILED_PRECONDITION.
struct ChangeSearchState {
  std::string request_id;  // empty: the engine's own
  int64_t search_id = 0;
  v1::SearchState to = v1::SEARCH_STATE_UNSPECIFIED;
  std::string reason;
};
// Removes a search that has ended with its trials, tasks, attempts, measurements and events.
// Evaluations that trials of other searches refer to stay. FAILED_PRECONDITION: it has not ended.
struct DeleteSearch {
  std::string request_id;
  int64_t search_id = 0;
};
// A proposal becomes a trial with a train task; with `shared_from` it is SHARED at once, with
// `joined` it has no task, see trial_life.h. FAILED_PRECONDITION: the search has ended;
// ALREADY_EXISTS: another trial has the number.
struct AddTrial {
  std::string request_id;  // of EnqueueGenotypes, else empty
  int request_index = 0;   // position within that request
  TrialRecord trial;       // id is given by the store; search_id and number are set
  bool joined = false;
  std::vector<EventRecord> events;  // of a trial that is SHARED at once
};
// With `evaluation` a READY trial becomes SHARED: it gets the result of its twin, and its train
// task, where it has one, is finished. Without it a READY trial that was added as `joined` gets a
// train task. FAILED_PRECONDITION: the trial is not READY, or without `evaluation` not `joined`.
struct ResolveJoined {
  int64_t trial_id = 0;
  std::optional<EvaluationRecord> evaluation;
  std::vector<EventRecord> events;  // with `evaluation`
};
// A winner gets the task of a final test. There is one for each seed that it is trained again with:
// one that is there is found and not added. FAILED_PRECONDITION: the trial has no result.
struct AddFinalTask {
  int64_t trial_id = 0;
  int64_t seed_offset = 0;  // added to the recipe's seed
};
// A search has one snapshot of its strategy: this one replaces the last.
struct PutSnapshot {
  int64_t search_id = 0;
  SnapshotRecord snapshot;
};

// --- workers ---
struct RegisterWorker {
  v1::RegisterRequest registration;  // a name that is known keeps its id
};

// --- attempts ---
struct GrantLease {
  std::string request_id;
  int64_t task_id = 0;
  int attempt = 0;  // the new number: the last one plus 1
  int64_t worker_id = 0;
  int slot = 0;
  absl::Duration duration;
  std::string evaluator;  // the worker's
  // Of what the attempt makes, when it trains; empty: the trial's.
  std::string evaluation_identity;
};
struct AttemptId {
  int64_t task_id = 0;
  int attempt = 0;
};
struct RenewLease {
  std::string request_id;
  AttemptId attempt;
  absl::Duration duration;
  std::vector<v1::Measurement> measurements;
  double progress = 0;
  // The strategy's event for an epoch that ended with these measurements; sequence is the engine's.
  std::vector<EventRecord> events;
};
// Ends an attempt and its task. Where that is the train task, the trial ends too, as `state`,
// `failure` and `error` say, and its result is stored as an evaluation, which other trials may use,
// when it SUCCEEDED or FAILED as diverged. ALREADY_EXISTS: another request has ended the attempt.
struct FinishAttempt {
  std::string request_id;
  AttemptId attempt;
  v1::TrialState state = v1::TRIAL_STATE_SUCCEEDED;  // or STOPPED, FAILED, CANCELLED
  v1::FailureKind failure = v1::FAILURE_KIND_UNSPECIFIED;
  std::string error;
  std::vector<v1::Measurement> measurements;
  std::string checkpoint;
  std::vector<EventRecord> events;
};
// Ends an attempt and leaves its task open, so that it can be leased again. ALREADY_EXISTS: another
// request has ended the attempt.
struct ReturnAttempt {
  enum class How { kExpired, kReleased, kCrashed };
  std::string request_id;
  AttemptId attempt;
  How how = How::kReleased;
  bool charged = false;
  v1::FailureKind failure = v1::FAILURE_KIND_UNSPECIFIED;
  std::string error;
  std::string checkpoint;
  std::vector<v1::Measurement> measurements;
};
// A trial that has no running attempt ends (cancelled with its search; poison after an expiry), and
// its open tasks with it. FAILED_PRECONDITION: an attempt runs, or the trial has ended otherwise.
struct EndTrial {
  int64_t trial_id = 0;
  v1::TrialState state = v1::TRIAL_STATE_CANCELLED;
  v1::FailureKind failure = v1::FAILURE_KIND_UNSPECIFIED;
  std::string error;
  std::vector<EventRecord> events;
};
// Stores which artifact holds the weights of a trial's result. FAILED_PRECONDITION (FENCED): the
// attempt is not the one that made the result.
struct SetWeights {
  std::string request_id;
  int64_t trial_id = 0;
  int attempt = 0;
  std::string sha256;  // empty: forget them
};

// --- artifacts ---
struct PutArtifact {
  std::string sha256;
  int64_t size = 0;
};
// Removes what is known of an artifact. FAILED_PRECONDITION: something names it, see
// TrialStore::FindUnusedArtifacts.
struct RemoveArtifact {
  std::string sha256;
};
struct PutDataset {
  std::string request_id;
  v1::Dataset dataset;  // with fingerprint
};
// FAILED_PRECONDITION: a search that has not ended names it.
struct RemoveDataset {
  std::string request_id;
  std::string name;
};

using Transition = std::variant<CreateSearch, ChangeSearchState, DeleteSearch, AddTrial,
                                ResolveJoined, AddFinalTask, PutSnapshot, RegisterWorker,
                                GrantLease, RenewLease, FinishAttempt, ReturnAttempt, EndTrial,
                                SetWeights, PutArtifact, RemoveArtifact, PutDataset, RemoveDataset>;

}  // namespace nascent::storage

#endif  // NASCENT_SERVER_STORAGE_TRANSITIONS_H_
