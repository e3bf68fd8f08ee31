#include "server/storage/postgres/rows.h"

#include <string>

#include "common/status_macros.h"
#include "server/storage/postgres/batch.h"
#include "server/storage/postgres/columns.h"
#include "server/storage/postgres/json.h"
#include "server/storage/postgres/sql_array.h"
#include "server/storage/postgres/trial_columns.h"

namespace nascent::storage::postgres {
namespace {

TrialRecord TrialIn(const pqxx::row& row, TrialColumn::Loaded with, JsonColumns& json) {
  Columns columns(row);
  TrialRecord trial;
  for (const TrialColumn& column : TrialColumns()) {
    if (column.load != nullptr && column.loaded <= with) column.load(columns, json, trial);
  }
  return trial;
}

TaskRecord TaskIn(const pqxx::row& row) {
  Columns columns(row);
  TaskRecord task;
  task.id = columns.Integer();
  task.trial_id = columns.Integer();
  task.search_id = columns.Integer();
  task.kind = TaskKindOf(columns.Text());
  task.attempt = columns.Int();
  task.charged = columns.Int();
  task.leased = columns.Flag();
  task.worker_id = columns.Integer();
  task.slot = columns.Int();
  task.leased_at = columns.Time();
  task.deadline = columns.Time();
  task.checkpoint = columns.String();
  task.lease_request_id = columns.String();
  task.seed_offset = columns.Integer();
  task.evaluator = columns.String();
  task.checkpoint_evaluator = columns.String();
  return task;
}

EventRecord EventIn(const pqxx::row& row, JsonColumns& json) {
  Columns columns(row);
  EventRecord event;
  event.sequence = columns.Integer();
  event.kind =
      columns.Text() == "MEASURED" ? EventRecord::Kind::kMeasured : EventRecord::Kind::kFinished;
  event.trial_number = columns.Integer();
  event.epoch = columns.Int();
  event.state = TrialStateOf(columns.Text());
  event.failure = FailureOf(columns.Text());
  event.metrics = json.Metrics(columns.Text());
  event.seconds = columns.Real();
  return event;
}

}  // namespace

absl::StatusOr<SearchRecord> SearchIn(const pqxx::row& row) {
  Columns columns(row);
  SearchRecord search;
  search.id = columns.Integer();
  absl::Status status = MessageFromJson(columns.Text(), search.spec);
  if (!status.ok()) return status;
  search.state = SearchStateOf(columns.Text());
  search.state_reason = columns.String();
  search.created_at = columns.Time();
  search.finished_at = columns.OptionalTime();
  search.space_size = columns.String();
  search.warnings = TextsOf(columns.Text().data());
  // Null: older than the column.
  google::protobuf::ListValue decisions;
  const std::string_view list = columns.Text();
  if (!list.empty()) status = MessageFromJson(list, decisions);
  for (const google::protobuf::Value& value : decisions.values()) {
    v1::SearchDecision& decision = search.decisions.emplace_back();
    const auto one = MessageJson(value);
    status.Update(one.ok() ? MessageFromJson(*one, decision) : one.status());
  }
  if (!status.ok()) return status;
  return search;
}

absl::StatusOr<std::vector<SearchRecord>> SearchesIn(const pqxx::result& rows) {
  std::vector<SearchRecord> searches;
  for (const pqxx::row& row : rows) {
    NASCENT_ASSIGN_OR_RETURN(auto search, SearchIn(row));
    searches.push_back(std::move(search));
  }
  return searches;
}

absl::StatusOr<std::vector<TrialRecord>> TrialsIn(const pqxx::result& rows) {
  std::vector<TrialRecord> trials;
  trials.reserve(rows.size());
  JsonColumns json;
  for (const pqxx::row& row : rows) {
    trials.push_back(TrialIn(row, TrialColumn::Loaded::kWithWholeTrials, json));
  }
  if (!json.status().ok()) return json.status();
  return trials;
}

absl::StatusOr<std::vector<TrialRecord>> ProposalsIn(const pqxx::result& rows) {
  std::vector<TrialRecord> proposals;
  proposals.reserve(rows.size());
  JsonColumns json;
  for (const pqxx::row& row : rows) {
    proposals.push_back(TrialIn(row, TrialColumn::Loaded::kWithTheLog, json));
  }
  if (!json.status().ok()) return json.status();
  return proposals;
}

absl::StatusOr<v1::Dataset> DatasetIn(const pqxx::row& row) {
  Columns columns(row);
  v1::Dataset dataset;
  NASCENT_RETURN_IF_ERROR(MessageFromJson(columns.Text(), dataset));
  const int64_t micros = columns.Integer();
  dataset.mutable_created_at()->set_seconds(micros / 1'000'000);
  dataset.mutable_created_at()->set_nanos(static_cast<int32_t>(micros % 1'000'000) * 1'000);
  return dataset;
}

std::vector<TaskRecord> TasksIn(const pqxx::result& rows) {
  std::vector<TaskRecord> tasks;
  for (const pqxx::row& row : rows) tasks.push_back(TaskIn(row));
  return tasks;
}

absl::StatusOr<std::vector<EventRecord>> EventsIn(const pqxx::result& rows) {
  std::vector<EventRecord> events;
  events.reserve(rows.size());
  JsonColumns json;
  for (const pqxx::row& row : rows) events.push_back(EventIn(row, json));
  if (!json.status().ok()) return json.status();
  return events;
}

SnapshotRecord SnapshotIn(const pqxx::row& row) {
  Columns columns(row);
  SnapshotRecord snapshot;
  snapshot.after_event = columns.Integer();
  snapshot.after_trial = columns.Integer();
  snapshot.bytes = columns.Bytes();
  return snapshot;
}

absl::StatusOr<std::vector<WorkerRecord>> WorkersIn(const pqxx::result& rows) {
  std::vector<WorkerRecord> workers;
  for (const pqxx::row& row : rows) {
    Columns columns(row);
    WorkerRecord worker;
    worker.id = columns.Integer();
    worker.name = columns.String();
    NASCENT_RETURN_IF_ERROR(MessageFromJson(columns.Text(), worker.registration));
    worker.registered_at = columns.Time();
    worker.last_seen_at = columns.Time();
    workers.push_back(std::move(worker));
  }
  return workers;
}

absl::StatusOr<EvaluationRecord> EvaluationIn(const pqxx::row& row) {
  Columns columns(row);
  JsonColumns json;
  EvaluationRecord evaluation;
  evaluation.identity = columns.String();
  evaluation.trial_id = columns.Integer();
  evaluation.search_id = columns.Integer();
  evaluation.state = TrialStateOf(columns.Text());
  evaluation.failure = FailureOf(columns.Text());
  evaluation.metrics = json.Metrics(columns.Text());
  evaluation.weights = columns.String();
  evaluation.evaluator = columns.String();
  if (!json.status().ok()) return json.status();
  return evaluation;
}

absl::StatusOr<std::vector<TrialMetrics>> TrialMetricsIn(const pqxx::result& rows) {
  std::vector<TrialMetrics> result;
  JsonColumns json;
  for (const pqxx::row& row : rows) {
    Columns columns(row);
    const int64_t id = columns.Integer();
    result.push_back({id, json.Metrics(columns.Text())});
  }
  if (!json.status().ok()) return json.status();
  return result;
}

absl::StatusOr<std::vector<v1::Dataset>> DatasetsIn(const pqxx::result& rows) {
  std::vector<v1::Dataset> datasets;
  for (const pqxx::row& row : rows) {
    NASCENT_ASSIGN_OR_RETURN(auto dataset, DatasetIn(row));
    datasets.push_back(std::move(dataset));
  }
  return datasets;
}

}  // namespace nascent::storage::postgres
