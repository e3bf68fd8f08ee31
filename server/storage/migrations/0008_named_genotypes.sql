-- What the numbers of a genotype stand for: a search keeps all that it decides (a list of
-- nascent.v1.SearchDecision) and, by label, the options of those that are lists. Null: submitted
-- before this.
ALTER TABLE nascent.searches ADD COLUMN decisions jsonb;
ALTER TABLE nascent.searches ADD COLUMN options jsonb;

CREATE OR REPLACE VIEW nascent_v1.trials AS
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
       t.finished_at,
       (SELECT jsonb_object_agg(d.label, CASE jsonb_typeof(s.options -> d.label)
                                           WHEN 'array' THEN s.options -> d.label -> d.value::integer
                                           ELSE d.value END)
        FROM nascent.searches AS s
        CROSS JOIN LATERAL jsonb_each(t.decisions) AS d (label, value)
        WHERE s.id = t.search_id AND s.options IS NOT NULL) AS genotype
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

COMMENT ON COLUMN nascent_v1.trials.genotype IS 'All that was decided, by name: label to the option''s value or the number; null where the search is older than this column.';

CREATE OR REPLACE VIEW nascent_v1.leaderboard AS
SELECT c.search_id,
       rank() OVER (PARTITION BY c.search_id ORDER BY c.rung DESC, c.values[1] DESC) AS rank,
       c.id AS trial_id, c.number AS trial_number, c.metric_names[1] AS metric,
       CASE WHEN c.goals[1] THEN c.values[1] ELSE -c.values[1] END AS value, c.rung, t.notation,
       t.parameters, t.multiply_accumulates, t.metrics, t.finished_at,
       t.genotype
FROM nascent.candidates AS c
JOIN nascent_v1.trials AS t ON t.id = c.id;

COMMENT ON COLUMN nascent_v1.leaderboard.genotype IS 'All that was decided, by name: label to value.';

CREATE OR REPLACE VIEW nascent_v1.pareto_front AS
WITH points AS MATERIALIZED (
  SELECT c.*, c.values[1] AS first, coalesce(c.values[2], 0) AS second FROM nascent.candidates AS c
  ORDER BY c.search_id, c.values[1] DESC)
SELECT p.search_id, p.id AS trial_id, p.number AS trial_number, t.notation,
       (SELECT jsonb_object_agg(u.metric, CASE WHEN u.maximize THEN u.value ELSE -u.value END)
        FROM unnest(p.metric_names, p.goals, p.values) AS u (metric, maximize, value)) AS objectives,
       t.parameters, t.multiply_accumulates, t.metrics, t.finished_at, t.genotype
FROM points AS p
JOIN nascent_v1.trials AS t ON t.id = p.id
WHERE NOT EXISTS (
  -- The first two objectives are compared before the function is called.
  SELECT FROM points AS q
  WHERE q.search_id = p.search_id AND q.rung >= p.rung AND q.first >= p.first
    AND q.second >= p.second AND nascent.dominates(q.values, p.values));

COMMENT ON COLUMN nascent_v1.pareto_front.genotype IS 'All that was decided, by name: label to value.';
