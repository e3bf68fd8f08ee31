// Rows of the loading statements as records. The columns of trials come from their table
// (trial_columns.h); the order of all others is that of the statements in postgres_store.cc.

#ifndef NASCENT_SERVER_STORAGE_POSTGRES_ROWS_H_
#define NASCENT_SERVER_STORAGE_POSTGRES_ROWS_H_

#include <pqxx/pqxx>
#include <vector>

#include "absl/status/statusor.h"
#include "server/storage/records.h"

namespace nascent::storage::postgres {

// Each makes records of the rows of one kind of statement. INTERNAL: a JSON column does not hold
// what it should.
absl::StatusOr<SearchRecord> SearchIn(const pqxx::row& row);
absl::StatusOr<std::vector<SearchRecord>> SearchesIn(const pqxx::result& rows);
// Of SelectTrials.
absl::StatusOr<std::vector<TrialRecord>> TrialsIn(const pqxx::result& rows);
// Of SelectLog.
absl::StatusOr<std::vector<TrialRecord>> ProposalsIn(const pqxx::result& rows);
std::vector<TaskRecord> TasksIn(const pqxx::result& rows);
absl::StatusOr<std::vector<EventRecord>> EventsIn(const pqxx::result& rows);
SnapshotRecord SnapshotIn(const pqxx::row& row);
absl::StatusOr<std::vector<WorkerRecord>> WorkersIn(const pqxx::result& rows);
absl::StatusOr<EvaluationRecord> EvaluationIn(const pqxx::row& row);
absl::StatusOr<std::vector<TrialMetrics>> TrialMetricsIn(const pqxx::result& rows);
absl::StatusOr<v1::Dataset> DatasetIn(const pqxx::row& row);
absl::StatusOr<std::vector<v1::Dataset>> DatasetsIn(const pqxx::result& rows);

}  // namespace nascent::storage::postgres

#endif  // NASCENT_SERVER_STORAGE_POSTGRES_ROWS_H_
