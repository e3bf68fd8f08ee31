-- Constraints may bound arithmetic over costs ("parameters / 1e6 + depth"). Those held before the trial
-- ran and have no metric, so that only constraints on something with a name are looked at here.
CREATE OR REPLACE VIEW nascent.candidates AS
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
    -- Arithmetic: an operator or a call, and the name of a cost in it.
    WHERE NOT (c ->> 'metric' ~ '[-+*/%( ]'
               AND c ->> 'metric' ~ '\m(published_)?(parameters|multiply_accumulates)\M|\m(activation_bytes|depth)\M')
      AND (coalesce((t.metrics ->> (c ->> 'metric'))::double precision
                      > (c ->> 'at_most')::double precision, c ? 'at_most')
        OR coalesce((t.metrics ->> (c ->> 'metric'))::double precision
                      < (c ->> 'at_least')::double precision, c ? 'at_least')));
