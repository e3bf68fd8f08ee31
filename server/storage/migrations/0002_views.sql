-- The public face for SQL users: documented views that stay when tables change, and a role that can
-- read them and write nothing. A column may be added to a view; one that is there keeps its meaning.

CREATE SCHEMA nascent_v1;
COMMENT ON SCHEMA nascent_v1 IS 'Nascent for SQL users: documented views, version 1.';

-- Whether `a` is at least as good as `b` in everything and better in something. More is better.
CREATE FUNCTION nascent.dominates(a double precision[], b double precision[]) RETURNS boolean
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS 'SELECT bool_and(u.x >= u.y) AND bool_or(u.x > u.y) FROM unnest(a, b) AS u (x, y)';

CREATE VIEW nascent_v1.trials AS
SELECT t.id, t.search_id, t.number,
       CASE WHEN t.state = 'READY' AND coalesce(k.leased, false) THEN 'LEASED' ELSE t.state END
         AS state,
       t.failure, t.error, coalesce(k.attempt, 0) AS attempt, w.name AS worker, t.key, t.key_version,
       t.notation, t.decisions, coalesce((t.fidelity ->> 'rung')::integer, 0) AS rung, t.fidelity,
       t.recipe,
       jsonb_build_object(
         'parameters', t.parameters, 'multiply_accumulates', t.multiply_accumulates,
         'published_parameters', t.published_parameters,
         'published_multiply_accumulates', t.published_multiply_accumulates,
         'activation_bytes', t.activation_bytes, 'depth', t.depth)
         || coalesce(t.shared_metrics, a.metrics, '{}') || coalesce(f.metrics, '{}') AS metrics,
       t.parameters, t.multiply_accumulates, t.published_parameters,
       t.published_multiply_accumulates, t.activation_bytes, t.depth, t.reason, t.parents,
       nullif(t.continues, 0) AS continues, t.enqueued, t.after_event, t.joined,
       nullif(t.shared_from, 0) AS shared_from,
       nullif(t.evaluation_identity, '') AS evaluation_identity,
       nullif(t.checkpoint, '') AS checkpoint, nullif(t.weights, '') AS weights, t.created_at,
       t.finished_at
FROM nascent.trials AS t
LEFT JOIN nascent.tasks AS k ON k.trial_id = t.id AND k.kind = 'TRAIN'
LEFT JOIN nascent.attempts AS a ON a.task_id = k.id AND a.attempt = k.attempt
LEFT JOIN nascent.workers AS w ON w.id = a.worker_id
LEFT JOIN LATERAL (
  SELECT jsonb_object_agg(m.key, m.value ORDER BY fk.seed_offset) AS metrics
  FROM nascent.tasks AS fk
  JOIN nascent.attempts AS fa ON fa.task_id = fk.id AND fa.attempt = fk.attempt
  CROSS JOIN LATERAL jsonb_each(fa.metrics) AS m
  WHERE fk.trial_id = t.id AND fk.kind = 'FINAL_TEST') AS f ON true;

COMMENT ON VIEW nascent_v1.trials IS 'One row per trial: what was proposed, what became of it.';
COMMENT ON COLUMN nascent_v1.trials.id IS 'Unique in this database.';
COMMENT ON COLUMN nascent_v1.trials.search_id IS 'Its search.';
COMMENT ON COLUMN nascent_v1.trials.number IS 'Within its search, from 1, without gaps.';
COMMENT ON COLUMN nascent_v1.trials.state IS 'READY, LEASED, SUCCEEDED, FAILED, STOPPED, CANCELLED or SHARED.';
COMMENT ON COLUMN nascent_v1.trials.failure IS 'Of a FAILED trial, or of the evaluation that a SHARED one refers to: DIVERGED, OUT_OF_MEMORY, CRASHED, INVALID, STALLED, POISON or UNAVAILABLE.';
COMMENT ON COLUMN nascent_v1.trials.error IS 'For people: what went wrong.';
COMMENT ON COLUMN nascent_v1.trials.attempt IS 'The current or last attempt, from 1; 0 before the first.';
COMMENT ON COLUMN nascent_v1.trials.worker IS 'The worker of that attempt.';
COMMENT ON COLUMN nascent_v1.trials.key IS 'Of the live network: equal keys are equal architectures.';
COMMENT ON COLUMN nascent_v1.trials.key_version IS 'Version of the rules that made the key.';
COMMENT ON COLUMN nascent_v1.trials.notation IS 'The genotype in the notation of its space, else JSON.';
COMMENT ON COLUMN nascent_v1.trials.decisions IS 'The genotype: label to option (from 0) or number.';
COMMENT ON COLUMN nascent_v1.trials.rung IS 'On the search''s ladder of fidelities, from 0.';
COMMENT ON COLUMN nascent_v1.trials.fidelity IS 'What was shortened, as nascent.v1.Fidelity in JSON; empty: nothing.';
COMMENT ON COLUMN nascent_v1.trials.recipe IS 'How it was trained, every default filled in, as nascent.v1.Recipe in JSON.';
COMMENT ON COLUMN nascent_v1.trials.metrics IS 'Last value of each metric, costs and the final test included.';
COMMENT ON COLUMN nascent_v1.trials.parameters IS 'Of the live network.';
COMMENT ON COLUMN nascent_v1.trials.multiply_accumulates IS 'Of the live network.';
COMMENT ON COLUMN nascent_v1.trials.published_parameters IS 'Of everything that the template builds, as papers count.';
COMMENT ON COLUMN nascent_v1.trials.published_multiply_accumulates IS 'Of everything that the template builds, as papers count.';
COMMENT ON COLUMN nascent_v1.trials.activation_bytes IS 'Peak of the outputs alive in inference, batch 1, float32.';
COMMENT ON COLUMN nascent_v1.trials.depth IS 'Operations with parameters on the longest path.';
COMMENT ON COLUMN nascent_v1.trials.reason IS 'The strategy''s word for why it was proposed.';
COMMENT ON COLUMN nascent_v1.trials.parents IS 'Numbers of the trials that it was made from; see lineage.';
COMMENT ON COLUMN nascent_v1.trials.continues IS 'Number of the trial whose checkpoint it continues from.';
COMMENT ON COLUMN nascent_v1.trials.enqueued IS 'Chosen by a program, not by the strategy.';
COMMENT ON COLUMN nascent_v1.trials.after_event IS 'Sequence of the last event that the strategy had observed.';
COMMENT ON COLUMN nascent_v1.trials.joined IS 'Waits for the trial that makes its evaluation.';
COMMENT ON COLUMN nascent_v1.trials.shared_from IS 'Id of the trial that made the evaluation; it may be deleted.';
COMMENT ON COLUMN nascent_v1.trials.evaluation_identity IS 'What may be shared: hash of key, data, recipe, fidelity, seed and evaluator.';
COMMENT ON COLUMN nascent_v1.trials.checkpoint IS 'SHA-256 of the stored checkpoint.';
COMMENT ON COLUMN nascent_v1.trials.weights IS 'SHA-256 of the stored weights.';
COMMENT ON COLUMN nascent_v1.trials.created_at IS 'When it was proposed.';
COMMENT ON COLUMN nascent_v1.trials.finished_at IS 'When it ended.';

CREATE VIEW nascent_v1.searches AS
SELECT s.id, s.name, s.project, s.owner, s.priority, s.state, s.state_reason,
       CASE jsonb_typeof(s.spec -> 'strategy')
         WHEN 'object' THEN (SELECT min(o.key) FROM jsonb_object_keys(s.spec -> 'strategy') AS o (key))
         ELSE s.spec ->> 'strategy' END AS strategy,
       s.spec #>> '{data,dataset}' AS dataset,
       (SELECT jsonb_agg(jsonb_build_object('metric', o.metric, 'goal',
                 CASE WHEN o.maximize THEN 'maximize' ELSE 'minimize' END) ORDER BY o.position)
        FROM nascent.objectives AS o WHERE o.search_id = s.id) AS objectives,
       coalesce(n.trials, 0) AS trials, coalesce(n.finished, 0) AS finished,
       coalesce(n.failed, 0) AS failed, s.space_size, s.warnings, s.spec, s.created_at,
       s.finished_at,
       extract(epoch FROM coalesce(s.finished_at, nascent.now()) - s.created_at)::double precision
         AS wall_seconds
FROM nascent.searches AS s
LEFT JOIN LATERAL (
  SELECT count(*) AS trials, count(*) FILTER (WHERE t.state NOT IN ('READY', 'CANCELLED')) AS finished,
         count(*) FILTER (WHERE t.state = 'FAILED') AS failed
  FROM nascent.trials AS t WHERE t.search_id = s.id) AS n ON true;

COMMENT ON VIEW nascent_v1.searches IS 'One row per search.';
COMMENT ON COLUMN nascent_v1.searches.id IS 'Unique in this database.';
COMMENT ON COLUMN nascent_v1.searches.name IS 'As submitted; need not be unique.';
COMMENT ON COLUMN nascent_v1.searches.project IS 'Evaluations are shared within a project.';
COMMENT ON COLUMN nascent_v1.searches.owner IS 'Who submitted it.';
COMMENT ON COLUMN nascent_v1.searches.priority IS 'Higher ones get workers first.';
COMMENT ON COLUMN nascent_v1.searches.state IS 'RUNNING, PAUSED, FINISHING, COMPLETED, CANCELLED or FAILED.';
COMMENT ON COLUMN nascent_v1.searches.state_reason IS 'For people: why it is in that state.';
COMMENT ON COLUMN nascent_v1.searches.strategy IS 'Name of the strategy.';
COMMENT ON COLUMN nascent_v1.searches.dataset IS 'Registered name of its data.';
COMMENT ON COLUMN nascent_v1.searches.objectives IS 'List of metric and goal, in order.';
COMMENT ON COLUMN nascent_v1.searches.trials IS 'Number of trials so far.';
COMMENT ON COLUMN nascent_v1.searches.finished IS 'Trials that count against the budget: SUCCEEDED, STOPPED, SHARED or FAILED.';
COMMENT ON COLUMN nascent_v1.searches.failed IS 'Trials that FAILED.';
COMMENT ON COLUMN nascent_v1.searches.space_size IS 'Number of genotypes, where it can be counted.';
COMMENT ON COLUMN nascent_v1.searches.warnings IS 'Remarks at submit.';
COMMENT ON COLUMN nascent_v1.searches.spec IS 'The search file as resolved, nascent.v1.SearchSpec in JSON.';
COMMENT ON COLUMN nascent_v1.searches.created_at IS 'When it was submitted.';
COMMENT ON COLUMN nascent_v1.searches.finished_at IS 'When it ended.';
COMMENT ON COLUMN nascent_v1.searches.wall_seconds IS 'From submit to its end or now.';

CREATE VIEW nascent_v1.attempts AS
SELECT a.task_id, a.attempt, a.trial_id, a.search_id, t.number AS trial_number, k.kind, a.state,
       a.worker_id, w.name AS worker, a.slot, a.leased_at, a.deadline, a.ended_at,
       extract(epoch FROM coalesce(a.ended_at, nascent.now()) - a.leased_at)::double precision
         AS seconds,
       a.progress, a.charged, a.failure, a.error, a.metrics, a.attempt = k.attempt AS is_last
FROM nascent.attempts AS a
JOIN nascent.tasks AS k ON k.id = a.task_id
JOIN nascent.trials AS t ON t.id = a.trial_id
JOIN nascent.workers AS w ON w.id = a.worker_id;

COMMENT ON VIEW nascent_v1.attempts IS 'One row per lease of a trial''s task by a worker.';
COMMENT ON COLUMN nascent_v1.attempts.task_id IS 'The task: a trial has one to train it, and one per final test.';
COMMENT ON COLUMN nascent_v1.attempts.attempt IS 'Number of the attempt at that task, from 1.';
COMMENT ON COLUMN nascent_v1.attempts.trial_id IS 'The task''s trial.';
COMMENT ON COLUMN nascent_v1.attempts.search_id IS 'The trial''s search.';
COMMENT ON COLUMN nascent_v1.attempts.trial_number IS 'The trial''s number in its search.';
COMMENT ON COLUMN nascent_v1.attempts.kind IS 'TRAIN or FINAL_TEST.';
COMMENT ON COLUMN nascent_v1.attempts.state IS 'RUNNING, SUCCEEDED, FAILED, STOPPED, CANCELLED, EXPIRED, RELEASED or CRASHED.';
COMMENT ON COLUMN nascent_v1.attempts.worker_id IS 'Who held the lease.';
COMMENT ON COLUMN nascent_v1.attempts.worker IS 'That worker''s name.';
COMMENT ON COLUMN nascent_v1.attempts.slot IS 'That worker''s slot, from 0.';
COMMENT ON COLUMN nascent_v1.attempts.leased_at IS 'When the lease was granted.';
COMMENT ON COLUMN nascent_v1.attempts.deadline IS 'Until when it was granted or last renewed.';
COMMENT ON COLUMN nascent_v1.attempts.ended_at IS 'When it ended.';
COMMENT ON COLUMN nascent_v1.attempts.seconds IS 'How long it held the slot so far.';
COMMENT ON COLUMN nascent_v1.attempts.progress IS 'Share of the task that was reported done.';
COMMENT ON COLUMN nascent_v1.attempts.charged IS 'Whether it counts against the limit of attempts.';
COMMENT ON COLUMN nascent_v1.attempts.failure IS 'Kind of failure, as in trials.';
COMMENT ON COLUMN nascent_v1.attempts.error IS 'For people: what went wrong.';
COMMENT ON COLUMN nascent_v1.attempts.metrics IS 'Last value of each metric that it reported.';
COMMENT ON COLUMN nascent_v1.attempts.is_last IS 'Whether it is the task''s last attempt, whose measurements count.';

CREATE VIEW nascent_v1.measurements AS
SELECT t.search_id, t.id AS trial_id, t.number AS trial_number, k.kind, m.task_id, m.attempt,
       m.metric, m.epoch, m.step, m.value, m.measured_at, m.attempt = k.attempt AS counts
FROM nascent.measurements AS m
JOIN nascent.tasks AS k ON k.id = m.task_id
JOIN nascent.trials AS t ON t.id = k.trial_id;

COMMENT ON VIEW nascent_v1.measurements IS 'One row per metric value that a worker reported while it held the lease.';
COMMENT ON COLUMN nascent_v1.measurements.search_id IS 'The trial''s search.';
COMMENT ON COLUMN nascent_v1.measurements.trial_id IS 'The trial.';
COMMENT ON COLUMN nascent_v1.measurements.trial_number IS 'The trial''s number in its search.';
COMMENT ON COLUMN nascent_v1.measurements.kind IS 'TRAIN or FINAL_TEST.';
COMMENT ON COLUMN nascent_v1.measurements.task_id IS 'The task.';
COMMENT ON COLUMN nascent_v1.measurements.attempt IS 'The attempt at it.';
COMMENT ON COLUMN nascent_v1.measurements.metric IS 'E.g. validation_accuracy; accuracies are fractions.';
COMMENT ON COLUMN nascent_v1.measurements.epoch IS 'Epochs finished when it was taken.';
COMMENT ON COLUMN nascent_v1.measurements.step IS 'Optimizer steps done when it was taken.';
COMMENT ON COLUMN nascent_v1.measurements.value IS 'Always finite.';
COMMENT ON COLUMN nascent_v1.measurements.measured_at IS 'When it was stored.';
COMMENT ON COLUMN nascent_v1.measurements.counts IS 'Whether the attempt is the task''s last one.';

CREATE VIEW nascent_v1.evaluations AS
SELECT e.identity, e.trial_id, e.search_id, e.project, e.state, e.failure, e.metrics,
       nullif(e.weights, '') AS weights, e.created_at,
       (SELECT count(*) FROM nascent.trials AS t
        WHERE t.shared_from = e.trial_id AND t.shared_from <> 0) AS shared_by
FROM nascent.evaluations AS e;

COMMENT ON VIEW nascent_v1.evaluations IS 'One row per result that other trials may use.';
COMMENT ON COLUMN nascent_v1.evaluations.identity IS 'Hash of key, data, recipe, fidelity, seed and evaluator.';
COMMENT ON COLUMN nascent_v1.evaluations.trial_id IS 'The trial that made it.';
COMMENT ON COLUMN nascent_v1.evaluations.search_id IS 'That trial''s search.';
COMMENT ON COLUMN nascent_v1.evaluations.project IS 'Where it may be shared.';
COMMENT ON COLUMN nascent_v1.evaluations.state IS 'SUCCEEDED, or FAILED when the training diverged.';
COMMENT ON COLUMN nascent_v1.evaluations.failure IS 'DIVERGED, or null.';
COMMENT ON COLUMN nascent_v1.evaluations.metrics IS 'Last value of each metric.';
COMMENT ON COLUMN nascent_v1.evaluations.weights IS 'SHA-256 of the stored weights.';
COMMENT ON COLUMN nascent_v1.evaluations.created_at IS 'When it was stored.';
COMMENT ON COLUMN nascent_v1.evaluations.shared_by IS 'Number of SHARED trials that refer to it.';

-- Trials with a result for every objective that meet the search's constraints, with the values of the
-- objectives turned so that more is better.
CREATE VIEW nascent.candidates AS
SELECT t.search_id, t.id, t.number, t.rung, o.goals, o.metric_names, o.values
FROM nascent_v1.trials AS t
JOIN nascent.searches AS s ON s.id = t.search_id
CROSS JOIN LATERAL (
  SELECT array_agg(o.maximize ORDER BY o.position) AS goals,
         array_agg(o.metric ORDER BY o.position) AS metric_names,
         array_agg((t.metrics ->> o.metric)::double precision * CASE WHEN o.maximize THEN 1 ELSE -1 END
                   ORDER BY o.position) AS values
  FROM nascent.objectives AS o WHERE o.search_id = t.search_id) AS o
WHERE t.state IN ('SUCCEEDED', 'SHARED', 'STOPPED') AND t.failure IS NULL
  AND array_position(o.values, NULL) IS NULL
  AND NOT EXISTS (
    SELECT FROM jsonb_array_elements(s.spec -> 'constraints') AS c
    WHERE coalesce((t.metrics ->> (c ->> 'metric'))::double precision
                     > (c ->> 'at_most')::double precision, c ? 'at_most')
       OR coalesce((t.metrics ->> (c ->> 'metric'))::double precision
                     < (c ->> 'at_least')::double precision, c ? 'at_least'));

CREATE VIEW nascent_v1.leaderboard AS
SELECT c.search_id,
       rank() OVER (PARTITION BY c.search_id ORDER BY c.rung DESC, c.values[1] DESC) AS rank,
       c.id AS trial_id, c.number AS trial_number, c.metric_names[1] AS metric,
       CASE WHEN c.goals[1] THEN c.values[1] ELSE -c.values[1] END AS value, c.rung, t.notation,
       t.parameters, t.multiply_accumulates, t.metrics, t.finished_at
FROM nascent.candidates AS c
JOIN nascent_v1.trials AS t ON t.id = c.id;

COMMENT ON VIEW nascent_v1.leaderboard IS 'The trials of each search that have a result and meet its constraints, best first by the first objective; higher fidelities come first.';
COMMENT ON COLUMN nascent_v1.leaderboard.search_id IS 'The search.';
COMMENT ON COLUMN nascent_v1.leaderboard.rank IS 'From 1; equal values have equal ranks.';
COMMENT ON COLUMN nascent_v1.leaderboard.trial_id IS 'The trial.';
COMMENT ON COLUMN nascent_v1.leaderboard.trial_number IS 'Its number in the search.';
COMMENT ON COLUMN nascent_v1.leaderboard.metric IS 'The first objective.';
COMMENT ON COLUMN nascent_v1.leaderboard.value IS 'Of that metric.';
COMMENT ON COLUMN nascent_v1.leaderboard.rung IS 'On the ladder of fidelities, from 0.';
COMMENT ON COLUMN nascent_v1.leaderboard.notation IS 'The genotype in the notation of its space, else JSON.';
COMMENT ON COLUMN nascent_v1.leaderboard.parameters IS 'Of the live network.';
COMMENT ON COLUMN nascent_v1.leaderboard.multiply_accumulates IS 'Of the live network.';
COMMENT ON COLUMN nascent_v1.leaderboard.metrics IS 'Last value of each metric.';
COMMENT ON COLUMN nascent_v1.leaderboard.finished_at IS 'When the trial ended.';

CREATE VIEW nascent_v1.pareto_front AS
WITH points AS MATERIALIZED (
  SELECT c.*, c.values[1] AS first, coalesce(c.values[2], 0) AS second FROM nascent.candidates AS c
  ORDER BY c.search_id, c.values[1] DESC)
SELECT p.search_id, p.id AS trial_id, p.number AS trial_number, t.notation,
       (SELECT jsonb_object_agg(u.metric, CASE WHEN u.maximize THEN u.value ELSE -u.value END)
        FROM unnest(p.metric_names, p.goals, p.values) AS u (metric, maximize, value)) AS objectives,
       t.parameters, t.multiply_accumulates, t.metrics, t.finished_at
FROM points AS p
JOIN nascent_v1.trials AS t ON t.id = p.id
WHERE NOT EXISTS (
  -- The first two objectives are compared before the function is called.
  SELECT FROM points AS q
  WHERE q.search_id = p.search_id AND q.rung >= p.rung AND q.first >= p.first
    AND q.second >= p.second AND nascent.dominates(q.values, p.values));

COMMENT ON VIEW nascent_v1.pareto_front IS 'The trials of each search that no other trial, at least as whole, beats in all objectives.';
COMMENT ON COLUMN nascent_v1.pareto_front.search_id IS 'The search.';
COMMENT ON COLUMN nascent_v1.pareto_front.trial_id IS 'The trial.';
COMMENT ON COLUMN nascent_v1.pareto_front.trial_number IS 'Its number in the search.';
COMMENT ON COLUMN nascent_v1.pareto_front.notation IS 'The genotype in the notation of its space, else JSON.';
COMMENT ON COLUMN nascent_v1.pareto_front.objectives IS 'Value of each objective.';
COMMENT ON COLUMN nascent_v1.pareto_front.parameters IS 'Of the live network.';
COMMENT ON COLUMN nascent_v1.pareto_front.multiply_accumulates IS 'Of the live network.';
COMMENT ON COLUMN nascent_v1.pareto_front.metrics IS 'Last value of each metric.';
COMMENT ON COLUMN nascent_v1.pareto_front.finished_at IS 'When the trial ended.';

CREATE VIEW nascent_v1.lineage AS
SELECT t.search_id, t.id AS trial_id, t.number AS trial_number, 'PARENT' AS relation,
       p.id AS ancestor_id, p.number AS ancestor_number, t.reason
FROM nascent.trials AS t
CROSS JOIN LATERAL unnest(t.parents) AS u (number)
JOIN nascent.trials AS p ON p.search_id = t.search_id AND p.number = u.number
UNION ALL
SELECT t.search_id, t.id, t.number, 'CONTINUES', p.id, p.number, t.reason
FROM nascent.trials AS t
JOIN nascent.trials AS p ON p.search_id = t.search_id AND p.number = t.continues
WHERE t.continues <> 0
UNION ALL
SELECT t.search_id, t.id, t.number, 'SHARED', p.id, p.number, t.reason
FROM nascent.trials AS t
JOIN nascent.trials AS p ON p.id = t.shared_from
WHERE t.shared_from <> 0;

COMMENT ON VIEW nascent_v1.lineage IS 'One row for each trial and each trial that it came from.';
COMMENT ON COLUMN nascent_v1.lineage.search_id IS 'The search of the younger trial.';
COMMENT ON COLUMN nascent_v1.lineage.trial_id IS 'The younger trial.';
COMMENT ON COLUMN nascent_v1.lineage.trial_number IS 'Its number in the search.';
COMMENT ON COLUMN nascent_v1.lineage.relation IS 'PARENT: its genotype was made from the older one''s; CONTINUES: its training goes on from there; SHARED: the older one made its evaluation.';
COMMENT ON COLUMN nascent_v1.lineage.ancestor_id IS 'The older trial.';
COMMENT ON COLUMN nascent_v1.lineage.ancestor_number IS 'Its number, in its own search.';
COMMENT ON COLUMN nascent_v1.lineage.reason IS 'The strategy''s word for why the younger one was proposed.';

CREATE VIEW nascent_v1.workers AS
SELECT w.id, w.name, w.evaluator_version, w.slots,
       coalesce((SELECT array_agg(d.device ->> 'kind') FROM jsonb_array_elements(w.registration -> 'slots')
                 AS d (device)), '{}') AS devices,
       coalesce(w.registration -> 'labels', '{}') AS labels, w.registered_at, w.last_seen_at,
       (SELECT count(*) FROM nascent.tasks AS k
        JOIN nascent.attempts AS a ON a.task_id = k.id AND a.attempt = k.attempt
        WHERE k.leased AND a.worker_id = w.id) AS busy_slots
FROM nascent.workers AS w;

COMMENT ON VIEW nascent_v1.workers IS 'One row per worker that ever registered.';
COMMENT ON COLUMN nascent_v1.workers.id IS 'Stays with the name.';
COMMENT ON COLUMN nascent_v1.workers.name IS 'Unique.';
COMMENT ON COLUMN nascent_v1.workers.evaluator_version IS 'Of its program.';
COMMENT ON COLUMN nascent_v1.workers.slots IS 'How many tasks it does at a time.';
COMMENT ON COLUMN nascent_v1.workers.devices IS 'Kind of device of each slot.';
COMMENT ON COLUMN nascent_v1.workers.labels IS 'What it says of itself.';
COMMENT ON COLUMN nascent_v1.workers.registered_at IS 'First registration.';
COMMENT ON COLUMN nascent_v1.workers.last_seen_at IS 'Last registration, lease or renewal, to five seconds.';
COMMENT ON COLUMN nascent_v1.workers.busy_slots IS 'Tasks that it holds now.';

CREATE VIEW nascent_v1.events AS
SELECT e.search_id, e.sequence, e.kind, e.trial_number, e.epoch, nullif(e.state, '') AS state,
       nullif(e.failure, '') AS failure, e.metrics, e.seconds, e.created_at
FROM nascent.events AS e;

COMMENT ON VIEW nascent_v1.events IS 'What each search''s strategy observed, in its order.';
COMMENT ON COLUMN nascent_v1.events.search_id IS 'The search.';
COMMENT ON COLUMN nascent_v1.events.sequence IS 'Within the search, from 1, without gaps.';
COMMENT ON COLUMN nascent_v1.events.kind IS 'MEASURED: an epoch ended; FINISHED: a trial ended.';
COMMENT ON COLUMN nascent_v1.events.trial_number IS 'The trial.';
COMMENT ON COLUMN nascent_v1.events.epoch IS 'Epochs finished.';
COMMENT ON COLUMN nascent_v1.events.state IS 'How the trial ended.';
COMMENT ON COLUMN nascent_v1.events.failure IS 'Of a trial that failed.';
COMMENT ON COLUMN nascent_v1.events.metrics IS 'What was seen.';
COMMENT ON COLUMN nascent_v1.events.seconds IS 'That the trial had held a slot.';
COMMENT ON COLUMN nascent_v1.events.created_at IS 'When it was stored.';

CREATE VIEW nascent_v1.fenced_reports AS
SELECT f.id, k.search_id, k.trial_id, f.task_id, f.attempt, f.kind, f.report, f.received_at
FROM nascent.fenced_reports AS f
LEFT JOIN nascent.tasks AS k ON k.id = f.task_id;

COMMENT ON VIEW nascent_v1.fenced_reports IS 'Reports that came after their lease was lost; they changed nothing.';
COMMENT ON COLUMN nascent_v1.fenced_reports.id IS 'Rises with time.';
COMMENT ON COLUMN nascent_v1.fenced_reports.search_id IS 'The search.';
COMMENT ON COLUMN nascent_v1.fenced_reports.trial_id IS 'The trial.';
COMMENT ON COLUMN nascent_v1.fenced_reports.task_id IS 'The task.';
COMMENT ON COLUMN nascent_v1.fenced_reports.attempt IS 'The attempt that had lost its lease.';
COMMENT ON COLUMN nascent_v1.fenced_reports.kind IS 'RENEW, FINISH, RETURN or SET_WEIGHTS.';
COMMENT ON COLUMN nascent_v1.fenced_reports.report IS 'What it said.';
COMMENT ON COLUMN nascent_v1.fenced_reports.received_at IS 'When it came.';

CREATE VIEW nascent_v1.coordinators AS
SELECT t.term, t.holder, t.acquired_at, t.deadline, t.ended_at FROM nascent.terms AS t;

COMMENT ON VIEW nascent_v1.coordinators IS 'Who was the active coordinator, and when.';
COMMENT ON COLUMN nascent_v1.coordinators.term IS 'Rises with each change.';
COMMENT ON COLUMN nascent_v1.coordinators.holder IS 'The coordinator''s name.';
COMMENT ON COLUMN nascent_v1.coordinators.acquired_at IS 'When it became active.';
COMMENT ON COLUMN nascent_v1.coordinators.deadline IS 'Until when nobody may take over.';
COMMENT ON COLUMN nascent_v1.coordinators.ended_at IS 'When it ended; null: it is the active one.';

CREATE VIEW nascent_v1.datasets AS
SELECT d.name, d.fingerprint, d.dataset ->> 'kind' AS kind,
       (d.dataset ->> 'classes')::bigint AS classes, d.dataset, d.created_at
FROM nascent.datasets AS d;

COMMENT ON VIEW nascent_v1.datasets IS 'Registered data sets.';
COMMENT ON COLUMN nascent_v1.datasets.name IS 'As searches name it.';
COMMENT ON COLUMN nascent_v1.datasets.fingerprint IS 'SHA-256 of kind, shape, classes and content.';
COMMENT ON COLUMN nascent_v1.datasets.kind IS 'What a label is.';
COMMENT ON COLUMN nascent_v1.datasets.classes IS 'Number of classes.';
COMMENT ON COLUMN nascent_v1.datasets.dataset IS 'As nascent.v1.Dataset in JSON.';
COMMENT ON COLUMN nascent_v1.datasets.created_at IS 'When it was registered.';

CREATE VIEW nascent_v1.artifacts AS
SELECT a.sha256, a.size, a.created_at FROM nascent.artifacts AS a;

COMMENT ON VIEW nascent_v1.artifacts IS 'Stored bytes: data, checkpoints, weights.';
COMMENT ON COLUMN nascent_v1.artifacts.sha256 IS 'Of the content; its name.';
COMMENT ON COLUMN nascent_v1.artifacts.size IS 'In bytes.';
COMMENT ON COLUMN nascent_v1.artifacts.created_at IS 'When it was stored whole.';

-- The role is made where that is permitted; an administrator may make it before. It has no password,
-- so it can log in only where that needs none, until it is given one.
DO $do$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'nascent_reader') THEN
    CREATE ROLE nascent_reader LOGIN;
    ALTER ROLE nascent_reader SET default_transaction_read_only = on;
    ALTER ROLE nascent_reader SET statement_timeout = '5min';
  END IF;
EXCEPTION
  -- Not permitted, or made at this moment from another database of the same server.
  WHEN insufficient_privilege OR duplicate_object OR unique_violation THEN NULL;
END
$do$;
DO $do$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'nascent_reader') THEN
    GRANT USAGE ON SCHEMA nascent_v1 TO nascent_reader;
    GRANT SELECT ON ALL TABLES IN SCHEMA nascent_v1 TO nascent_reader;
  END IF;
END
$do$;
