-- An attempt that went on from a checkpoint of the one before measures only what came after it: what
-- the earlier one measured up to there counts, too.
CREATE OR REPLACE VIEW nascent_v1.measurements AS
SELECT t.search_id, t.id AS trial_id, t.number AS trial_number, k.kind, m.task_id, m.attempt,
       m.metric, m.epoch, m.step, m.value, m.measured_at,
       NOT EXISTS (SELECT FROM nascent.measurements AS later
                   WHERE later.task_id = m.task_id AND later.attempt > m.attempt
                     AND later.step <= m.step) AS counts
FROM nascent.measurements AS m
JOIN nascent.tasks AS k ON k.id = m.task_id
JOIN nascent.trials AS t ON t.id = k.trial_id;

COMMENT ON COLUMN nascent_v1.measurements.counts IS 'Whether no later attempt of the task was at this step or before it again.';

-- Who owns the database may act as the reader: `nascent sql` does.
DO $$
BEGIN
  EXECUTE format('GRANT nascent_reader TO %I', current_user);
EXCEPTION WHEN insufficient_privilege OR invalid_grant_operation OR undefined_object THEN
  RAISE NOTICE 'nascent_reader is not granted to %', current_user;
END
$$;
