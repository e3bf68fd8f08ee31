#include "server/storage/postgres/rows.h"

#include <charconv>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/escaping.h"
#include "server/storage/postgres/batch.h"
#include "server/storage/postgres/json.h"
#include "server/storage/postgres/sql_array.h"

namespace nascent::storage::postgres {
namespace {

// Walks through the columns of a row.
class Columns {
 public:
  explicit Columns(const pqxx::row& row) : next_(row.begin()) {}

  std::string_view Text() {
    const std::string_view text(next_->c_str(), next_->size());
    ++next_;
    return text;
  }
  std::string String() { return std::string(Text()); }
  int64_t Integer() {
    const std::string_view text = Text();
    int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  }
  int Int() { return static_cast<int>(Integer()); }
  double Real() {
    const std::string_view text = Text();
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  }
  bool Flag() { return Text() == "t"; }
  // The beginning of absl::Time for NULL.
  absl::Time Time() {
    if (next_->is_null()) return ++next_, absl::Time();
    return absl::FromUnixMicros(Integer());
  }
  std::optional<absl::Time> OptionalTime() {
    if (next_->is_null()) return ++next_, std::nullopt;
    return Time();
  }
  v1::Costs Costs() {
    v1::Costs costs;
    costs.set_parameters(Integer());
    costs.set_multiply_accumulates(Integer());
    costs.set_published_parameters(Integer());
    costs.set_published_multiply_accumulates(Integer());
    costs.set_activation_bytes(Integer());
    costs.set_depth(Int());
    return costs;
  }
  // The readers' sessions print bytes as \x and hexadecimal digits.
  std::string Bytes() {
    const std::string_view text = Text();
    return absl::HexStringToBytes({text.data() + 2, text.size() - 2});
  }

 private:
  pqxx::const_row_iterator next_;
};

// Parses JSON columns and keeps the first thing that went wrong. Equal texts are parsed once.
class JsonColumns {
 public:
  template <typename Message>
  Message As(std::string_view json) {
    auto& cache = CacheOf<Message>();
    const auto found = cache.find(absl::string_view(json.data(), json.size()));
    if (found != cache.end()) return found->second;
    Message message;
    if (absl::Status status = MessageFromJson(json, message); !status.ok()) {
      status_.Update(status);
    }
    cache.emplace(std::string(json), message);
    return message;
  }
  std::map<std::string, double> Metrics(std::string_view json) {
    auto metrics = MetricsFromJson(json);
    status_.Update(metrics.status());
    return metrics.ok() ? *std::move(metrics) : std::map<std::string, double>();
  }
  const absl::Status& status() const { return status_; }

 private:
  template <typename Message>
  absl::flat_hash_map<std::string, Message>& CacheOf() {
    if constexpr (std::is_same_v<Message, v1::Recipe>) {
      return recipes_;
    } else {
      return fidelities_;
    }
  }

  absl::Status status_;
  absl::flat_hash_map<std::string, v1::Recipe> recipes_;
  absl::flat_hash_map<std::string, v1::Fidelity> fidelities_;
};

// The columns with which each row of the log and of whole trials begins.
TrialRecord ProposalIn(Columns& columns, JsonColumns& json) {
  TrialRecord trial;
  trial.id = columns.Integer();
  trial.search_id = columns.Integer();
  trial.number = columns.Integer();
  trial.state = TrialStateOf(columns.Text());
  trial.failure = FailureOf(columns.Text());
  trial.genotype.ParseFromString(columns.Bytes());
  trial.fidelity = json.As<v1::Fidelity>(columns.Text());
  trial.continues = columns.Integer();
  trial.parents = IntegersOf(columns.Text().data());
  trial.reason = columns.String();
  trial.enqueued = columns.Flag();
  trial.after_event = columns.Integer();
  trial.costs = columns.Costs();
  trial.evaluation_identity = columns.String();
  trial.joined = columns.Flag();
  trial.shared_from = columns.Integer();
  trial.checkpoint = columns.String();
  trial.weights = columns.String();
  trial.evaluator = columns.String();
  return trial;
}

TrialRecord ProposalIn(const pqxx::row& row, JsonColumns& json) {
  Columns columns(row);
  return ProposalIn(columns, json);
}

TrialRecord TrialIn(const pqxx::row& row, JsonColumns& json) {
  Columns columns(row);
  TrialRecord trial = ProposalIn(columns, json);
  const bool leased = columns.Flag();
  if (leased && trial.state == v1::TRIAL_STATE_READY) trial.state = v1::TRIAL_STATE_LEASED;
  trial.error = columns.String();
  trial.attempt = columns.Int();
  trial.worker = columns.String();
  trial.key = columns.String();
  trial.key_version = columns.Int();
  trial.notation = columns.String();
  trial.recipe = json.As<v1::Recipe>(columns.Text());
  trial.created_at = columns.Time();
  trial.finished_at = columns.OptionalTime();
  trial.metrics = json.Metrics(columns.Text());
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
  return search;
}

absl::StatusOr<std::vector<SearchRecord>> SearchesIn(const pqxx::result& rows) {
  std::vector<SearchRecord> searches;
  for (const pqxx::row& row : rows) {
    auto search = SearchIn(row);
    if (!search.ok()) return search.status();
    searches.push_back(*std::move(search));
  }
  return searches;
}

absl::StatusOr<std::vector<TrialRecord>> TrialsIn(const pqxx::result& rows) {
  std::vector<TrialRecord> trials;
  trials.reserve(rows.size());
  JsonColumns json;
  for (const pqxx::row& row : rows) trials.push_back(TrialIn(row, json));
  if (!json.status().ok()) return json.status();
  return trials;
}

absl::StatusOr<std::vector<TrialRecord>> ProposalsIn(const pqxx::result& rows) {
  std::vector<TrialRecord> proposals;
  proposals.reserve(rows.size());
  JsonColumns json;
  for (const pqxx::row& row : rows) proposals.push_back(ProposalIn(row, json));
  if (!json.status().ok()) return json.status();
  return proposals;
}

absl::StatusOr<v1::Dataset> DatasetIn(const pqxx::row& row) {
  Columns columns(row);
  v1::Dataset dataset;
  absl::Status status = MessageFromJson(columns.Text(), dataset);
  if (!status.ok()) return status;
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
    absl::Status status = MessageFromJson(columns.Text(), worker.registration);
    if (!status.ok()) return status;
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
    auto dataset = DatasetIn(row);
    if (!dataset.ok()) return dataset.status();
    datasets.push_back(*std::move(dataset));
  }
  return datasets;
}

}  // namespace nascent::storage::postgres
