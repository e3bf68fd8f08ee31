// Searches, workers, artifacts and data sets: changed rarely, one at a time.

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "server/storage/outcomes.h"
#include "server/storage/postgres/batch.h"
#include "server/storage/transition_check.h"

namespace nascent::storage::postgres {
namespace {

constexpr Statement kInsertSearch = {"insert_search", R"sql(
INSERT INTO nascent.searches
  (name, project, owner, priority, state, state_reason, spec, space_size, warnings,
   decisions, options, created_at)
-- The options by label are what the views put in the place of an option's number.
SELECT $1, $2, $3, $4::integer, $5, $6, $7::jsonb, $8, $9::text[], $10::jsonb,
       (SELECT jsonb_object_agg(d ->> 'label',
                                coalesce(d -> 'domain' -> 'choice', d -> 'domain' -> 'ordered'))
        FROM jsonb_array_elements($10::jsonb) AS u (d)),
       nascent.now()
RETURNING id
)sql"};

constexpr Statement kInsertObjective = {"insert_objective", R"sql(
INSERT INTO nascent.objectives (search_id, position, metric, maximize, reference)
VALUES ($1, $2, $3, $4, $5)
)sql"};

constexpr Statement kLockSearch = {"lock_search", R"sql(
SELECT state FROM nascent.searches WHERE id = $1 FOR UPDATE
)sql"};

constexpr Statement kSetSearchState = {"set_search_state", R"sql(
UPDATE nascent.searches
SET state = $2, state_reason = $3, finished_at = CASE WHEN $4::boolean THEN nascent.now() END
WHERE id = $1
)sql"};

// In the order of the references. An evaluation stays while another search's trial refers to it.
constexpr Statement kDeleteSearch[] = {
    {"delete_measurements", R"sql(
DELETE FROM nascent.measurements AS m
USING nascent.tasks AS k, nascent.trials AS t
WHERE t.search_id = $1 AND k.trial_id = t.id AND m.task_id = k.id
)sql"},
    {"delete_fenced_reports", R"sql(
DELETE FROM nascent.fenced_reports AS f
USING nascent.tasks AS k, nascent.trials AS t
WHERE t.search_id = $1 AND k.trial_id = t.id AND f.task_id = k.id
)sql"},
    {"delete_attempts", R"sql(
DELETE FROM nascent.attempts AS a
USING nascent.tasks AS k, nascent.trials AS t
WHERE t.search_id = $1 AND k.trial_id = t.id AND a.task_id = k.id
)sql"},
    {"delete_evaluations", R"sql(
DELETE FROM nascent.evaluations AS e
USING nascent.trials AS t
WHERE t.search_id = $1 AND e.trial_id = t.id
  AND NOT EXISTS (SELECT FROM nascent.trials AS o
                  WHERE o.shared_from = e.trial_id AND o.shared_from <> 0 AND o.search_id <> $1)
)sql"},
    {"delete_tasks", R"sql(
DELETE FROM nascent.tasks AS k USING nascent.trials AS t
WHERE t.search_id = $1 AND k.trial_id = t.id
)sql"},
    {"delete_events", "DELETE FROM nascent.events WHERE search_id = $1"},
    {"delete_trials", "DELETE FROM nascent.trials WHERE search_id = $1"},
    {"delete_search", "DELETE FROM nascent.searches WHERE id = $1"},
};

constexpr Statement kPutSnapshot = {"put_snapshot", R"sql(
INSERT INTO nascent.snapshots (search_id, after_event, after_trial, bytes, created_at)
SELECT s.id, $2::bigint, $3::bigint, $4::bytea, nascent.now() FROM nascent.searches AS s WHERE s.id = $1
ON CONFLICT (search_id) DO UPDATE
SET after_event = excluded.after_event, after_trial = excluded.after_trial,
    bytes = excluded.bytes, created_at = excluded.created_at
RETURNING search_id
)sql"};

constexpr Statement kRegisterWorker = {"register_worker", R"sql(
INSERT INTO nascent.workers
  (name, evaluator_version, slots, registration, registered_at, last_seen_at)
SELECT $1, $2, $3::integer, $4::jsonb, c.now, c.now FROM (SELECT nascent.now() AS now) AS c
ON CONFLICT (name) DO UPDATE
SET evaluator_version = excluded.evaluator_version, slots = excluded.slots,
    registration = excluded.registration, last_seen_at = excluded.last_seen_at
RETURNING id, nascent.microseconds(last_seen_at)
)sql"};

constexpr Statement kPutArtifact = {"put_artifact", R"sql(
INSERT INTO nascent.artifacts (sha256, size, created_at) VALUES ($1, $2, nascent.now())
ON CONFLICT (sha256) DO NOTHING
)sql"};

constexpr Statement kRemoveArtifact = {"remove_artifact", R"sql(
DELETE FROM nascent.artifacts AS f
WHERE f.sha256 = $1 AND NOT EXISTS (SELECT FROM nascent.used_artifacts AS u WHERE u.sha256 = $1)
)sql"};

constexpr Statement kIsArtifact = {"is_artifact", R"sql(
SELECT FROM nascent.artifacts WHERE sha256 = $1
)sql"};

constexpr Statement kPutDataset = {"put_dataset", R"sql(
INSERT INTO nascent.datasets (name, fingerprint, dataset, created_at)
VALUES ($1, $2, $3, nascent.now())
ON CONFLICT (name) DO NOTHING
RETURNING name
)sql"};

constexpr Statement kFindFingerprint = {"find_fingerprint", R"sql(
SELECT fingerprint FROM nascent.datasets WHERE name = $1
)sql"};

constexpr Statement kSearchWithDataset = {"search_with_dataset", R"sql(
SELECT id, name FROM nascent.searches
WHERE finished_at IS NULL AND spec -> 'data' ->> 'dataset' = $1
ORDER BY id
LIMIT 1
)sql"};

constexpr Statement kRemoveDataset = {"remove_dataset", R"sql(
DELETE FROM nascent.datasets WHERE name = $1 RETURNING name
)sql"};

// A list of nascent.v1.SearchDecision.
absl::StatusOr<std::string> DecisionsOf(const SearchRecord& search) {
  std::string list = "[";
  for (const v1::SearchDecision& decision : search.decisions) {
    NASCENT_ASSIGN_OR_RETURN(const auto json, MessageJson(decision));
    absl::StrAppend(&list, list.size() == 1 ? "" : ",", json);
  }
  return list + "]";
}

}  // namespace

void Apply(Batch& batch, const CreateSearch& t, Outcome& outcome) {
  static constexpr char kUsedFor[] = "CreateSearch";
  if (Replayed(batch, t.request_id, kUsedFor, outcome)) return;
  const v1::SearchSpec& spec = t.search.spec;
  const auto json = MessageJson(spec);
  if (!json.ok()) {
    outcome.status = json.status();
    return;
  }
  const auto decisions = DecisionsOf(t.search);
  if (!decisions.ok()) {
    outcome.status = decisions.status();
    return;
  }
  outcome.id =
      batch.transaction
          .Execute(kInsertSearch, spec.name(), spec.project(), spec.owner(), spec.priority(),
                   std::string(ShortName(t.search.state)), t.search.state_reason, *json,
                   t.search.space_size, ArrayOf(t.search.warnings), *decisions)[0][0]
          .as<int64_t>();
  for (int i = 0; i < spec.objectives_size(); ++i) {
    const v1::Objective& objective = spec.objectives(i);
    const std::string reference = pqxx::to_string(objective.reference());
    batch.transaction.Execute(kInsertObjective, outcome.id, i, objective.metric(),
                              objective.goal() != v1::GOAL_MINIMIZE,
                              objective.has_reference() ? reference.c_str() : nullptr);
  }
  Remember(batch, t.request_id, kUsedFor, outcome);
}

void Apply(Batch& batch, const ChangeSearchState& t, Outcome& outcome) {
  const std::string used_for = absl::StrCat("ChangeSearchState of search ", t.search_id);
  if (Replayed(batch, t.request_id, used_for, outcome)) return;
  const pqxx::result found = batch.transaction.Execute(kLockSearch, t.search_id);
  if (found.empty()) {
    outcome.status = Unknown("search", t.search_id);
    return;
  }
  const v1::SearchState is = SearchStateOf(found[0][0].c_str());
  if (is != t.to) {
    if (!MayBecome(is, t.to)) {
      outcome.status = WrongSearchState(t.search_id, is, t.to);
      return;
    }
    batch.transaction.Execute(kSetSearchState, t.search_id, std::string(ShortName(t.to)), t.reason,
                              HasEnded(t.to));
  }
  outcome.id = t.search_id;
  Remember(batch, t.request_id, used_for, outcome);
}

void Apply(Batch& batch, const DeleteSearch& t, Outcome& outcome) {
  const std::string used_for = absl::StrCat("DeleteSearch of search ", t.search_id);
  if (Replayed(batch, t.request_id, used_for, outcome)) return;
  const pqxx::result found = batch.transaction.Execute(kLockSearch, t.search_id);
  if (found.empty()) {
    outcome.status = Unknown("search", t.search_id);
    return;
  }
  const v1::SearchState is = SearchStateOf(found[0][0].c_str());
  if (!HasEnded(is)) {
    outcome.status = SearchStillRuns(t.search_id, is);
    return;
  }
  // Rows of earlier transitions of this batch must be there to be deleted.
  StoreRows(batch);
  for (const Statement& statement : kDeleteSearch)
    batch.transaction.Execute(statement, t.search_id);
  outcome.id = t.search_id;
  Remember(batch, t.request_id, used_for, outcome);
}

void Apply(Batch& batch, const PutSnapshot& t, Outcome& outcome) {
  if (batch.transaction
          .Execute(kPutSnapshot, t.search_id, t.snapshot.after_event, t.snapshot.after_trial,
                   BytesLiteral(t.snapshot.bytes))
          .empty()) {
    outcome.status = Unknown("search", t.search_id);
  }
}

void Apply(Batch& batch, const RegisterWorker& t, Outcome& outcome) {
  const auto json = MessageJson(t.registration);
  if (!json.ok()) {
    outcome.status = json.status();
    return;
  }
  const pqxx::result rows = batch.transaction.Execute(kRegisterWorker, t.registration.name(),
                                                      t.registration.evaluator_version(),
                                                      t.registration.slots_size(), *json);
  outcome.id = rows[0][0].as<int64_t>();
  batch.seen[outcome.id] = absl::FromUnixMicros(rows[0][1].as<int64_t>());
}

void Apply(Batch& batch, const PutArtifact& t, Outcome&) {
  batch.transaction.Execute(kPutArtifact, t.sha256, t.size);
}

void Apply(Batch& batch, const RemoveArtifact& t, Outcome& outcome) {
  batch.transaction.Execute(kRemoveArtifact, t.sha256);
  if (!batch.transaction.Execute(kIsArtifact, t.sha256).empty()) {
    outcome.status = ArtifactInUse(t.sha256);
  }
}

void Apply(Batch& batch, const PutDataset& t, Outcome& outcome) {
  const std::string used_for = absl::StrCat("PutDataset of ", t.dataset.name());
  if (Replayed(batch, t.request_id, used_for, outcome)) return;
  const auto json = MessageJson(t.dataset);
  if (!json.ok()) {
    outcome.status = json.status();
    return;
  }
  if (batch.transaction.Execute(kPutDataset, t.dataset.name(), t.dataset.fingerprint(), *json)
          .empty()) {
    const pqxx::result there = batch.transaction.Execute(kFindFingerprint, t.dataset.name());
    if (t.dataset.fingerprint() != there[0][0].c_str()) {
      outcome.status = DatasetExists(t.dataset.name(), there[0][0].c_str());
      return;
    }
    outcome.replayed = true;
  }
  Remember(batch, t.request_id, used_for, outcome);
}

void Apply(Batch& batch, const RemoveDataset& t, Outcome& outcome) {
  const std::string used_for = absl::StrCat("RemoveDataset of ", t.name);
  if (Replayed(batch, t.request_id, used_for, outcome)) return;
  const pqxx::result needs = batch.transaction.Execute(kSearchWithDataset, t.name);
  if (!needs.empty()) {
    outcome.status = DatasetInUse(t.name, needs[0][0].as<int64_t>(), needs[0][1].c_str());
    return;
  }
  if (batch.transaction.Execute(kRemoveDataset, t.name).empty()) {
    outcome.status = NoDataset(t.name);
    return;
  }
  Remember(batch, t.request_id, used_for, outcome);
}

}  // namespace nascent::storage::postgres
