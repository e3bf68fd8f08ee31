#include "server/storage/postgres/trial_columns.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/storage/postgres/batch.h"

namespace nascent::storage::postgres {

const char kTrialMetrics[] =
    "coalesce(t.shared_metrics, a.metrics, '{}') || coalesce("
    "(SELECT jsonb_object_agg(m.key, m.value ORDER BY f.seed_offset)"
    " FROM nascent.tasks AS f"
    " JOIN nascent.attempts AS fa ON fa.task_id = f.id AND fa.attempt = f.attempt"
    " CROSS JOIN LATERAL jsonb_each(fa.metrics) AS m"
    " WHERE f.trial_id = t.id AND f.kind = 'FINAL_TEST'), '{}')";
const char kTrialAttemptJoin[] =
    " LEFT JOIN nascent.tasks AS k ON k.trial_id = t.id AND k.kind = 'TRAIN'"
    " LEFT JOIN nascent.attempts AS a ON a.task_id = k.id AND a.attempt = k.attempt ";

namespace {

using Loaded = TrialColumn::Loaded;

// A trial that shares copies the evaluation's metrics, which may be deleted before it.
constexpr char kSharedMetrics[] =
    "CASE WHEN i.shared_from <> 0 THEN coalesce(i.shared_metrics,"
    " (SELECT e.metrics FROM nascent.evaluations AS e WHERE e.trial_id = i.shared_from),"
    " '{}') END";

// Writes the table's rows short: SEND has `t` (the record), `add` (the transition), `trial` (both,
// and JSON) and `to`; LOAD has `from`, `json` and `t`.
#define SEND(...)                                      \
  [](const NewTrial& trial, SqlArray& to) {            \
    [[maybe_unused]] const AddTrial& add = trial.add;  \
    [[maybe_unused]] const TrialRecord& t = add.trial; \
    to.__VA_ARGS__;                                    \
  }
#define LOAD(...) \
  [](Columns& from, [[maybe_unused]] JsonColumns& json, TrialRecord& t) { t.__VA_ARGS__; }

// clang-format off
constexpr TrialColumn kTable[] = {
    {.name = "id",
     .select = "t.id", .load = LOAD(id = from.Integer())},
    {.name = "search_id", .type = "bigint", .send = SEND(Add(t.search_id)),
     .select = "t.search_id", .load = LOAD(search_id = from.Integer())},
    {.name = "number", .type = "bigint", .send = SEND(Add(t.number)),
     .select = "t.number", .load = LOAD(number = from.Integer())},
    {.name = "state",
     .store = "CASE WHEN i.shared_from = 0 THEN 'READY' ELSE 'SHARED' END",
     .select = "t.state", .load = LOAD(state = TrialStateOf(from.Text()))},
    {.name = "failure", .type = "text",
     .send = SEND(AddOrNull(t.shared_from == 0 ? "" : FailureName(t.failure))),
     .select = "coalesce(t.failure, '')", .load = LOAD(failure = FailureOf(from.Text()))},
    {.name = "joined", .type = "boolean", .send = SEND(Add(add.joined)),
     .select = "t.joined", .load = LOAD(joined = from.Flag())},
    {.name = "decisions", .type = "jsonb", .send = SEND(Add(DecisionsJson(t.genotype)))},
    {.name = "genotype", .type = "bytea", .send = SEND(AddBytes(t.genotype.SerializeAsString())),
     .select = "t.genotype", .load = LOAD(genotype.ParseFromString(from.Bytes()))},
    {.name = "fidelity", .type = "jsonb", .send = SEND(Add(trial.fidelity)),
     .select = "t.fidelity", .load = LOAD(fidelity = json.As<v1::Fidelity>(from.Text()))},
    {.name = "continues", .type = "bigint", .send = SEND(Add(t.continues)),
     .select = "t.continues", .load = LOAD(continues = from.Integer())},
    {.name = "parents", .type = "text", .send = SEND(Add(ArrayOf(t.parents))),
     .store = "i.parents::bigint[]",
     .select = "t.parents", .load = LOAD(parents = IntegersOf(from.Text().data()))},
    {.name = "reason", .type = "text", .send = SEND(Add(t.reason)),
     .select = "t.reason", .load = LOAD(reason = from.String())},
    {.name = "enqueued", .type = "boolean", .send = SEND(Add(t.enqueued)),
     .select = "t.enqueued", .load = LOAD(enqueued = from.Flag())},
    {.name = "after_event", .type = "bigint", .send = SEND(Add(t.after_event)),
     .select = "t.after_event", .load = LOAD(after_event = from.Integer())},
    {.name = "parameters", .type = "bigint", .send = SEND(Add(t.costs.parameters())),
     .select = "t.parameters", .load = LOAD(costs.set_parameters(from.Integer()))},
    {.name = "multiply_accumulates", .type = "bigint",
     .send = SEND(Add(t.costs.multiply_accumulates())),
     .select = "t.multiply_accumulates",
     .load = LOAD(costs.set_multiply_accumulates(from.Integer()))},
    {.name = "published_parameters", .type = "bigint",
     .send = SEND(Add(t.costs.published_parameters())),
     .select = "t.published_parameters",
     .load = LOAD(costs.set_published_parameters(from.Integer()))},
    {.name = "published_multiply_accumulates", .type = "bigint",
     .send = SEND(Add(t.costs.published_multiply_accumulates())),
     .select = "t.published_multiply_accumulates",
     .load = LOAD(costs.set_published_multiply_accumulates(from.Integer()))},
    {.name = "activation_bytes", .type = "bigint", .send = SEND(Add(t.costs.activation_bytes())),
     .select = "t.activation_bytes", .load = LOAD(costs.set_activation_bytes(from.Integer()))},
    {.name = "depth", .type = "bigint", .send = SEND(Add(static_cast<int64_t>(t.costs.depth()))),
     .select = "t.depth", .load = LOAD(costs.set_depth(from.Int()))},
    {.name = "evaluation_identity", .type = "text", .send = SEND(Add(t.evaluation_identity)),
     .select = "t.evaluation_identity", .load = LOAD(evaluation_identity = from.String())},
    {.name = "shared_from", .type = "bigint", .send = SEND(Add(t.shared_from)),
     .select = "t.shared_from", .load = LOAD(shared_from = from.Integer())},
    {.name = "shared_metrics", .type = "jsonb",
     .send = SEND(AddOrNull(t.metrics.empty() ? "" : MetricsJson(t.metrics))),
     .store = kSharedMetrics},
    {.name = "request_id", .type = "text", .send = SEND(AddOrNull(add.request_id))},
    {.name = "request_index", .type = "integer", .send = SEND(Add(add.request_index))},
    {.name = "checkpoint",
     .select = "t.checkpoint", .load = LOAD(checkpoint = from.String())},
    {.name = "weights",
     .select = "t.weights", .load = LOAD(weights = from.String())},
    {.name = "evaluator", .type = "text", .send = SEND(Add(t.evaluator)),
     .select = "t.evaluator", .load = LOAD(evaluator = from.String())},
    {.name = "error",
     .select = "t.error", .load = LOAD(error = from.String()),
     .loaded = Loaded::kWithWholeTrials},
    {.name = "key", .type = "text", .send = SEND(Add(t.key)),
     .select = "t.key", .load = LOAD(key = from.String()),
     .loaded = Loaded::kWithWholeTrials},
    {.name = "key_version", .type = "integer", .send = SEND(Add(t.key_version)),
     .select = "t.key_version", .load = LOAD(key_version = from.Int()),
     .loaded = Loaded::kWithWholeTrials},
    {.name = "notation", .type = "text", .send = SEND(Add(t.notation)),
     .select = "t.notation", .load = LOAD(notation = from.String()),
     .loaded = Loaded::kWithWholeTrials},
    {.name = "recipe", .type = "jsonb", .send = SEND(Add(trial.recipe)),
     .select = "t.recipe", .load = LOAD(recipe = json.As<v1::Recipe>(from.Text())),
     .loaded = Loaded::kWithWholeTrials},
    {.name = "created_at", .store = "c.now",
     .select = "nascent.microseconds(t.created_at)", .load = LOAD(created_at = from.Time()),
     .loaded = Loaded::kWithWholeTrials},
    {.name = "finished_at", .store = "CASE WHEN i.shared_from <> 0 THEN c.now END",
     .select = "nascent.microseconds(t.finished_at)",
     .load = LOAD(finished_at = from.OptionalTime()),
     .loaded = Loaded::kWithWholeTrials},
    // Of other tables. 'LEASED' where an attempt runs, as in the contract.
    {.name = "(leased)",
     .select = "t.state = 'READY' AND coalesce(k.leased, false)",
     .load = LOAD(state = from.Flag() ? v1::TRIAL_STATE_LEASED : t.state),
     .loaded = Loaded::kWithWholeTrials},
    {.name = "(attempt)",
     .select = "coalesce(k.attempt, 0)", .load = LOAD(attempt = from.Int()),
     .loaded = Loaded::kWithWholeTrials},
    {.name = "(worker)",
     .select = "coalesce(w.name, '')", .load = LOAD(worker = from.String()),
     .loaded = Loaded::kWithWholeTrials},
    {.name = "(metrics)",
     .select = kTrialMetrics, .load = LOAD(metrics = json.Metrics(from.Text())),
     .loaded = Loaded::kWithWholeTrials},
};
// clang-format on

#undef SEND
#undef LOAD

std::string SelectOf(Loaded most, const std::string& from) {
  std::vector<std::string> expressions;
  for (const TrialColumn& column : kTable) {
    if (column.load != nullptr && column.loaded <= most) expressions.push_back(column.select);
  }
  return absl::StrCat("SELECT ", absl::StrJoin(expressions, ", "), from);
}

std::string MakeAddTrialsSql() {
  std::vector<std::string> parameters, sent, stored, values;
  for (const TrialColumn& column : kTable) {
    if (column.send != nullptr) {
      parameters.push_back(absl::StrCat("$", sent.size() + 1, "::", column.type, "[]"));
      sent.push_back(column.name);
    }
    if (column.send != nullptr || column.store != nullptr) {
      stored.push_back(column.name);
      values.push_back(column.store != nullptr ? column.store : absl::StrCat("i.", column.name));
    }
  }
  return absl::StrCat("WITH input AS (SELECT * FROM unnest(", absl::StrJoin(parameters, ", "),
                      ") AS i (", absl::StrJoin(sent, ", "), ")),\nadded AS (\n",
                      "  INSERT INTO nascent.trials (", absl::StrJoin(stored, ", "), ")\n  SELECT ",
                      absl::StrJoin(values, ", "), R"sql(
  FROM (SELECT nascent.now() AS now) AS c, input AS i
  JOIN nascent.searches AS s ON s.id = i.search_id AND s.finished_at IS NULL
  WHERE NOT EXISTS (SELECT FROM nascent.trials AS o
                    WHERE o.request_id = i.request_id AND o.request_index = i.request_index)
  ON CONFLICT (search_id, number) DO NOTHING
  RETURNING id, search_id, number, state, joined),
task AS (
  INSERT INTO nascent.tasks (trial_id, search_id, kind, seed_offset)
  SELECT a.id, a.search_id, 'TRAIN', 0 FROM added AS a WHERE a.state = 'READY' AND NOT a.joined
  RETURNING id, trial_id)
SELECT true, a.id, a.search_id, a.number FROM added AS a
UNION ALL
SELECT false, t.trial_id, t.id, 0 FROM task AS t
)sql");
}

}  // namespace

std::span<const TrialColumn> TrialColumns() { return kTable; }

NewTrialArrays::NewTrialArrays() : arrays_(std::size(kTable)) {}

void NewTrialArrays::Add(const NewTrial& trial) {
  for (size_t i = 0; i < arrays_.size(); ++i) {
    if (kTable[i].send != nullptr) kTable[i].send(trial, arrays_[i]);
  }
}

std::vector<std::string> NewTrialArrays::Take() {
  std::vector<std::string> literals;
  for (size_t i = 0; i < arrays_.size(); ++i) {
    if (kTable[i].send != nullptr) literals.push_back(arrays_[i].Take());
  }
  return literals;
}

const std::string& AddTrialsSql() {
  static const auto* const kSql = new std::string(MakeAddTrialsSql());
  return *kSql;
}

const std::string& SelectLog() {
  static const auto* const kSql =
      new std::string(SelectOf(Loaded::kWithTheLog, " FROM nascent.trials AS t "));
  return *kSql;
}

const std::string& SelectTrials() {
  static const auto* const kSql = new std::string(
      SelectOf(Loaded::kWithWholeTrials,
               absl::StrCat(" FROM nascent.trials AS t", kTrialAttemptJoin,
                            "LEFT JOIN nascent.workers AS w ON w.id = a.worker_id ")));
  return *kSql;
}

}  // namespace nascent::storage::postgres
