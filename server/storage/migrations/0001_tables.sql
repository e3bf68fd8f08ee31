-- The tables. Private: SQL users read the views of nascent_v1, which stay when tables change.
--
-- Words in capitals are those of the contract's enumerations (TRIAL_STATE_READY is 'READY').
-- Identifiers rise with time, so the indices on them grow at their right end, which is cheap; the hot
-- path (lease, renew, finish) changes only columns that no index has, so its updates stay on their
-- page (heap-only tuples, hence the fill factors).

CREATE SCHEMA nascent;

-- The one clock. Tests replace it.
CREATE FUNCTION nascent.now() RETURNS timestamptz
  LANGUAGE sql VOLATILE AS 'SELECT clock_timestamp()';

CREATE FUNCTION nascent.microseconds(moment timestamptz) RETURNS bigint
  LANGUAGE sql IMMUTABLE STRICT AS 'SELECT (extract(epoch FROM moment) * 1000000)::bigint';

-- Who was the active coordinator, and when. Every write of a coordinator goes through the row of its
-- term: the row's lock keeps a term from ending within a write, `ended_at` refuses the writes of a
-- lost term, and `batch` (one more with each transaction) tells whether a commit whose answer was lost
-- took place.
CREATE TABLE nascent.terms (
  term bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  holder text NOT NULL CHECK (holder <> ''),
  acquired_at timestamptz NOT NULL,
  deadline timestamptz NOT NULL,
  ended_at timestamptz,
  batch bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 20);
-- At most one coordinator; AcquireTerm finds it.
CREATE UNIQUE INDEX terms_active ON nascent.terms ((true)) WHERE ended_at IS NULL;

-- First answers of requests that have no natural key.
CREATE TABLE nascent.requests (
  request_id text PRIMARY KEY,
  used_for text NOT NULL,
  id bigint NOT NULL,
  created_at timestamptz NOT NULL
);

CREATE TABLE nascent.searches (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL CHECK (name <> ''),
  project text NOT NULL,
  owner text NOT NULL,
  priority integer NOT NULL,
  state text NOT NULL
    CHECK (state IN ('RUNNING', 'PAUSED', 'FINISHING', 'COMPLETED', 'CANCELLED', 'FAILED')),
  state_reason text NOT NULL DEFAULT '',
  spec jsonb NOT NULL,
  space_size text NOT NULL,
  warnings text[] NOT NULL,
  created_at timestamptz NOT NULL,
  finished_at timestamptz,
  CHECK ((finished_at IS NOT NULL) = (state IN ('COMPLETED', 'CANCELLED', 'FAILED')))
);
-- GetNewestSearch.
CREATE INDEX searches_name ON nascent.searches (name, id);
-- LoadActiveSearches.
CREATE INDEX searches_active ON nascent.searches (id) WHERE finished_at IS NULL;

CREATE TABLE nascent.objectives (
  search_id bigint NOT NULL REFERENCES nascent.searches ON DELETE CASCADE,
  position integer NOT NULL,
  metric text NOT NULL,
  maximize boolean NOT NULL,
  reference double precision,
  PRIMARY KEY (search_id, position)
);

CREATE TABLE nascent.workers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE CHECK (name <> ''),
  evaluator_version text NOT NULL,
  slots integer NOT NULL,
  registration jsonb NOT NULL,
  registered_at timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL  -- to five seconds
) WITH (fillfactor = 50);

-- One row per proposal. `state` is READY from the proposal to the end: whether the trial is leased is
-- its task's affair, so that a lease does not rewrite this wide row.
CREATE TABLE nascent.trials (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  search_id bigint NOT NULL REFERENCES nascent.searches,
  number bigint NOT NULL CHECK (number >= 1),
  state text NOT NULL
    CHECK (state IN ('READY', 'SUCCEEDED', 'FAILED', 'STOPPED', 'CANCELLED', 'SHARED')),
  failure text
    CHECK (failure IN ('DIVERGED', 'OUT_OF_MEMORY', 'CRASHED', 'INVALID', 'STALLED', 'POISON',
                       'UNAVAILABLE')),
  joined boolean NOT NULL,  -- waits for the trial that makes its evaluation
  finished_at timestamptz,
  error text NOT NULL DEFAULT '',
  checkpoint text NOT NULL DEFAULT '',
  weights text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL,
  key text NOT NULL,
  key_version integer NOT NULL,
  notation text NOT NULL,
  decisions jsonb NOT NULL,   -- label → option, whole or real number
  genotype bytea NOT NULL,    -- the same, nascent.v1.Genotype
  fidelity jsonb NOT NULL,    -- nascent.v1.Fidelity
  recipe jsonb NOT NULL,      -- nascent.v1.Recipe, resolved
  continues bigint NOT NULL,
  parents bigint[] NOT NULL,
  reason text NOT NULL,
  enqueued boolean NOT NULL,
  after_event bigint NOT NULL,
  parameters bigint NOT NULL,
  multiply_accumulates bigint NOT NULL,
  published_parameters bigint NOT NULL,
  published_multiply_accumulates bigint NOT NULL,
  activation_bytes bigint NOT NULL,
  depth bigint NOT NULL,
  evaluation_identity text NOT NULL,
  shared_from bigint NOT NULL DEFAULT 0,  -- may be gone: no reference
  shared_metrics jsonb,                   -- copied, for the same reason
  request_id text,
  request_index integer,
  CHECK ((finished_at IS NOT NULL) = (state <> 'READY')),
  CHECK ((state = 'SHARED') = (shared_from <> 0)),
  CHECK (state <> 'SHARED' OR shared_metrics IS NOT NULL),
  CHECK (state <> 'FAILED' OR failure IS NOT NULL),
  CHECK (NOT joined OR state = 'READY')
) WITH (fillfactor = 60);
-- LoadTrials, LoadOpenTasks, GetTotals and every view: the trials of a search by number.
CREATE UNIQUE INDEX trials_number ON nascent.trials (search_id, number);
-- FindTrialsOfRequest and AddTrial's repetition.
CREATE UNIQUE INDEX trials_request ON nascent.trials (request_id, request_index)
  WHERE request_id IS NOT NULL;
-- DeleteSearch: whether other searches refer to an evaluation.
CREATE INDEX trials_shared ON nascent.trials (shared_from) WHERE shared_from <> 0;

-- What is to be done for a trial: to train it; later, for winners, to test it.
CREATE TABLE nascent.tasks (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  trial_id bigint NOT NULL REFERENCES nascent.trials,
  search_id bigint NOT NULL,
  kind text NOT NULL CHECK (kind IN ('TRAIN', 'FINAL_TEST')),
  seed_offset bigint NOT NULL,
  attempt integer NOT NULL DEFAULT 0,
  charged integer NOT NULL DEFAULT 0,
  leased boolean NOT NULL DEFAULT false,
  finished boolean NOT NULL DEFAULT false,
  checkpoint text NOT NULL DEFAULT '',
  CHECK (charged <= attempt),
  CHECK (NOT (leased AND finished))
) WITH (fillfactor = 40);
-- LoadOpenTasks and every view: from a trial to its tasks. AddFinalTask's repetition.
CREATE UNIQUE INDEX tasks_of_trial ON nascent.tasks (trial_id, kind, seed_offset);

-- One row per lease. That the task exists is known when it is written, from the same statement.
CREATE TABLE nascent.attempts (
  task_id bigint NOT NULL,
  attempt integer NOT NULL CHECK (attempt >= 1),
  state text NOT NULL
    CHECK (state IN ('RUNNING', 'SUCCEEDED', 'FAILED', 'STOPPED', 'CANCELLED', 'EXPIRED', 'RELEASED',
                     'CRASHED')),
  trial_id bigint NOT NULL,
  search_id bigint NOT NULL,
  worker_id bigint NOT NULL,
  slot integer NOT NULL,
  leased_at timestamptz NOT NULL,
  deadline timestamptz NOT NULL,
  ended_at timestamptz,
  progress double precision NOT NULL DEFAULT 0,
  metrics jsonb NOT NULL DEFAULT '{}',  -- last value of each
  charged boolean NOT NULL DEFAULT false,
  failure text,
  error text NOT NULL DEFAULT '',
  lease_request_id text,
  end_request_id text,
  PRIMARY KEY (task_id, attempt),
  CHECK ((ended_at IS NULL) = (state = 'RUNNING'))
) WITH (fillfactor = 40);
-- GrantLease's repetition.
CREATE UNIQUE INDEX attempts_request ON nascent.attempts (lease_request_id)
  WHERE lease_request_id IS NOT NULL;

-- The key is also what makes a repeated report harmless.
CREATE TABLE nascent.measurements (
  task_id bigint NOT NULL,
  attempt integer NOT NULL,
  step bigint NOT NULL,
  metric text COLLATE "C" NOT NULL,
  epoch integer NOT NULL,
  value double precision NOT NULL CHECK (value > '-infinity' AND value < 'infinity'),
  measured_at timestamptz NOT NULL,  -- when it was stored
  PRIMARY KEY (task_id, attempt, step, metric)
);

-- What strategies observed, in the order in which they did.
CREATE TABLE nascent.events (
  search_id bigint NOT NULL,
  sequence bigint NOT NULL CHECK (sequence >= 1),
  kind text NOT NULL CHECK (kind IN ('MEASURED', 'FINISHED')),
  trial_number bigint NOT NULL,
  epoch integer NOT NULL,
  state text NOT NULL,
  failure text NOT NULL,
  metrics jsonb NOT NULL,
  seconds double precision NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (search_id, sequence)
);

CREATE TABLE nascent.snapshots (
  search_id bigint PRIMARY KEY REFERENCES nascent.searches ON DELETE CASCADE,
  after_event bigint NOT NULL,
  after_trial bigint NOT NULL,
  bytes bytea NOT NULL,
  created_at timestamptz NOT NULL
);

-- Results that other trials may use. May outlive its search, when trials of others refer to it.
CREATE TABLE nascent.evaluations (
  trial_id bigint PRIMARY KEY,
  search_id bigint NOT NULL,
  project text NOT NULL,
  identity text COLLATE "C" NOT NULL CHECK (identity <> ''),
  state text NOT NULL CHECK (state IN ('SUCCEEDED', 'FAILED')),
  failure text,
  metrics jsonb NOT NULL,
  weights text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL
) WITH (fillfactor = 80);
-- FindEvaluation.
CREATE INDEX evaluations_identity ON nascent.evaluations (identity, trial_id);

-- Reports of attempts that had lost their lease: evidence that changed nothing else.
CREATE TABLE nascent.fenced_reports (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  task_id bigint NOT NULL,
  attempt integer NOT NULL,
  kind text NOT NULL CHECK (kind IN ('RENEW', 'FINISH', 'RETURN', 'SET_WEIGHTS')),
  request_id text NOT NULL,
  report jsonb NOT NULL,
  received_at timestamptz NOT NULL
);

CREATE TABLE nascent.artifacts (
  sha256 text PRIMARY KEY CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  size bigint NOT NULL CHECK (size >= 0),
  created_at timestamptz NOT NULL
);

CREATE TABLE nascent.datasets (
  name text PRIMARY KEY CHECK (name <> ''),
  fingerprint text NOT NULL,
  dataset jsonb NOT NULL,
  created_at timestamptz NOT NULL
);

-- The artifacts that something names: all others may be removed. The indices serve RemoveArtifact.
CREATE INDEX trials_checkpoint ON nascent.trials (checkpoint) WHERE checkpoint <> '';
CREATE INDEX trials_weights ON nascent.trials (weights) WHERE weights <> '';
CREATE INDEX tasks_checkpoint ON nascent.tasks (checkpoint) WHERE checkpoint <> '';
CREATE INDEX evaluations_weights ON nascent.evaluations (weights) WHERE weights <> '';
CREATE VIEW nascent.used_artifacts AS
SELECT checkpoint AS sha256 FROM nascent.trials WHERE checkpoint <> ''
UNION ALL SELECT weights FROM nascent.trials WHERE weights <> ''
UNION ALL SELECT checkpoint FROM nascent.tasks WHERE checkpoint <> ''
UNION ALL SELECT weights FROM nascent.evaluations WHERE weights <> ''
UNION ALL
SELECT n.sha256
FROM nascent.datasets AS d
CROSS JOIN LATERAL jsonb_array_elements(d.dataset -> 'splits') AS s (split)
CROSS JOIN LATERAL (VALUES (s.split ->> 'examples'), (s.split ->> 'labels')) AS n (sha256);
