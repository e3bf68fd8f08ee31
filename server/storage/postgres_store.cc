#include "server/storage/postgres_store.h"

#include <charconv>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "server/storage/outcomes.h"
#include "server/storage/postgres/batch.h"
#include "server/storage/postgres/writer.h"

namespace nascent::storage {
namespace {

using postgres::RunTransaction;
using postgres::Statement;
using postgres::Transaction;

constexpr char kReaderSetup[] =
    "SET timezone = 'UTC'; SET default_transaction_read_only = on;"
    " SET idle_in_transaction_session_timeout = '60s'";

constexpr Statement kNow = {"now", "SELECT nascent.microseconds(nascent.now())"};

#define NASCENT_SEARCH_COLUMNS                                                         \
  "SELECT s.id, s.spec, s.state, s.state_reason, nascent.microseconds(s.created_at), " \
  "nascent.microseconds(s.finished_at), s.space_size, s.warnings FROM nascent.searches AS s "

constexpr Statement kActiveSearches = {
    "active_searches", NASCENT_SEARCH_COLUMNS "WHERE s.finished_at IS NULL ORDER BY s.id"};
constexpr Statement kSearchById = {"search_by_id", NASCENT_SEARCH_COLUMNS "WHERE s.id = $1"};
constexpr Statement kNewestSearch = {
    "newest_search", NASCENT_SEARCH_COLUMNS "WHERE s.name = $1 ORDER BY s.id DESC LIMIT 1"};
constexpr Statement kListSearches = {
    "list_searches",
    NASCENT_SEARCH_COLUMNS "WHERE $1::bigint <= 0 OR s.id < $1 ORDER BY s.id DESC LIMIT $2"};

constexpr Statement kOpenTasks = {"open_tasks", R"sql(
SELECT k.id, k.trial_id, k.search_id, k.kind, k.attempt, k.charged, k.leased,
       coalesce(a.worker_id, 0), coalesce(a.slot, 0), nascent.microseconds(a.leased_at),
       nascent.microseconds(a.deadline), k.checkpoint, coalesce(a.lease_request_id, ''),
       k.seed_offset
FROM nascent.trials AS t
JOIN nascent.tasks AS k ON k.trial_id = t.id
LEFT JOIN nascent.attempts AS a ON k.leased AND a.task_id = k.id AND a.attempt = k.attempt
WHERE t.search_id = $1 AND NOT k.finished
ORDER BY k.id
)sql"};

// The metrics of the last attempt to train it and of the last ones to test it, or its twin's.
#define NASCENT_TRIAL_METRICS                                                    \
  "coalesce(t.shared_metrics, a.metrics, '{}') || coalesce("                     \
  "(SELECT jsonb_object_agg(m.key, m.value ORDER BY f.seed_offset)"              \
  " FROM nascent.tasks AS f"                                                     \
  " JOIN nascent.attempts AS fa ON fa.task_id = f.id AND fa.attempt = f.attempt" \
  " CROSS JOIN LATERAL jsonb_each(fa.metrics) AS m"                              \
  " WHERE f.trial_id = t.id AND f.kind = 'FINAL_TEST'), '{}')"
#define NASCENT_TRIAL_ATTEMPT                                               \
  " LEFT JOIN nascent.tasks AS k ON k.trial_id = t.id AND k.kind = 'TRAIN'" \
  " LEFT JOIN nascent.attempts AS a ON a.task_id = k.id AND a.attempt = k.attempt "
#define NASCENT_TRIAL_COLUMNS                                                                  \
  "SELECT t.id, t.search_id, t.number,"                                                        \
  " CASE WHEN t.state = 'READY' AND coalesce(k.leased, false) THEN 'LEASED' ELSE t.state END," \
  " coalesce(t.failure, ''), t.error, coalesce(k.attempt, 0), coalesce(w.name, ''), t.key,"    \
  " t.key_version, t.genotype, t.notation, t.fidelity, t.continues, t.parents, t.reason,"      \
  " t.enqueued, t.after_event, t.parameters, t.multiply_accumulates, t.published_parameters,"  \
  " t.published_multiply_accumulates, t.activation_bytes, t.depth, t.recipe,"                  \
  " t.evaluation_identity, t.joined, t.shared_from, t.checkpoint, t.weights,"                  \
  " nascent.microseconds(t.created_at), "                                                      \
  "nascent.microseconds(t.finished_at), " NASCENT_TRIAL_METRICS                                \
  " FROM nascent.trials AS t" NASCENT_TRIAL_ATTEMPT                                            \
  "LEFT JOIN nascent.workers AS w ON w.id = a.worker_id "

constexpr Statement kLoadTrials = {
    "load_trials",
    NASCENT_TRIAL_COLUMNS "WHERE t.search_id = $1 AND t.number > $2 ORDER BY t.number LIMIT $3"};
constexpr Statement kTrialsOfRequest = {
    "trials_of_request", NASCENT_TRIAL_COLUMNS "WHERE t.request_id = $1 ORDER BY t.request_index"};

constexpr Statement kLoadEvents = {"load_events", R"sql(
SELECT sequence, kind, trial_number, epoch, state, failure, metrics, seconds
FROM nascent.events WHERE search_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3
)sql"};

constexpr Statement kLoadSnapshot = {"load_snapshot", R"sql(
SELECT after_event, after_trial, bytes FROM nascent.snapshots WHERE search_id = $1
)sql"};

constexpr Statement kLoadWorkers = {"load_workers", R"sql(
SELECT id, name, registration, nascent.microseconds(registered_at),
       nascent.microseconds(last_seen_at)
FROM nascent.workers ORDER BY id
)sql"};

constexpr Statement kFindEvaluation = {"find_evaluation", R"sql(
SELECT identity, trial_id, search_id, state, coalesce(failure, ''), metrics, weights
FROM nascent.evaluations
WHERE identity = $1 AND ($2::text IS NULL OR project = $2)
  AND ($3::bigint IS NULL OR search_id = $3)
ORDER BY trial_id LIMIT 1
)sql"};

constexpr Statement kCountTrials = {"count_trials", R"sql(
SELECT CASE WHEN t.state = 'READY' AND coalesce(k.leased, false) THEN 'LEASED' ELSE t.state END,
       count(*)
FROM nascent.trials AS t
LEFT JOIN nascent.tasks AS k ON k.trial_id = t.id AND k.kind = 'TRAIN'
WHERE t.search_id = $1
GROUP BY 1
)sql"};

constexpr Statement kDeviceSeconds = {"device_seconds", R"sql(
SELECT coalesce(sum(extract(epoch FROM coalesce(a.ended_at, c.now) - a.leased_at)), 0)::double precision
FROM (SELECT nascent.now() AS now) AS c, nascent.trials AS t
JOIN nascent.tasks AS k ON k.trial_id = t.id
JOIN nascent.attempts AS a ON a.task_id = k.id
WHERE t.search_id = $1
)sql"};

constexpr Statement kTrialMetrics = {"trial_metrics",
                                     "SELECT t.id, " NASCENT_TRIAL_METRICS
                                     " FROM nascent.trials AS t" NASCENT_TRIAL_ATTEMPT
                                     "WHERE t.id = ANY ($1::bigint[]) ORDER BY t.id"};

constexpr Statement kListDatasets = {"list_datasets", R"sql(
SELECT dataset, nascent.microseconds(created_at) FROM nascent.datasets ORDER BY name
)sql"};
constexpr Statement kFindDataset = {"find_dataset", R"sql(
SELECT dataset, nascent.microseconds(created_at) FROM nascent.datasets WHERE name = $1
)sql"};

// Walks through the columns of a row.
class Columns {
 public:
  explicit Columns(const pqxx::row& row) : row_(row) {}

  std::string_view Text() {
    const pqxx::field field = row_[next_++];
    return {field.c_str(), field.size()};
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
    if (row_[next_].is_null()) return ++next_, absl::Time();
    return absl::FromUnixMicros(Integer());
  }
  std::optional<absl::Time> OptionalTime() {
    if (row_[next_].is_null()) return ++next_, std::nullopt;
    return Time();
  }
  std::string Bytes() { return pqxx::binarystring(row_[next_++]).str(); }

 private:
  const pqxx::row& row_;
  int next_ = 0;
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
    if (absl::Status status = postgres::MessageFromJson(json, message); !status.ok()) {
      status_.Update(status);
    }
    cache.emplace(std::string(json), message);
    return message;
  }
  std::map<std::string, double> Metrics(std::string_view json) {
    auto metrics = postgres::MetricsFromJson(json);
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

absl::StatusOr<SearchRecord> SearchIn(const pqxx::row& row) {
  Columns columns(row);
  SearchRecord search;
  search.id = columns.Integer();
  absl::Status status = postgres::MessageFromJson(columns.Text(), search.spec);
  if (!status.ok()) return status;
  search.state = postgres::SearchStateOf(columns.Text());
  search.state_reason = columns.String();
  search.created_at = columns.Time();
  search.finished_at = columns.OptionalTime();
  search.space_size = columns.String();
  search.warnings = postgres::TextsOf(columns.Text().data());
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

TrialRecord TrialIn(const pqxx::row& row, JsonColumns& json) {
  Columns columns(row);
  TrialRecord trial;
  trial.id = columns.Integer();
  trial.search_id = columns.Integer();
  trial.number = columns.Integer();
  trial.state = postgres::TrialStateOf(columns.Text());
  trial.failure = postgres::FailureOf(columns.Text());
  trial.error = columns.String();
  trial.attempt = columns.Int();
  trial.worker = columns.String();
  trial.key = columns.String();
  trial.key_version = columns.Int();
  trial.genotype.ParseFromString(columns.Bytes());
  trial.notation = columns.String();
  trial.fidelity = json.As<v1::Fidelity>(columns.Text());
  trial.continues = columns.Integer();
  trial.parents = postgres::IntegersOf(columns.Text().data());
  trial.reason = columns.String();
  trial.enqueued = columns.Flag();
  trial.after_event = columns.Integer();
  trial.costs.set_parameters(columns.Integer());
  trial.costs.set_multiply_accumulates(columns.Integer());
  trial.costs.set_published_parameters(columns.Integer());
  trial.costs.set_published_multiply_accumulates(columns.Integer());
  trial.costs.set_activation_bytes(columns.Integer());
  trial.costs.set_depth(columns.Int());
  trial.recipe = json.As<v1::Recipe>(columns.Text());
  trial.evaluation_identity = columns.String();
  trial.joined = columns.Flag();
  trial.shared_from = columns.Integer();
  trial.checkpoint = columns.String();
  trial.weights = columns.String();
  trial.created_at = columns.Time();
  trial.finished_at = columns.OptionalTime();
  trial.metrics = json.Metrics(columns.Text());
  return trial;
}

absl::StatusOr<std::vector<TrialRecord>> TrialsIn(const pqxx::result& rows) {
  std::vector<TrialRecord> trials;
  trials.reserve(rows.size());
  JsonColumns json;
  for (const pqxx::row& row : rows) trials.push_back(TrialIn(row, json));
  if (!json.status().ok()) return json.status();
  return trials;
}

TaskRecord TaskIn(const pqxx::row& row) {
  Columns columns(row);
  TaskRecord task;
  task.id = columns.Integer();
  task.trial_id = columns.Integer();
  task.search_id = columns.Integer();
  task.kind = postgres::TaskKindOf(columns.Text());
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
  event.state = postgres::TrialStateOf(columns.Text());
  event.failure = postgres::FailureOf(columns.Text());
  event.metrics = json.Metrics(columns.Text());
  event.seconds = columns.Real();
  return event;
}

absl::StatusOr<v1::Dataset> DatasetIn(const pqxx::row& row) {
  Columns columns(row);
  v1::Dataset dataset;
  absl::Status status = postgres::MessageFromJson(columns.Text(), dataset);
  if (!status.ok()) return status;
  const int64_t micros = columns.Integer();
  dataset.mutable_created_at()->set_seconds(micros / 1'000'000);
  dataset.mutable_created_at()->set_nanos(static_cast<int32_t>(micros % 1'000'000) * 1'000);
  return dataset;
}

}  // namespace

struct PostgresStore::Implementation {
  explicit Implementation(const Options& options)
      : reader({.url = options.url,
                .size = options.read_sessions,
                .patience = options.patience,
                .setup = kReaderSetup}),
        writer(options.url, options.patience) {}

  // The rows of one statement, as `convert` makes them.
  template <typename Convert, typename... Values>
  auto Read(const Statement& statement, Convert convert, Values... values)
      -> decltype(convert(std::declval<pqxx::result>())) {
    pqxx::result rows;
    const absl::Status status = RunTransaction(reader, [&](Transaction& transaction) {
      rows = transaction.Execute(statement, values...);
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
    return convert(rows);
  }

  postgres::ConnectionPool reader;
  postgres::Writer writer;
};

PostgresStore::PostgresStore(const Options& options)
    : implementation_(std::make_unique<Implementation>(options)) {}

PostgresStore::~PostgresStore() = default;

absl::StatusOr<Term> PostgresStore::AcquireTerm(const std::string& holder,
                                                absl::Duration duration) {
  return implementation_->writer.AcquireTerm(holder, duration);
}

absl::Status PostgresStore::ReleaseTerm(int64_t term) {
  return implementation_->writer.ReleaseTerm(term);
}

absl::StatusOr<std::vector<Outcome>> PostgresStore::Apply(
    int64_t term, const std::vector<Transition>& transitions) {
  return implementation_->writer.Apply(term, transitions);
}

absl::StatusOr<absl::Time> PostgresStore::Now() {
  return implementation_->Read(kNow, [](const pqxx::result& rows) -> absl::StatusOr<absl::Time> {
    return absl::FromUnixMicros(rows[0][0].as<int64_t>());
  });
}

absl::StatusOr<std::vector<SearchRecord>> PostgresStore::LoadActiveSearches() {
  return implementation_->Read(kActiveSearches, SearchesIn);
}

absl::StatusOr<std::vector<TaskRecord>> PostgresStore::LoadOpenTasks(int64_t search_id) {
  return implementation_->Read(
      kOpenTasks,
      [](const pqxx::result& rows) -> absl::StatusOr<std::vector<TaskRecord>> {
        std::vector<TaskRecord> tasks;
        for (const pqxx::row& row : rows) tasks.push_back(TaskIn(row));
        return tasks;
      },
      search_id);
}

absl::StatusOr<std::vector<TrialRecord>> PostgresStore::LoadTrials(int64_t search_id,
                                                                   int64_t after_number,
                                                                   int64_t limit) {
  return implementation_->Read(kLoadTrials, TrialsIn, search_id, after_number, limit);
}

absl::StatusOr<std::vector<EventRecord>> PostgresStore::LoadEvents(int64_t search_id,
                                                                   int64_t after_sequence,
                                                                   int64_t limit) {
  return implementation_->Read(
      kLoadEvents,
      [](const pqxx::result& rows) -> absl::StatusOr<std::vector<EventRecord>> {
        std::vector<EventRecord> events;
        events.reserve(rows.size());
        JsonColumns json;
        for (const pqxx::row& row : rows) events.push_back(EventIn(row, json));
        if (!json.status().ok()) return json.status();
        return events;
      },
      search_id, after_sequence, limit);
}

absl::StatusOr<std::optional<SnapshotRecord>> PostgresStore::LoadSnapshot(int64_t search_id) {
  return implementation_->Read(
      kLoadSnapshot,
      [](const pqxx::result& rows) -> absl::StatusOr<std::optional<SnapshotRecord>> {
        if (rows.empty()) return std::nullopt;
        const pqxx::row row = rows[0];
        Columns columns(row);
        SnapshotRecord snapshot;
        snapshot.after_event = columns.Integer();
        snapshot.after_trial = columns.Integer();
        snapshot.bytes = columns.Bytes();
        return snapshot;
      },
      search_id);
}

absl::StatusOr<std::vector<WorkerRecord>> PostgresStore::LoadWorkers() {
  return implementation_->Read(
      kLoadWorkers, [](const pqxx::result& rows) -> absl::StatusOr<std::vector<WorkerRecord>> {
        std::vector<WorkerRecord> workers;
        for (const pqxx::row& row : rows) {
          Columns columns(row);
          WorkerRecord worker;
          worker.id = columns.Integer();
          worker.name = columns.String();
          absl::Status status = postgres::MessageFromJson(columns.Text(), worker.registration);
          if (!status.ok()) return status;
          worker.registered_at = columns.Time();
          worker.last_seen_at = columns.Time();
          workers.push_back(std::move(worker));
        }
        return workers;
      });
}

absl::StatusOr<std::vector<TrialRecord>> PostgresStore::FindTrialsOfRequest(
    const std::string& request_id) {
  return implementation_->Read(kTrialsOfRequest, TrialsIn, request_id);
}

absl::StatusOr<std::optional<EvaluationRecord>> PostgresStore::FindEvaluation(
    const std::string& identity, const std::optional<std::string>& project,
    std::optional<int64_t> search_id) {
  const std::string search = search_id.has_value() ? absl::StrCat(*search_id) : "";
  return implementation_->Read(
      kFindEvaluation,
      [](const pqxx::result& rows) -> absl::StatusOr<std::optional<EvaluationRecord>> {
        if (rows.empty()) return std::nullopt;
        const pqxx::row row = rows[0];
        Columns columns(row);
        JsonColumns json;
        EvaluationRecord evaluation;
        evaluation.identity = columns.String();
        evaluation.trial_id = columns.Integer();
        evaluation.search_id = columns.Integer();
        evaluation.state = postgres::TrialStateOf(columns.Text());
        evaluation.failure = postgres::FailureOf(columns.Text());
        evaluation.metrics = json.Metrics(columns.Text());
        evaluation.weights = columns.String();
        if (!json.status().ok()) return json.status();
        return evaluation;
      },
      identity, project.has_value() ? project->c_str() : nullptr,
      search_id.has_value() ? search.c_str() : nullptr);
}

absl::StatusOr<SearchRecord> PostgresStore::GetSearch(int64_t id) {
  return implementation_->Read(
      kSearchById,
      [&](const pqxx::result& rows) -> absl::StatusOr<SearchRecord> {
        if (rows.empty()) return Unknown("search", id);
        return SearchIn(rows[0]);
      },
      id);
}

absl::StatusOr<SearchRecord> PostgresStore::GetNewestSearch(const std::string& name) {
  return implementation_->Read(
      kNewestSearch,
      [&](const pqxx::result& rows) -> absl::StatusOr<SearchRecord> {
        if (rows.empty()) {
          return absl::NotFoundError(absl::StrCat("no search named \"", name, "\""));
        }
        return SearchIn(rows[0]);
      },
      name);
}

absl::StatusOr<std::vector<SearchRecord>> PostgresStore::ListSearches(int64_t before_id,
                                                                      int limit) {
  return implementation_->Read(kListSearches, SearchesIn, before_id, limit);
}

absl::StatusOr<SearchTotals> PostgresStore::GetTotals(int64_t search_id) {
  SearchTotals totals;
  const absl::Status status =
      RunTransaction(implementation_->reader, [&](Transaction& transaction) {
        totals = SearchTotals();
        for (const pqxx::row& row : transaction.Execute(kCountTrials, search_id)) {
          Columns columns(row);
          const v1::TrialState state = postgres::TrialStateOf(columns.Text());
          totals.trials[state] = columns.Integer();
        }
        const pqxx::result seconds = transaction.Execute(kDeviceSeconds, search_id);
        totals.device_seconds = seconds[0][0].as<double>();
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  return totals;
}

absl::StatusOr<std::vector<TrialMetrics>> PostgresStore::GetMetrics(
    const std::vector<int64_t>& trial_ids) {
  return implementation_->Read(
      kTrialMetrics,
      [](const pqxx::result& rows) -> absl::StatusOr<std::vector<TrialMetrics>> {
        std::vector<TrialMetrics> result;
        JsonColumns json;
        for (const pqxx::row& row : rows) {
          Columns columns(row);
          const int64_t id = columns.Integer();
          result.push_back({id, json.Metrics(columns.Text())});
        }
        if (!json.status().ok()) return json.status();
        return result;
      },
      postgres::ArrayOf(trial_ids));
}

absl::StatusOr<std::vector<v1::Dataset>> PostgresStore::ListDatasets() {
  return implementation_->Read(
      kListDatasets, [](const pqxx::result& rows) -> absl::StatusOr<std::vector<v1::Dataset>> {
        std::vector<v1::Dataset> datasets;
        for (const pqxx::row& row : rows) {
          auto dataset = DatasetIn(row);
          if (!dataset.ok()) return dataset.status();
          datasets.push_back(*std::move(dataset));
        }
        return datasets;
      });
}

absl::StatusOr<std::optional<v1::Dataset>> PostgresStore::FindDataset(const std::string& name) {
  return implementation_->Read(
      kFindDataset,
      [](const pqxx::result& rows) -> absl::StatusOr<std::optional<v1::Dataset>> {
        if (rows.empty()) return std::nullopt;
        auto dataset = DatasetIn(rows[0]);
        if (!dataset.ok()) return dataset.status();
        return *std::move(dataset);
      },
      name);
}

}  // namespace nascent::storage
