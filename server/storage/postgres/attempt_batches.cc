// Leases: granted, renewed, ended.

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/storage/outcomes.h"
#include "server/storage/postgres/batch.h"

namespace nascent::storage::postgres {
namespace {

constexpr absl::Duration kSeenPrecision = absl::Seconds(5);

// A request that has a lease already gets no other.
constexpr Statement kGrantLeases = {"grant_leases", R"sql(
WITH input AS (
  SELECT * FROM unnest($1::bigint[], $2::integer[], $3::bigint[], $4::integer[],
                       $5::double precision[], $6::text[], $7::text[], $8::text[])
    AS i (task_id, attempt, worker_id, slot, seconds, request_id, evaluator, identity)),
granted AS (
  UPDATE nascent.tasks AS k SET attempt = i.attempt, leased = true
  FROM input AS i JOIN nascent.workers AS w ON w.id = i.worker_id
  WHERE k.id = i.task_id AND k.attempt = i.attempt - 1 AND NOT k.leased AND NOT k.finished
    AND NOT EXISTS (SELECT FROM nascent.attempts AS a WHERE a.lease_request_id = i.request_id)
  RETURNING k.id, i.attempt, k.trial_id, k.search_id, i.worker_id, i.slot, i.seconds, i.request_id,
            i.evaluator, i.identity)
INSERT INTO nascent.attempts
  (task_id, attempt, state, trial_id, search_id, worker_id, slot, leased_at, deadline,
   lease_request_id, evaluator, evaluation_identity)
SELECT g.id, g.attempt, 'RUNNING', g.trial_id, g.search_id, g.worker_id, g.slot, c.now,
       c.now + g.seconds * interval '1 second', g.request_id, g.evaluator, g.identity
FROM (SELECT nascent.now() AS now) AS c, granted AS g
RETURNING task_id, nascent.microseconds(deadline), nascent.microseconds(leased_at)
)sql"};

constexpr Statement kFindLeaseOfRequest = {"find_lease_of_request", R"sql(
SELECT task_id, nascent.microseconds(deadline) FROM nascent.attempts WHERE lease_request_id = $1
)sql"};

constexpr Statement kFindTaskAndWorker = {"find_task_and_worker", R"sql(
SELECT k.attempt, k.leased, k.finished, EXISTS (SELECT FROM nascent.workers AS w WHERE w.id = $2)
FROM nascent.tasks AS k WHERE k.id = $1
)sql"};

constexpr Statement kRenewLeases = {"renew_leases", R"sql(
WITH input AS (
  SELECT * FROM unnest($1::bigint[], $2::integer[], $3::double precision[], $4::double precision[],
                       $5::jsonb[])
    AS i (task_id, attempt, seconds, progress, metrics))
UPDATE nascent.attempts AS a
SET deadline = c.now + i.seconds * interval '1 second', progress = i.progress,
    metrics = a.metrics || i.metrics
FROM (SELECT nascent.now() AS now) AS c, input AS i
WHERE a.task_id = i.task_id AND a.attempt = i.attempt AND a.state = 'RUNNING'
RETURNING a.task_id, nascent.microseconds(a.deadline), nascent.microseconds(c.now), a.search_id,
          a.worker_id, a.attempt
)sql"};

// The trial ends with its training; a final test leaves its state alone.
constexpr Statement kFinishAttempts = {"finish_attempts", R"sql(
WITH input AS (
  SELECT * FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::text[],
                       $7::text[], $8::jsonb[])
    AS i (task_id, attempt, state, failure, error, checkpoint, request_id, metrics)),
ended AS (
  UPDATE nascent.attempts AS a
  SET state = i.state, ended_at = c.now, metrics = a.metrics || i.metrics, failure = i.failure,
      error = i.error, end_request_id = i.request_id
  FROM (SELECT nascent.now() AS now) AS c, input AS i
  WHERE a.task_id = i.task_id AND a.attempt = i.attempt AND a.state = 'RUNNING'
  RETURNING a.task_id, a.trial_id, a.search_id, a.state, a.failure, a.error, i.checkpoint,
            a.metrics, a.ended_at, a.evaluator, a.evaluation_identity),
closed AS (
  UPDATE nascent.tasks AS k SET leased = false, finished = true
  FROM ended AS e WHERE k.id = e.task_id
  RETURNING k.kind, e.*),
result AS (
  UPDATE nascent.trials AS t
  SET state = c.state, failure = c.failure, error = c.error, checkpoint = c.checkpoint,
      finished_at = c.ended_at, evaluator = c.evaluator,
      evaluation_identity = coalesce(nullif(c.evaluation_identity, ''), t.evaluation_identity)
  FROM closed AS c WHERE t.id = c.trial_id AND c.kind = 'TRAIN'
  RETURNING t.id, t.search_id, t.evaluation_identity, t.evaluator, c.state, c.failure, c.metrics,
            c.ended_at),
evaluation AS (
  INSERT INTO nascent.evaluations
    (trial_id, search_id, project, identity, state, failure, metrics, created_at, evaluator)
  SELECT r.id, r.search_id, s.project, r.evaluation_identity, r.state, r.failure, r.metrics,
         r.ended_at, r.evaluator
  FROM result AS r JOIN nascent.searches AS s ON s.id = r.search_id
  WHERE r.evaluation_identity <> ''
    AND (r.state = 'SUCCEEDED' OR (r.state = 'FAILED' AND r.failure = 'DIVERGED')))
SELECT task_id, search_id FROM ended
)sql"};

constexpr Statement kReturnAttempt = {"return_attempt", R"sql(
WITH ended AS (
  UPDATE nascent.attempts
  SET state = $3, ended_at = nascent.now(), charged = $4::boolean, failure = $5, error = $6,
      end_request_id = nullif($7, ''), metrics = metrics || $9::jsonb
  WHERE task_id = $1 AND attempt = $2 AND state = 'RUNNING'
  RETURNING task_id, charged, evaluator)
UPDATE nascent.tasks AS k
SET leased = false, charged = k.charged + e.charged::integer,
    checkpoint = coalesce(nullif($8, ''), k.checkpoint),
    checkpoint_evaluator = CASE WHEN $8 = '' THEN k.checkpoint_evaluator ELSE e.evaluator END
FROM ended AS e WHERE k.id = e.task_id
RETURNING k.id
)sql"};

// Where each item's task is found again in a result.
absl::flat_hash_map<int64_t, size_t> Places(const pqxx::result& rows) {
  absl::flat_hash_map<int64_t, size_t> places;
  places.reserve(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    places.emplace(rows[static_cast<int>(i)][0].as<int64_t>(), i);
  }
  return places;
}

absl::Time TimeIn(const pqxx::field& field) { return absl::FromUnixMicros(field.as<int64_t>()); }

void Saw(Batch& batch, int64_t worker_id, absl::Time now) {
  const auto [seen, is_new] = batch.seen.try_emplace(worker_id, now);
  if (!is_new && now - seen->second < kSeenPrecision) return;
  seen->second = now;
  batch.active_workers.push_back(worker_id);
}

void ExplainGrant(Batch& batch, const GrantLease& t, Outcome& outcome) {
  if (!t.request_id.empty()) {
    const pqxx::result lease = batch.transaction.Execute(kFindLeaseOfRequest, t.request_id);
    if (!lease.empty()) {
      outcome.id = lease[0][0].as<int64_t>();
      outcome.deadline = TimeIn(lease[0][1]);
      outcome.replayed = true;
      return;
    }
  }
  const pqxx::result found = batch.transaction.Execute(kFindTaskAndWorker, t.task_id, t.worker_id);
  if (found.empty()) {
    outcome.status = Unknown("task", t.task_id);
  } else if (!found[0][3].as<bool>()) {
    outcome.status = Unknown("worker", t.worker_id);
  } else {
    outcome.status = TaskNotFree(t.task_id, t.attempt, found[0][0].as<int>(),
                                 found[0][1].as<bool>(), found[0][2].as<bool>());
  }
}

}  // namespace

void ApplyGrants(Batch& batch, const Items& items) {
  SqlArray tasks, attempts, workers, slots, seconds, requests, evaluators, identities;
  for (const size_t item : items) {
    const auto& t = batch.Get<GrantLease>(item);
    tasks.Add(t.task_id);
    attempts.Add(t.attempt);
    workers.Add(t.worker_id);
    slots.Add(t.slot);
    seconds.Add(absl::ToDoubleSeconds(t.duration));
    requests.AddOrNull(t.request_id);
    evaluators.Add(t.evaluator);
    identities.Add(t.evaluation_identity);
  }
  const pqxx::result rows = batch.transaction.Execute(
      kGrantLeases, tasks.Take(), attempts.Take(), workers.Take(), slots.Take(), seconds.Take(),
      requests.Take(), evaluators.Take(), identities.Take());
  const auto places = Places(rows);
  for (const size_t item : items) {
    const auto& t = batch.Get<GrantLease>(item);
    Outcome& outcome = batch.outcomes[item];
    const auto place = places.find(t.task_id);
    if (place == places.end()) {
      ExplainGrant(batch, t, outcome);
      continue;
    }
    const pqxx::row row = rows[static_cast<int>(place->second)];
    outcome.id = t.task_id;
    outcome.deadline = TimeIn(row[1]);
    Saw(batch, t.worker_id, TimeIn(row[2]));
  }
}

void ApplyRenewals(Batch& batch, const Items& items) {
  // A lease that is renewed several times has one row to write, with what all of them bring.
  using Lease = std::pair<int64_t, int>;
  absl::flat_hash_map<Lease, Items> renewals;
  for (const size_t item : items) {
    const AttemptId& attempt = batch.Get<RenewLease>(item).attempt;
    renewals[Lease(attempt.task_id, attempt.attempt)].push_back(item);
  }
  SqlArray tasks, attempts, seconds, progress, metrics;
  for (const auto& [lease, of_lease] : renewals) {
    const auto& last = batch.Get<RenewLease>(of_lease.back());
    tasks.Add(lease.first);
    attempts.Add(lease.second);
    seconds.Add(absl::ToDoubleSeconds(last.duration));
    progress.Add(last.progress);
    std::vector<v1::Measurement> together;
    for (const size_t item : of_lease) {
      const auto& measurements = batch.Get<RenewLease>(item).measurements;
      together.insert(together.end(), measurements.begin(), measurements.end());
    }
    metrics.Add(MetricsJson(together));
  }
  const pqxx::result rows = batch.transaction.Execute(
      kRenewLeases, tasks.Take(), attempts.Take(), seconds.Take(), progress.Take(), metrics.Take());
  absl::flat_hash_map<Lease, int> places;
  for (int i = 0; i < static_cast<int>(rows.size()); ++i) {
    places.emplace(Lease(rows[i][0].as<int64_t>(), rows[i][5].as<int>()), i);
  }
  for (const size_t item : items) {
    const auto& t = batch.Get<RenewLease>(item);
    Outcome& outcome = batch.outcomes[item];
    outcome.id = t.attempt.task_id;
    const auto place = places.find(Lease(t.attempt.task_id, t.attempt.attempt));
    if (place == places.end()) {
      ExplainRefusal(batch, {t.attempt, t.request_id, "RENEW", MetricsJson(t.measurements)},
                     outcome);
      continue;
    }
    const pqxx::row row = rows[place->second];
    outcome.deadline = TimeIn(row[1]);
    batch.measurements.Add(t.attempt, t.measurements);
    batch.events.Add(row[3].as<int64_t>(), t.events);
    Saw(batch, row[4].as<int64_t>(), TimeIn(row[2]));
  }
}

void ApplyFinishes(Batch& batch, const Items& items) {
  SqlArray tasks, attempts, states, failures, errors, checkpoints, requests, metrics;
  for (const size_t item : items) {
    const auto& t = batch.Get<FinishAttempt>(item);
    tasks.Add(t.attempt.task_id);
    attempts.Add(t.attempt.attempt);
    states.Add(ShortName(t.state));
    failures.AddOrNull(FailureName(t.failure));
    errors.Add(t.error);
    checkpoints.Add(t.checkpoint);
    requests.AddOrNull(t.request_id);
    metrics.Add(MetricsJson(t.measurements));
  }
  const pqxx::result rows = batch.transaction.Execute(
      kFinishAttempts, tasks.Take(), attempts.Take(), states.Take(), failures.Take(), errors.Take(),
      checkpoints.Take(), requests.Take(), metrics.Take());
  const auto places = Places(rows);
  for (const size_t item : items) {
    const auto& t = batch.Get<FinishAttempt>(item);
    Outcome& outcome = batch.outcomes[item];
    outcome.id = t.attempt.task_id;
    const auto place = places.find(t.attempt.task_id);
    if (place == places.end()) {
      ExplainRefusal(batch, {t.attempt, t.request_id, "FINISH", MetricsJson(t.measurements)},
                     outcome);
      continue;
    }
    batch.measurements.Add(t.attempt, t.measurements);
    batch.events.Add(rows[static_cast<int>(place->second)][1].as<int64_t>(), t.events);
  }
}

void Apply(Batch& batch, const ReturnAttempt& t, Outcome& outcome) {
  outcome.id = t.attempt.task_id;
  const std::string metrics = MetricsJson(t.measurements);
  const pqxx::result rows = batch.transaction.Execute(
      kReturnAttempt, t.attempt.task_id, t.attempt.attempt, std::string(ShortName(t.how)),
      t.charged, OrNull(FailureName(t.failure)), t.error, t.request_id, t.checkpoint, metrics);
  if (rows.empty()) {
    ExplainRefusal(batch, {t.attempt, t.request_id, "RETURN", metrics}, outcome);
  } else {
    batch.measurements.Add(t.attempt, t.measurements);
  }
}

}  // namespace nascent::storage::postgres
