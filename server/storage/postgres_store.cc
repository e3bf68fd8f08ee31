#include "server/storage/postgres_store.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/storage/outcomes.h"
#include "server/storage/postgres/batch.h"
#include "server/storage/postgres/rows.h"
#include "server/storage/postgres/sql_array.h"
#include "server/storage/postgres/trial_columns.h"
#include "server/storage/postgres/writer.h"

namespace nascent::storage {
namespace {

using postgres::RunTransaction;
using postgres::Statement;
using postgres::Transaction;

constexpr char kReaderSetup[] =
    "SET timezone = 'UTC'; SET bytea_output = 'hex'; SET default_transaction_read_only = on;"
    " SET idle_in_transaction_session_timeout = '60s'";

constexpr Statement kNow = {"now", "SELECT nascent.microseconds(nascent.now())"};

#define NASCENT_SEARCH_COLUMNS                                                         \
  "SELECT s.id, s.spec, s.state, s.state_reason, nascent.microseconds(s.created_at), " \
  "nascent.microseconds(s.finished_at), s.space_size, s.warnings, s.decisions "        \
  "FROM nascent.searches AS s "

constexpr Statement kOpenSearches = {"open_searches", R"sql(
SELECT s.id, s.priority,
       s.id IN (SELECT k.search_id FROM nascent.tasks AS k WHERE k.leased AND NOT k.finished)
FROM nascent.searches AS s WHERE s.finished_at IS NULL ORDER BY s.id
)sql"};
constexpr Statement kSearchById = {"search_by_id", NASCENT_SEARCH_COLUMNS "WHERE s.id = $1"};
constexpr Statement kNewestSearch = {
    "newest_search", NASCENT_SEARCH_COLUMNS "WHERE s.name = $1 ORDER BY s.id DESC LIMIT 1"};
constexpr Statement kListSearches = {
    "list_searches",
    NASCENT_SEARCH_COLUMNS "WHERE $1::bigint <= 0 OR s.id < $1 ORDER BY s.id DESC LIMIT $2"};

// What was trained again later is in the later attempt.
constexpr Statement kMeasurements = {"measurements", R"sql(
SELECT t.number, m.metric, m.epoch, m.step, m.value
FROM nascent.trials AS t
JOIN nascent.tasks AS k
  ON k.trial_id = coalesce(nullif(t.shared_from, 0), t.id) AND k.kind = 'TRAIN'
JOIN nascent.measurements AS m ON m.task_id = k.id
WHERE t.search_id = $1 AND t.number > $2 AND t.number <= $3 AND ($4::text = '' OR m.metric = $4)
  AND NOT EXISTS (SELECT FROM nascent.measurements AS later
                  WHERE later.task_id = m.task_id AND later.attempt > m.attempt
                    AND later.step <= m.step)
ORDER BY t.number, m.step, m.metric
)sql"};

constexpr Statement kOpenTasks = {"open_tasks", R"sql(
SELECT k.id, k.trial_id, k.search_id, k.kind, k.attempt, k.charged, k.leased,
       coalesce(a.worker_id, 0), coalesce(a.slot, 0), nascent.microseconds(a.leased_at),
       nascent.microseconds(a.deadline), k.checkpoint, coalesce(a.lease_request_id, ''),
       k.seed_offset, coalesce(a.evaluator, ''), k.checkpoint_evaluator
FROM nascent.tasks AS k
LEFT JOIN nascent.attempts AS a ON k.leased AND a.task_id = k.id AND a.attempt = k.attempt
WHERE k.search_id = $1 AND NOT k.finished
ORDER BY k.id
)sql"};

// Statements on trials, made of the table of their columns.
struct TrialSql {
  const std::string load_proposals = absl::StrCat(
      postgres::SelectLog(), "WHERE t.search_id = $1 AND t.number > $2 ORDER BY t.number LIMIT $3");
  const std::string load_trials =
      absl::StrCat(postgres::SelectTrials(),
                   "WHERE t.search_id = $1 AND t.number > $2 ORDER BY t.number LIMIT $3");
  const std::string find_trials =
      absl::StrCat(postgres::SelectTrials(),
                   "WHERE t.search_id = $1 AND t.number = ANY ($2::bigint[]) ORDER BY t.number");
  const std::string trials_of_request =
      absl::StrCat(postgres::SelectTrials(), "WHERE t.request_id = $1 ORDER BY t.request_index");
  const std::string trial_metrics =
      absl::StrCat("SELECT t.id, ", postgres::kTrialMetrics, " FROM nascent.trials AS t",
                   postgres::kTrialAttemptJoin, "WHERE t.id = ANY ($1::bigint[]) ORDER BY t.id");
};

const TrialSql& OnTrials() {
  static const auto* const kStatements = new TrialSql;
  return *kStatements;
}

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
SELECT identity, trial_id, search_id, state, coalesce(failure, ''), metrics, weights, evaluator
FROM nascent.evaluations
WHERE identity = $1 AND ($2::text IS NULL OR project = $2)
  AND ($3::bigint IS NULL OR search_id = $3)
ORDER BY trial_id LIMIT 1
)sql"};

constexpr Statement kCountTrials = {"count_trials", R"sql(
SELECT CASE WHEN t.state = 'READY' AND coalesce(k.leased, false) THEN 'LEASED' ELSE t.state END,
       count(*),
       count(*) FILTER (WHERE t.fidelity ? 'zero_cost' AND t.state NOT IN ('READY', 'CANCELLED'))
FROM nascent.trials AS t
LEFT JOIN nascent.tasks AS k ON k.trial_id = t.id AND k.kind = 'TRAIN'
WHERE t.search_id = $1
GROUP BY 1
)sql"};

constexpr Statement kDeviceSeconds = {"device_seconds", R"sql(
SELECT coalesce(sum(extract(epoch FROM coalesce(a.ended_at, c.now) - a.leased_at)), 0)::double precision
FROM (SELECT nascent.now() AS now) AS c, nascent.attempts AS a
WHERE a.search_id = $1
)sql"};

constexpr Statement kUnusedArtifacts = {"unused_artifacts", R"sql(
SELECT f.sha256 FROM nascent.artifacts AS f
WHERE f.created_at <= nascent.now() - $1::double precision * interval '1 second'
  AND NOT EXISTS (SELECT FROM nascent.used_artifacts AS u WHERE u.sha256 = f.sha256)
ORDER BY f.sha256 LIMIT $2
)sql"};

// As the view nascent.used_artifacts; of what is asked when a disk fails, no index is kept.
constexpr Statement kUsesOfArtifact = {"uses_of_artifact", R"sql(
SELECT 'data set ' || d.name FROM nascent.datasets AS d
CROSS JOIN LATERAL jsonb_array_elements(d.dataset -> 'splits') AS s (split)
WHERE $1::text IN (s.split ->> 'examples', s.split ->> 'labels')
UNION
SELECT CASE WHEN t.weights = $1 THEN 'weights' ELSE 'checkpoint' END || ' of trial ' || t.number ||
       ' of search ' || t.search_id
FROM nascent.trials AS t LEFT JOIN nascent.tasks AS k ON k.trial_id = t.id
WHERE $1 IN (t.weights, t.checkpoint, k.checkpoint)
ORDER BY 1 LIMIT $2
)sql"};

constexpr Statement kListDatasets = {"list_datasets", R"sql(
SELECT dataset, nascent.microseconds(created_at) FROM nascent.datasets ORDER BY name
)sql"};
constexpr Statement kFindDataset = {"find_dataset", R"sql(
SELECT dataset, nascent.microseconds(created_at) FROM nascent.datasets WHERE name = $1
)sql"};

absl::StatusOr<std::vector<std::string>> TextsIn(const pqxx::result& rows) {
  std::vector<std::string> texts;
  for (const pqxx::row& row : rows) texts.emplace_back(row[0].c_str());
  return texts;
}

}  // namespace

struct PostgresStore::Implementation {
  explicit Implementation(const Options& options)
      : reader({.url = options.url,
                .size = options.read_sessions,
                .patience = options.patience,
                .statement_timeout = options.patience,
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

absl::StatusOr<std::vector<OpenSearch>> PostgresStore::ListOpenSearches() {
  return implementation_->Read(
      kOpenSearches, [](const pqxx::result& rows) -> absl::StatusOr<std::vector<OpenSearch>> {
        std::vector<OpenSearch> open;
        for (const pqxx::row& row : rows) {
          open.push_back({row[0].as<int64_t>(), row[1].as<int>(), row[2].as<bool>()});
        }
        return open;
      });
}

absl::StatusOr<std::vector<TaskRecord>> PostgresStore::LoadOpenTasks(int64_t search_id) {
  return implementation_->Read(
      kOpenTasks,
      [](const pqxx::result& rows) -> absl::StatusOr<std::vector<TaskRecord>> {
        return postgres::TasksIn(rows);
      },
      search_id);
}

absl::StatusOr<std::vector<TrialRecord>> PostgresStore::LoadTrials(int64_t search_id,
                                                                   int64_t after_number,
                                                                   int64_t limit) {
  return implementation_->Read({"load_trials", OnTrials().load_trials.c_str()}, postgres::TrialsIn,
                               search_id, after_number, limit);
}

absl::StatusOr<std::vector<TrialRecord>> PostgresStore::LoadProposals(int64_t search_id,
                                                                      int64_t after_number,
                                                                      int64_t limit) {
  return implementation_->Read({"load_proposals", OnTrials().load_proposals.c_str()},
                               postgres::ProposalsIn, search_id, after_number, limit);
}

absl::StatusOr<std::vector<TrialRecord>> PostgresStore::FindTrials(
    int64_t search_id, const std::vector<int64_t>& numbers) {
  return implementation_->Read({"find_trials", OnTrials().find_trials.c_str()}, postgres::TrialsIn,
                               search_id, postgres::ArrayOf(numbers));
}

absl::StatusOr<double> PostgresStore::GetDeviceSeconds(int64_t search_id) {
  return implementation_->Read(
      kDeviceSeconds,
      [](const pqxx::result& rows) -> absl::StatusOr<double> { return rows[0][0].as<double>(); },
      search_id);
}

absl::StatusOr<std::vector<EventRecord>> PostgresStore::LoadEvents(int64_t search_id,
                                                                   int64_t after_sequence,
                                                                   int64_t limit) {
  return implementation_->Read(kLoadEvents, postgres::EventsIn, search_id, after_sequence, limit);
}

absl::StatusOr<std::optional<SnapshotRecord>> PostgresStore::LoadSnapshot(int64_t search_id) {
  return implementation_->Read(
      kLoadSnapshot,
      [](const pqxx::result& rows) -> absl::StatusOr<std::optional<SnapshotRecord>> {
        if (rows.empty()) return std::nullopt;
        return postgres::SnapshotIn(rows[0]);
      },
      search_id);
}

absl::StatusOr<std::vector<WorkerRecord>> PostgresStore::LoadWorkers() {
  return implementation_->Read(kLoadWorkers, postgres::WorkersIn);
}

absl::StatusOr<std::vector<TrialRecord>> PostgresStore::FindTrialsOfRequest(
    const std::string& request_id) {
  return implementation_->Read({"trials_of_request", OnTrials().trials_of_request.c_str()},
                               postgres::TrialsIn, request_id);
}

absl::StatusOr<std::optional<EvaluationRecord>> PostgresStore::FindEvaluation(
    const std::string& identity, const std::optional<std::string>& project,
    std::optional<int64_t> search_id) {
  const std::string search = search_id.has_value() ? absl::StrCat(*search_id) : "";
  return implementation_->Read(
      kFindEvaluation,
      [](const pqxx::result& rows) -> absl::StatusOr<std::optional<EvaluationRecord>> {
        if (rows.empty()) return std::nullopt;
        auto evaluation = postgres::EvaluationIn(rows[0]);
        if (!evaluation.ok()) return evaluation.status();
        return *std::move(evaluation);
      },
      identity, project.has_value() ? project->c_str() : nullptr,
      search_id.has_value() ? search.c_str() : nullptr);
}

absl::StatusOr<SearchRecord> PostgresStore::GetSearch(int64_t id) {
  return implementation_->Read(
      kSearchById,
      [&](const pqxx::result& rows) -> absl::StatusOr<SearchRecord> {
        if (rows.empty()) return Unknown("search", id);
        return postgres::SearchIn(rows[0]);
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
        return postgres::SearchIn(rows[0]);
      },
      name);
}

absl::StatusOr<std::vector<SearchRecord>> PostgresStore::ListSearches(int64_t before_id,
                                                                      int limit) {
  return implementation_->Read(kListSearches, postgres::SearchesIn, before_id, limit);
}

absl::StatusOr<SearchTotals> PostgresStore::GetTotals(int64_t search_id) {
  SearchTotals totals;
  const absl::Status status =
      RunTransaction(implementation_->reader, [&](Transaction& transaction) {
        totals = SearchTotals();
        for (const pqxx::row& row : transaction.Execute(kCountTrials, search_id)) {
          totals.trials[postgres::TrialStateOf(row[0].c_str())] = row[1].as<int64_t>();
          totals.scored += row[2].as<int64_t>();
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
  return implementation_->Read({"trial_metrics", OnTrials().trial_metrics.c_str()},
                               postgres::TrialMetricsIn, postgres::ArrayOf(trial_ids));
}

absl::StatusOr<std::vector<TrialMeasurement>> PostgresStore::LoadMeasurements(
    int64_t search_id, int64_t after_number, int64_t last_number, const std::string& metric) {
  return implementation_->Read(
      kMeasurements,
      [](const pqxx::result& rows) -> absl::StatusOr<std::vector<TrialMeasurement>> {
        std::vector<TrialMeasurement> measurements;
        for (const pqxx::row& row : rows) {
          TrialMeasurement& one = measurements.emplace_back();
          one.trial_number = row[0].as<int64_t>();
          one.measurement.set_metric(row[1].c_str());
          one.measurement.set_epoch(row[2].as<int32_t>());
          one.measurement.set_step(row[3].as<int64_t>());
          one.measurement.set_value(row[4].as<double>());
        }
        return measurements;
      },
      search_id, after_number, last_number, metric);
}

absl::StatusOr<std::vector<std::string>> PostgresStore::FindUnusedArtifacts(absl::Duration age,
                                                                            int limit) {
  return implementation_->Read(kUnusedArtifacts, TextsIn, absl::ToDoubleSeconds(age), limit);
}

absl::StatusOr<std::vector<std::string>> PostgresStore::FindUsesOfArtifact(
    const std::string& sha256, int limit) {
  return implementation_->Read(kUsesOfArtifact, TextsIn, sha256, limit);
}

absl::StatusOr<std::vector<v1::Dataset>> PostgresStore::ListDatasets() {
  return implementation_->Read(kListDatasets, postgres::DatasetsIn);
}

absl::StatusOr<std::optional<v1::Dataset>> PostgresStore::FindDataset(const std::string& name) {
  return implementation_->Read(
      kFindDataset,
      [](const pqxx::result& rows) -> absl::StatusOr<std::optional<v1::Dataset>> {
        if (rows.empty()) return std::nullopt;
        auto dataset = postgres::DatasetIn(rows[0]);
        if (!dataset.ok()) return dataset.status();
        return *std::move(dataset);
      },
      name);
}

}  // namespace nascent::storage
