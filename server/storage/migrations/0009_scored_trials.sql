-- What was only scored counts against no budget of trials: it is counted apart.
CREATE OR REPLACE VIEW nascent_v1.searches AS
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
         AS wall_seconds,
       coalesce(n.scored, 0) AS scored
FROM nascent.searches AS s
LEFT JOIN LATERAL (
  SELECT count(*) AS trials,
         count(*) FILTER (WHERE t.state NOT IN ('READY', 'CANCELLED') AND NOT t.fidelity ? 'zero_cost')
           AS finished,
         count(*) FILTER (WHERE t.state = 'FAILED') AS failed,
         count(*) FILTER (WHERE t.state NOT IN ('READY', 'CANCELLED') AND t.fidelity ? 'zero_cost')
           AS scored
  FROM nascent.trials AS t WHERE t.search_id = s.id) AS n ON true;

COMMENT ON COLUMN nascent_v1.searches.finished IS 'Trials that count against the budget: SUCCEEDED, STOPPED, SHARED or FAILED, and not only scored.';
COMMENT ON COLUMN nascent_v1.searches.scored IS 'Trials that ended by a score without training, which no budget of trials counts.';
