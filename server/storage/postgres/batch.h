// A batch of transitions on its way into one transaction. Private to postgres/.

#ifndef NASCENT_SERVER_STORAGE_POSTGRES_BATCH_H_
#define NASCENT_SERVER_STORAGE_POSTGRES_BATCH_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/storage/postgres/json.h"
#include "server/storage/postgres/sql_array.h"
#include "server/storage/postgres/transaction.h"
#include "server/storage/trial_store.h"

namespace nascent::storage::postgres {

// Rows that any transition may bring; stored once, at the end of a batch.
struct MeasurementRows {
  SqlArray task_id, attempt, step, metric, epoch, value;
  void Add(const AttemptId& of, const std::vector<v1::Measurement>& measurements);
};
struct EventRows {
  SqlArray search_id, sequence, kind, trial_number, epoch, state, failure, metrics, seconds;
  void Add(int64_t of_search, const std::vector<EventRecord>& events);
};

// When each worker was last marked as seen, so that not every renewal writes it.
using SeenWorkers = absl::flat_hash_map<int64_t, absl::Time>;

// What the functions below share. They fill outcomes[i] for each item i; an SQL error is thrown and
// ends the transaction, or the savepoint of the one item.
struct Batch {
  Transaction& transaction;
  const std::vector<Transition>& transitions;
  std::vector<Outcome>& outcomes;
  MessageJsonCache& json;
  SeenWorkers& seen;
  MeasurementRows measurements;
  EventRows events;
  std::vector<int64_t> active_workers;

  template <typename T>
  const T& Get(size_t item) const {
    return std::get<T>(transitions[item]);
  }
};

using Items = std::vector<size_t>;

// The hot path: one statement for all items, which are of one kind and touch different things, save
// that a lease may be renewed more than once.
void ApplyTrials(Batch& batch, const Items& items);
void ApplyGrants(Batch& batch, const Items& items);
void ApplyRenewals(Batch& batch, const Items& items);
void ApplyFinishes(Batch& batch, const Items& items);

// One item at a time.
void Apply(Batch& batch, const CreateSearch& t, Outcome& outcome);
void Apply(Batch& batch, const ChangeSearchState& t, Outcome& outcome);
void Apply(Batch& batch, const DeleteSearch& t, Outcome& outcome);
void Apply(Batch& batch, const ResolveJoined& t, Outcome& outcome);
void Apply(Batch& batch, const AddFinalTask& t, Outcome& outcome);
void Apply(Batch& batch, const PutSnapshot& t, Outcome& outcome);
void Apply(Batch& batch, const RegisterWorker& t, Outcome& outcome);
void Apply(Batch& batch, const ReturnAttempt& t, Outcome& outcome);
void Apply(Batch& batch, const EndTrial& t, Outcome& outcome);
void Apply(Batch& batch, const SetWeights& t, Outcome& outcome);
void Apply(Batch& batch, const PutArtifact& t, Outcome& outcome);
void Apply(Batch& batch, const RemoveArtifact& t, Outcome& outcome);
void Apply(Batch& batch, const PutDataset& t, Outcome& outcome);
void Apply(Batch& batch, const RemoveDataset& t, Outcome& outcome);

// Stores the collected measurements and events, and marks workers as seen.
void StoreRows(Batch& batch);

// For a request that changes something and has no natural key: the first answer, if it was seen.
bool Replayed(Batch& batch, const std::string& request_id, const std::string& used_for,
              Outcome& outcome);
void Remember(Batch& batch, const std::string& request_id, const std::string& used_for,
              const Outcome& outcome);

// Why a write by an attempt found no running one: fills the outcome and keeps fenced reports.
struct RefusedReport {
  AttemptId attempt;
  std::string
      request_id;  // of a request that ends the attempt: a repetition is answered as the first
  std::string_view kind;  // of fenced_reports
  std::string report;     // JSON
};
void ExplainRefusal(Batch& batch, const RefusedReport& report, Outcome& outcome);
// Into fenced_reports.
void KeepAsEvidence(Batch& batch, const RefusedReport& report);

// Makes a parameter that is NULL for an empty text.
const char* OrNull(std::string_view text);

// Names of the tables' columns: "" for unset, as NULL in SQL.
std::string_view FailureName(v1::FailureKind kind);
v1::SearchState SearchStateOf(std::string_view name);
v1::TrialState TrialStateOf(std::string_view name);
v1::FailureKind FailureOf(std::string_view name);
v1::TaskKind TaskKindOf(std::string_view name);

}  // namespace nascent::storage::postgres

#endif  // NASCENT_SERVER_STORAGE_POSTGRES_BATCH_H_
