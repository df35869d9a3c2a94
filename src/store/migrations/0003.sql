-- What is to be done about a customer, and by which rule it came about.

-- A call to action: risk, opportunity, lifecycle, activity or objective (`kind`). Customer, kind and reason make it the same
-- one. `opened`, `due`, `review`, `snoozed` and `closed` are civil days; `money` is what is at stake, minor units;
-- `base`, `value` and `target` are an objective's figures in thousandths of `unit`.
CREATE TABLE action (
  n             INTEGER PRIMARY KEY,
  id            BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  batch         INTEGER NOT NULL REFERENCES batch (n),
  customer      INTEGER NOT NULL REFERENCES customer (n),
  kind          TEXT NOT NULL,
  reason        TEXT NOT NULL DEFAULT '',
  title         TEXT NOT NULL DEFAULT '',
  owner         TEXT NOT NULL DEFAULT '',
  opened        INTEGER NOT NULL,
  due           INTEGER,
  severity      INTEGER,
  money         INTEGER,
  mitigation    TEXT NOT NULL DEFAULT '',
  review        INTEGER,
  base          INTEGER,
  value         INTEGER,
  target        INTEGER,
  unit          TEXT NOT NULL DEFAULT '',
  evidence      TEXT NOT NULL DEFAULT '',
  cause         TEXT NOT NULL DEFAULT '',
  snoozed       INTEGER,
  snooze_reason TEXT NOT NULL DEFAULT '',
  closed        INTEGER,
  outcome       TEXT NOT NULL DEFAULT '',
  removed       INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX action_batch ON action (batch);
CREATE INDEX action_customer ON action (customer);

-- A playbook that was started at a customer: `anchor` is the day its steps count from, `cause` the rule that started it.
CREATE TABLE play (
  n        INTEGER PRIMARY KEY,
  id       BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  batch    INTEGER NOT NULL REFERENCES batch (n),
  customer INTEGER NOT NULL REFERENCES customer (n),
  playbook TEXT NOT NULL,
  label    TEXT NOT NULL,
  anchor   INTEGER NOT NULL,
  started  INTEGER NOT NULL,
  cause    TEXT NOT NULL DEFAULT '',
  ended    INTEGER,
  outcome  TEXT NOT NULL DEFAULT '',
  removed  INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX play_batch ON play (batch);
CREATE INDEX play_customer ON play (customer);

-- A step of a started playbook: the task that it is, by id, so that a task stays what it was before there were playbooks.
CREATE TABLE step (
  n        INTEGER PRIMARY KEY,
  id       BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  batch    INTEGER NOT NULL REFERENCES batch (n),
  customer INTEGER NOT NULL REFERENCES customer (n),
  play     BLOB NOT NULL CHECK (length(play) = 16),
  task     BLOB NOT NULL CHECK (length(task) = 16),
  code     TEXT NOT NULL DEFAULT '',
  skipped  TEXT NOT NULL DEFAULT '',
  removed  INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX step_batch ON step (batch);
CREATE INDEX step_customer ON step (customer);

-- Which customers each rule holds at present: so a rule fires when one comes in, and not again while it stays. A cache of
-- this file, like `signal`; `day` is when it came in.
CREATE TABLE inside (
  rule     TEXT NOT NULL,
  customer INTEGER NOT NULL REFERENCES customer (n),
  day      INTEGER NOT NULL,
  PRIMARY KEY (rule, customer)
) STRICT, WITHOUT ROWID;
CREATE INDEX inside_customer ON inside (customer);

UPDATE meta SET v = 3 WHERE k = 'min_writer';
