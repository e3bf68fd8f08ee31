// Trials: proposed, joined, ended without an attempt, tested.

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/storage/outcomes.h"
#include "server/storage/postgres/batch.h"

namespace nascent::storage::postgres {
namespace {

// A trial that shares copies the evaluation's metrics, which may be deleted before it.
constexpr Statement kAddTrials = {"add_trials", R"sql(
WITH input AS (
  SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::boolean[], $4::text[], $5::integer[],
                       $6::text[], $7::jsonb[], $8::bytea[], $9::jsonb[], $10::jsonb[],
                       $11::bigint[], $12::text[], $13::text[], $14::boolean[], $15::bigint[],
                       $16::bigint[], $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[],
                       $21::bigint[], $22::text[], $23::bigint[], $24::jsonb[], $25::text[],
                       $26::integer[], $27::text[], $28::text[])
    AS i (search_id, number, joined, key, key_version, notation, decisions, genotype, fidelity,
          recipe, continues, parents, reason, enqueued, after_event, parameters,
          multiply_accumulates, published_parameters, published_multiply_accumulates,
          activation_bytes, depth, evaluation_identity, shared_from, shared_metrics, request_id,
          request_index, failure, evaluator)),
added AS (
  INSERT INTO nascent.trials
    (search_id, number, state, failure, joined, finished_at, created_at, key, key_version, notation,
     decisions, genotype, fidelity, recipe, continues, parents, reason, enqueued, after_event,
     parameters, multiply_accumulates, published_parameters, published_multiply_accumulates,
     activation_bytes, depth, evaluation_identity, shared_from, shared_metrics, request_id,
     request_index, evaluator)
  SELECT i.search_id, i.number, CASE WHEN i.shared_from = 0 THEN 'READY' ELSE 'SHARED' END,
         i.failure, i.joined, CASE WHEN i.shared_from <> 0 THEN c.now END, c.now, i.key,
         i.key_version, i.notation, i.decisions, i.genotype, i.fidelity, i.recipe, i.continues,
         i.parents::bigint[], i.reason, i.enqueued, i.after_event, i.parameters,
         i.multiply_accumulates, i.published_parameters, i.published_multiply_accumulates,
         i.activation_bytes, i.depth, i.evaluation_identity, i.shared_from,
         CASE WHEN i.shared_from <> 0 THEN
           coalesce(i.shared_metrics,
                    (SELECT e.metrics FROM nascent.evaluations AS e WHERE e.trial_id = i.shared_from),
                    '{}') END,
         i.request_id, i.request_index, i.evaluator
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
)sql"};

constexpr Statement kFindTrialOfRequest = {"find_trial_of_request", R"sql(
SELECT t.id, coalesce(k.id, 0)
FROM nascent.trials AS t
LEFT JOIN nascent.tasks AS k ON k.trial_id = t.id AND k.kind = 'TRAIN'
WHERE t.request_id = $1 AND t.request_index = $2
)sql"};

constexpr Statement kFindTrialByNumber = {"find_trial_by_number", R"sql(
SELECT t.id, coalesce(k.id, 0), t.notation, t.key
FROM nascent.trials AS t
LEFT JOIN nascent.tasks AS k ON k.trial_id = t.id AND k.kind = 'TRAIN'
WHERE t.search_id = $1 AND t.number = $2
)sql"};

constexpr Statement kFindSearchState = {"find_search_state", R"sql(
SELECT state FROM nascent.searches WHERE id = $1
)sql"};

// 'LEASED' where an attempt runs, as in the contract.
constexpr Statement kFindTrialState = {"find_trial_state", R"sql(
SELECT CASE WHEN t.state = 'READY' AND coalesce(k.leased, false) THEN 'LEASED' ELSE t.state END,
       coalesce(t.failure, ''), coalesce(k.id, 0), coalesce(k.attempt, 0), t.search_id
FROM nascent.trials AS t
LEFT JOIN nascent.tasks AS k ON k.trial_id = t.id AND k.kind = 'TRAIN'
WHERE t.id = $1
)sql"};

// Whether the trial has a task or was joined: it has it no longer.
constexpr Statement kShareTrial = {"share_trial", R"sql(
WITH closed AS (
  UPDATE nascent.tasks SET finished = true WHERE trial_id = $1 AND kind = 'TRAIN' AND NOT leased)
UPDATE nascent.trials AS t
SET state = 'SHARED', joined = false, finished_at = nascent.now(), failure = $2, shared_from = $3,
    shared_metrics = $4::jsonb, evaluation_identity = $5, evaluator = $6
WHERE t.id = $1 AND t.state = 'READY'
  AND NOT EXISTS (SELECT FROM nascent.tasks AS k
                  WHERE k.trial_id = t.id AND k.kind = 'TRAIN' AND k.leased)
RETURNING t.search_id
)sql"};

constexpr Statement kFreeJoined = {"free_joined", R"sql(
WITH freed AS (
  UPDATE nascent.trials SET joined = false WHERE id = $1 AND joined RETURNING id, search_id)
INSERT INTO nascent.tasks (trial_id, search_id, kind, seed_offset)
SELECT f.id, f.search_id, 'TRAIN', 0 FROM freed AS f
RETURNING id
)sql"};

constexpr Statement kFindFinalTask = {"find_final_task", R"sql(
SELECT id FROM nascent.tasks WHERE trial_id = $1 AND kind = 'FINAL_TEST' AND seed_offset = $2
)sql"};

constexpr Statement kAddFinalTask = {"add_final_task", R"sql(
INSERT INTO nascent.tasks (trial_id, search_id, kind, seed_offset)
SELECT t.id, t.search_id, 'FINAL_TEST', $2::bigint FROM nascent.trials AS t
WHERE t.id = $1 AND t.state IN ('SUCCEEDED', 'STOPPED', 'SHARED')
RETURNING id
)sql"};

constexpr Statement kEndTrial = {"end_trial", R"sql(
WITH closed AS (
  UPDATE nascent.tasks SET finished = true WHERE trial_id = $1 AND kind = 'TRAIN' AND NOT leased)
UPDATE nascent.trials AS t
SET state = $2, failure = $3, error = $4, joined = false, finished_at = nascent.now()
WHERE t.id = $1 AND t.state = 'READY'
  AND NOT EXISTS (SELECT FROM nascent.tasks AS k
                  WHERE k.trial_id = t.id AND k.kind = 'TRAIN' AND k.leased)
RETURNING t.search_id
)sql"};

constexpr Statement kSetWeights = {"set_weights", R"sql(
WITH named AS (
  UPDATE nascent.trials AS t SET weights = $3
  WHERE t.id = $1
    AND ($3 = '' OR t.state IN ('SUCCEEDED', 'STOPPED')
         AND EXISTS (SELECT FROM nascent.tasks AS k
                     WHERE k.trial_id = t.id AND k.kind = 'TRAIN' AND k.attempt = $2::integer))
  RETURNING t.id),
shared AS (
  UPDATE nascent.evaluations AS e SET weights = $3 FROM named AS n WHERE e.trial_id = n.id)
SELECT id FROM named
)sql"};

const char* OrNull(std::string_view text) { return text.empty() ? nullptr : text.data(); }

std::string_view FailureName(v1::FailureKind kind) {
  return kind == v1::FAILURE_KIND_UNSPECIFIED ? std::string_view() : ShortName(kind);
}

void Replay(const pqxx::result& found, Outcome& outcome) {
  outcome.id = found[0][0].as<int64_t>();
  outcome.task_id = found[0][1].as<int64_t>();
  outcome.replayed = true;
}

void ExplainTrial(Batch& batch, const AddTrial& t, Outcome& outcome) {
  if (!t.request_id.empty()) {
    const pqxx::result found =
        batch.transaction.Execute(kFindTrialOfRequest, t.request_id, t.request_index);
    if (!found.empty()) return Replay(found, outcome);
  }
  const pqxx::result same =
      batch.transaction.Execute(kFindTrialByNumber, t.trial.search_id, t.trial.number);
  if (!same.empty()) {
    if (t.trial.notation == same[0][2].c_str() && t.trial.key == same[0][3].c_str()) {
      return Replay(same, outcome);
    }
    outcome.status = NumberTaken(t.trial.search_id, t.trial.number);
    return;
  }
  const pqxx::result search = batch.transaction.Execute(kFindSearchState, t.trial.search_id);
  outcome.status = search.empty()
                       ? Unknown("search", t.trial.search_id)
                       : SearchHasEnded(t.trial.search_id, SearchStateOf(search[0][0].c_str()),
                                        "no trial can be added");
}

}  // namespace

void ApplyTrials(Batch& batch, const Items& items) {
  SqlArray search_id, number, joined, key, key_version, notation, decisions, genotype, fidelity,
      recipe, continues, parents, reason, enqueued, after_event, parameters, multiply_accumulates,
      published_parameters, published_multiply_accumulates, activation_bytes, depth, identity,
      shared_from, shared_metrics, request_id, request_index, failure, evaluator;
  Items sent;
  for (const size_t item : items) {
    const auto& add = batch.Get<AddTrial>(item);
    const TrialRecord& t = add.trial;
    const auto fidelity_json = batch.json.Json(t.fidelity);
    const auto recipe_json = batch.json.Json(t.recipe);
    if (!fidelity_json.ok() || !recipe_json.ok()) {
      batch.outcomes[item].status =
          fidelity_json.ok() ? recipe_json.status() : fidelity_json.status();
      continue;
    }
    sent.push_back(item);
    search_id.Add(t.search_id);
    number.Add(t.number);
    joined.Add(add.joined);
    key.Add(t.key);
    key_version.Add(t.key_version);
    notation.Add(t.notation);
    decisions.Add(DecisionsJson(t.genotype));
    genotype.AddBytes(t.genotype.SerializeAsString());
    fidelity.Add(*fidelity_json);
    recipe.Add(*recipe_json);
    continues.Add(t.continues);
    parents.Add(ArrayOf(t.parents));
    reason.Add(t.reason);
    enqueued.Add(t.enqueued);
    after_event.Add(t.after_event);
    parameters.Add(t.costs.parameters());
    multiply_accumulates.Add(t.costs.multiply_accumulates());
    published_parameters.Add(t.costs.published_parameters());
    published_multiply_accumulates.Add(t.costs.published_multiply_accumulates());
    activation_bytes.Add(t.costs.activation_bytes());
    depth.Add(static_cast<int64_t>(t.costs.depth()));
    identity.Add(t.evaluation_identity);
    shared_from.Add(t.shared_from);
    shared_metrics.AddOrNull(t.metrics.empty() ? "" : MetricsJson(t.metrics));
    request_id.AddOrNull(add.request_id);
    request_index.Add(add.request_index);
    failure.AddOrNull(t.shared_from == 0 ? "" : FailureName(t.failure));
    evaluator.Add(t.evaluator);
  }
  if (sent.empty()) return;
  const pqxx::result rows = batch.transaction.Execute(
      kAddTrials, search_id.Take(), number.Take(), joined.Take(), key.Take(), key_version.Take(),
      notation.Take(), decisions.Take(), genotype.Take(), fidelity.Take(), recipe.Take(),
      continues.Take(), parents.Take(), reason.Take(), enqueued.Take(), after_event.Take(),
      parameters.Take(), multiply_accumulates.Take(), published_parameters.Take(),
      published_multiply_accumulates.Take(), activation_bytes.Take(), depth.Take(), identity.Take(),
      shared_from.Take(), shared_metrics.Take(), request_id.Take(), request_index.Take(),
      failure.Take(), evaluator.Take());
  absl::flat_hash_map<std::pair<int64_t, int64_t>, int64_t> trials;  // by search and number
  absl::flat_hash_map<int64_t, int64_t> tasks;                       // by trial
  for (const pqxx::row& row : rows) {
    const auto id = row[1].as<int64_t>();
    const auto second = row[2].as<int64_t>();
    if (row[0].as<bool>()) {
      trials.emplace(std::make_pair(second, row[3].as<int64_t>()), id);
    } else {
      tasks.emplace(id, second);
    }
  }
  for (const size_t item : sent) {
    const auto& t = batch.Get<AddTrial>(item);
    Outcome& outcome = batch.outcomes[item];
    const auto trial = trials.find({t.trial.search_id, t.trial.number});
    if (trial == trials.end()) {
      ExplainTrial(batch, t, outcome);
      continue;
    }
    outcome.id = trial->second;
    if (const auto task = tasks.find(outcome.id); task != tasks.end()) {
      outcome.task_id = task->second;
    }
    batch.events.Add(t.trial.search_id, t.events);
  }
}

void Apply(Batch& batch, const ResolveJoined& t, Outcome& outcome) {
  outcome.id = t.trial_id;
  pqxx::result rows;
  if (t.evaluation.has_value()) {
    rows = batch.transaction.Execute(
        kShareTrial, t.trial_id, OrNull(FailureName(t.evaluation->failure)), t.evaluation->trial_id,
        MetricsJson(t.evaluation->metrics), t.evaluation->identity, t.evaluation->evaluator);
    if (!rows.empty()) batch.events.Add(rows[0][0].as<int64_t>(), t.events);
  } else {
    rows = batch.transaction.Execute(kFreeJoined, t.trial_id);
    if (!rows.empty()) outcome.task_id = rows[0][0].as<int64_t>();
  }
  if (!rows.empty()) return;
  const pqxx::result found = batch.transaction.Execute(kFindTrialState, t.trial_id);
  outcome.status = found.empty()
                       ? Unknown("trial", t.trial_id)
                       : TrialNotOpen(t.trial_id, found[0][0].c_str(), "it waits for no twin");
}

void Apply(Batch& batch, const AddFinalTask& t, Outcome& outcome) {
  const pqxx::result there = batch.transaction.Execute(kFindFinalTask, t.trial_id, t.seed_offset);
  const pqxx::result rows =
      there.empty() ? batch.transaction.Execute(kAddFinalTask, t.trial_id, t.seed_offset) : there;
  if (!rows.empty()) {
    outcome.id = outcome.task_id = rows[0][0].as<int64_t>();
    outcome.replayed = !there.empty();
    return;
  }
  const pqxx::result found = batch.transaction.Execute(kFindTrialState, t.trial_id);
  outcome.status = found.empty() ? Unknown("trial", t.trial_id)
                                 : TrialNotOpen(t.trial_id, found[0][0].c_str(),
                                                "only a trial with a result can be tested");
}

void Apply(Batch& batch, const EndTrial& t, Outcome& outcome) {
  outcome.id = t.trial_id;
  const std::string_view failure = FailureName(t.failure);
  const pqxx::result rows = batch.transaction.Execute(
      kEndTrial, t.trial_id, std::string(ShortName(t.state)), OrNull(failure), t.error);
  if (!rows.empty()) {
    batch.events.Add(rows[0][0].as<int64_t>(), t.events);
    return;
  }
  const pqxx::result found = batch.transaction.Execute(kFindTrialState, t.trial_id);
  if (found.empty()) {
    outcome.status = Unknown("trial", t.trial_id);
  } else if (ShortName(t.state) == found[0][0].c_str() && failure == found[0][1].c_str()) {
    outcome.replayed = true;
  } else {
    outcome.status = TrialNotOpen(t.trial_id, found[0][0].c_str(), "it can't be ended");
  }
}

void Apply(Batch& batch, const SetWeights& t, Outcome& outcome) {
  outcome.id = t.trial_id;
  if (!batch.transaction.Execute(kSetWeights, t.trial_id, t.attempt, t.sha256).empty()) return;
  const pqxx::result found = batch.transaction.Execute(kFindTrialState, t.trial_id);
  if (found.empty()) {
    outcome.status = Unknown("trial", t.trial_id);
    return;
  }
  const AttemptId attempt = {found[0][2].as<int64_t>(), t.attempt};
  KeepAsEvidence(batch, {attempt, t.request_id, "SET_WEIGHTS",
                         absl::StrCat("{\"trial_id\":", t.trial_id, "}")});
  outcome.status = Fenced(attempt, found[0][3].as<int>());
}

}  // namespace nascent::storage::postgres
