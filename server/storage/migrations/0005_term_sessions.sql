-- A coordinator that died left its session: whoever waits for its term need not wait until it runs out.
-- A session is told by its process and start, as PostgreSQL uses numbers of processes again.
ALTER TABLE nascent.terms ADD COLUMN session_process integer;
ALTER TABLE nascent.terms ADD COLUMN session_start timestamptz;
