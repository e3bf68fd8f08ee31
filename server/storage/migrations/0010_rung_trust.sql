-- How far the rungs of a ladder can be trusted. The statistic is that of common/rank_agreement.h.
CREATE VIEW nascent_v1.rung_trust AS
SELECT s.id AS search_id, r.rung, coalesce(n.known, 0) AS known, coalesce(n.promoted, 0) AS promoted,
       coalesce(n.calibrating, 0) AS calibrating, r.tau_top, r.tau_top_error, r.tau, r.tau_error
FROM nascent.searches AS s
-- What candidates are judged by where they are trained.
CROSS JOIN LATERAL (
  SELECT o.metric, CASE WHEN o.maximize THEN 1 ELSE -1 END AS sign
  FROM nascent.objectives AS o WHERE o.search_id = s.id
  ORDER BY o.metric ~ '\m(published_)?(parameters|multiply_accumulates)\M|\m(activation_bytes|depth)\M'
             OR o.metric IN ('epe_nas', 'fisher', 'grad_norm', 'grasp', 'jacov', 'l2_norm', 'nwot',
                             'plain', 'snip', 'synflow', 'zen', 'zico'),
           o.position
  LIMIT 1) AS o
CROSS JOIN LATERAL (
  SELECT coalesce(max(jsonb_array_length(l.list)), 0) - 2 AS last
  FROM (SELECT s.spec #> ARRAY['fidelities', f.name]
        FROM unnest(ARRAY['rungs', 'epochs', 'train_share', 'resolution']) AS f (name)
        UNION ALL
        SELECT c.value -> 'factors'
        FROM jsonb_each(coalesce(s.spec #> '{fidelities,constants}', '{}')) AS c) AS l (list)) AS ladder
CROSS JOIN LATERAL (
  WITH ended AS MATERIALIZED (
    SELECT t.number, t.rung, t.continues, t.reason LIKE '%calibration of rung %' AS sampled,
           CASE WHEN t.state IN ('SUCCEEDED', 'SHARED') AND t.failure IS NULL THEN
             CASE WHEN t.fidelity ? 'zero_cost' THEN (t.metrics ->> (t.fidelity ->> 'zero_cost'))::double precision
                  ELSE o.sign * (t.metrics ->> o.metric)::double precision END END AS value
    FROM nascent_v1.trials AS t
    WHERE t.search_id = s.id AND ladder.last >= 0
      AND t.state IN ('SUCCEEDED', 'SHARED', 'STOPPED', 'FAILED')),
  climbed AS MATERIALIZED (
    SELECT l.rung, u.number, u.sampled, l.value AS lower, u.value AS upper,
           row_number() OVER (PARTITION BY l.rung, u.sampled, u.value IS NULL ORDER BY u.number DESC)
             AS place
    FROM ended AS u
    JOIN ended AS l ON l.number = u.continues AND l.rung = u.rung - 1 AND NOT l.sampled
    WHERE l.value IS NOT NULL),
  numbers AS MATERIALIZED (
    SELECT e.rung, e.known, e.known - coalesce(c.promoted, 0) AS losers,
           coalesce(c.judged, 0) AS judged, coalesce(c.judged_sample, 0) AS judged_sample,
           greatest(least(c.judged_sample, 1000), 0) AS sample
    FROM (SELECT x.rung, count(*) AS known FROM ended AS x
          WHERE x.value IS NOT NULL AND NOT x.sampled GROUP BY x.rung) AS e
    LEFT JOIN (SELECT y.rung, count(*) FILTER (WHERE NOT y.sampled) AS promoted,
                      count(y.upper) FILTER (WHERE NOT y.sampled) AS judged,
                      count(y.upper) FILTER (WHERE y.sampled) AS judged_sample
               FROM climbed AS y GROUP BY y.rung) AS c ON c.rung = e.rung),
  judged AS MATERIALIZED (
    SELECT * FROM climbed AS c WHERE c.upper IS NOT NULL AND c.place <= 1000),
  -- Of each candidate, over its pairs with all others: how many agree less how many do not, and how
  -- many differ on each rung. A loser stands for as many as were not promoted.
  sums AS MATERIALIZED (
    SELECT a.rung, g.top, a.number,
           sum(w.weight * sign(a.lower - b.lower) * sign(a.upper - b.upper)) AS agreement,
           sum(w.weight * abs(sign(a.lower - b.lower))) AS lower,
           sum(w.weight * abs(sign(a.upper - b.upper))) AS upper
    FROM judged AS a
    JOIN judged AS b ON b.rung = a.rung AND b.number <> a.number
    JOIN numbers AS n ON n.rung = a.rung
    CROSS JOIN (VALUES (true), (false)) AS g (top)
    CROSS JOIN LATERAL (
      SELECT CASE WHEN a.sampled AND b.sampled THEN
                    greatest(n.losers, n.sample)::double precision / n.sample
                    * (greatest(n.losers, n.sample) - 1) / (n.sample - 1)
                  WHEN a.sampled OR b.sampled THEN
                    greatest(n.losers, n.sample)::double precision / n.sample
                  ELSE 1 END AS weight) AS w
    WHERE NOT (g.top AND (a.sampled OR b.sampled)) AND (g.top OR n.sample > 0)
    GROUP BY a.rung, g.top, a.number),
  totals AS MATERIALIZED (
    SELECT x.rung, x.top, count(*)::double precision AS n, sum(x.agreement) / 2 AS agreement,
           sum(x.lower) / 2 AS lower, sum(x.upper) / 2 AS upper
    FROM sums AS x GROUP BY x.rung, x.top),
  -- Left out are totals without a tau, and those that have none once one candidate is left out.
  taus AS (
    SELECT t.rung, t.top, t.n, m.tau, sum(j.tau - m.tau) AS moved,
           sum((j.tau - m.tau) * (j.tau - m.tau)) AS squares
    FROM totals AS t
    JOIN sums AS x ON x.rung = t.rung AND x.top = t.top
    CROSS JOIN LATERAL (
      SELECT CASE WHEN least(t.lower, t.upper) > 1e-9
                  THEN greatest(-1, least(1, t.agreement / sqrt(t.lower * t.upper))) END AS tau) AS m
    CROSS JOIN LATERAL (
      SELECT CASE WHEN least(t.lower - x.lower, t.upper - x.upper) > 1e-9
                  THEN greatest(-1, least(1, (t.agreement - x.agreement)
                                             / sqrt((t.lower - x.lower) * (t.upper - x.upper)))) END
               AS tau) AS j
    WHERE t.n >= 3
    GROUP BY t.rung, t.top, t.n, m.tau
    HAVING m.tau IS NOT NULL AND bool_and(j.tau IS NOT NULL)),
  errors AS (
    SELECT t.rung, t.top, t.tau,
           CASE WHEN v.error < 1e-9 THEN sqrt(2 * (2 * t.n + 5) / (9 * t.n * (t.n - 1)))
                ELSE v.error END AS error
    FROM taus AS t
    CROSS JOIN LATERAL (
      SELECT sqrt(greatest((t.n - 1) / t.n * (t.squares - t.moved * t.moved / t.n), 0)) AS error) AS v)
  SELECT g.rung, n.known, n.judged AS promoted, n.judged_sample AS calibrating, e.tau AS tau_top,
         e.error AS tau_top_error, a.tau, a.error AS tau_error
  FROM generate_series(0, ladder.last) AS g (rung)
  LEFT JOIN numbers AS n ON n.rung = g.rung
  LEFT JOIN errors AS e ON e.rung = g.rung AND e.top
  LEFT JOIN errors AS a ON a.rung = g.rung AND NOT a.top) AS r
CROSS JOIN LATERAL (SELECT r.known, r.promoted, r.calibrating) AS n;

COMMENT ON VIEW nascent_v1.rung_trust IS 'One row per search with a ladder of fidelities and rung but the last: whether the next rung orders candidates as this one does.';
COMMENT ON COLUMN nascent_v1.rung_trust.search_id IS 'The search.';
COMMENT ON COLUMN nascent_v1.rung_trust.rung IS 'The lower of two neighbouring rungs, from 0.';
COMMENT ON COLUMN nascent_v1.rung_trust.known IS 'Candidates with a value on it: the score where the rung is one, else the first objective that only training shows.';
COMMENT ON COLUMN nascent_v1.rung_trust.promoted IS 'Of these, promoted ones with a value on the next rung, too.';
COMMENT ON COLUMN nascent_v1.rung_trust.calibrating IS 'And random losers with one, as fidelities.calibrate asks for.';
COMMENT ON COLUMN nascent_v1.rung_trust.tau_top IS 'Kendall''s tau-b between both rungs among the last 1,000 promoted ones; null: not known, as they are fewer than three or all equal on a rung.';
COMMENT ON COLUMN nascent_v1.rung_trust.tau_top_error IS 'Its standard error by the jackknife.';
COMMENT ON COLUMN nascent_v1.rung_trust.tau IS 'Estimate of tau-b among all that are known, each random loser weighted for those that were not promoted; null: no loser went up.';
COMMENT ON COLUMN nascent_v1.rung_trust.tau_error IS 'Its standard error by the jackknife.';

DO $do$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'nascent_reader') THEN
    GRANT SELECT ON nascent_v1.rung_trust TO nascent_reader;
  END IF;
END
$do$;
