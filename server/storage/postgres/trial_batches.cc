// Trials: proposed, joined, ended without an attempt, tested.

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/storage/outcomes.h"
#include "server/storage/postgres/batch.h"
#include "server/storage/postgres/trial_columns.h"

namespace nascent::storage::postgres {
namespace {

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
  NewTrialArrays arrays;
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
    arrays.Add({add, *fidelity_json, *recipe_json});
  }
  if (sent.empty()) return;
  const Statement statement = {"add_trials", AddTrialsSql().c_str()};
  const pqxx::result rows = batch.transaction.ExecuteWith(statement, arrays.Take());
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
