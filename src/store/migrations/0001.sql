-- The first schema. Every row has an id of its own (UUIDv7, made where the row is made); the integers `n` are this file's
-- own, for joins, and mean nothing in another copy. No natural key is unique: two copies may make the same customer.

CREATE TABLE meta (
  k TEXT PRIMARY KEY,
  v ANY
) STRICT, WITHOUT ROWID;

-- One thing a person did. `device` and its contiguous `number` find a loss; `hlc` is logical time (milliseconds << 16 | count).
CREATE TABLE batch (
  n        INTEGER PRIMARY KEY,
  id       BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  person   TEXT NOT NULL,
  device   BLOB NOT NULL CHECK (length(device) = 16),
  number   INTEGER NOT NULL,
  hlc      INTEGER NOT NULL,
  wall     INTEGER NOT NULL,
  command  TEXT NOT NULL,
  label    TEXT NOT NULL,
  undoes   BLOB CHECK (undoes IS NULL OR length(undoes) = 16),
  finished INTEGER NOT NULL DEFAULT 0,
  made     INTEGER NOT NULL DEFAULT 0,
  edits    INTEGER NOT NULL DEFAULT 0,
  customer BLOB,
  hash     BLOB
) STRICT;
CREATE INDEX batch_device ON batch (device, number);
CREATE INDEX batch_hlc ON batch (hlc);
CREATE INDEX batch_person ON batch (person, hlc);
CREATE INDEX batch_undoes ON batch (undoes) WHERE undoes IS NOT NULL;

CREATE TABLE customer (
  n             INTEGER PRIMARY KEY,
  id            BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  batch         INTEGER NOT NULL REFERENCES batch (n),
  external      TEXT NOT NULL DEFAULT '',
  name          TEXT NOT NULL,
  owner         TEXT NOT NULL DEFAULT '',
  website       TEXT NOT NULL DEFAULT '',
  phone         TEXT NOT NULL DEFAULT '',
  created       INTEGER,
  tags          TEXT NOT NULL DEFAULT '',
  attributes    TEXT NOT NULL DEFAULT '{}',
  snoozed       INTEGER,
  snooze_event  TEXT NOT NULL DEFAULT '',
  snooze_reason TEXT NOT NULL DEFAULT '',
  done          TEXT NOT NULL DEFAULT '',
  removed       INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX customer_batch ON customer (batch);
CREATE INDEX customer_external ON customer (external) WHERE external <> '';

CREATE TABLE contact (
  n        INTEGER PRIMARY KEY,
  id       BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  batch    INTEGER NOT NULL REFERENCES batch (n),
  customer INTEGER NOT NULL REFERENCES customer (n),
  external TEXT NOT NULL DEFAULT '',
  name     TEXT NOT NULL,
  role     TEXT NOT NULL DEFAULT '',
  email    TEXT NOT NULL DEFAULT '',
  phone    TEXT NOT NULL DEFAULT '',
  main     INTEGER NOT NULL DEFAULT 0,
  removed  INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX contact_batch ON contact (batch);
CREATE INDEX contact_customer ON contact (customer);
CREATE INDEX contact_external ON contact (external) WHERE external <> '';

-- Everything that happened. `kind` is a number of `EventKind`; `channel` holds the channel of a touchpoint, the stage a
-- move went to, the status of an order or invoice. `day` is the civil date (days since 1970-01-01).
CREATE TABLE event (
  n         INTEGER PRIMARY KEY,
  id        BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  batch     INTEGER NOT NULL REFERENCES batch (n),
  customer  INTEGER NOT NULL REFERENCES customer (n),
  kind      INTEGER NOT NULL,
  at        INTEGER NOT NULL,
  day       INTEGER NOT NULL,
  contact   INTEGER REFERENCES contact (n),
  channel   TEXT NOT NULL DEFAULT '',
  direction TEXT NOT NULL DEFAULT '',
  number    INTEGER,
  text      TEXT NOT NULL DEFAULT '',
  reference TEXT NOT NULL DEFAULT '',
  more      TEXT NOT NULL DEFAULT '',
  removed   INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX event_batch ON event (batch);
CREATE INDEX event_customer ON event (customer, at, kind);
CREATE INDEX event_reference ON event (reference, kind) WHERE reference <> '';
CREATE INDEX event_stage ON event (customer, at, id, day, channel, removed) WHERE kind = 6;

CREATE TABLE ticket (
  n        INTEGER PRIMARY KEY,
  id       BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  batch    INTEGER NOT NULL REFERENCES batch (n),
  customer INTEGER NOT NULL REFERENCES customer (n),
  external TEXT NOT NULL DEFAULT '',
  subject  TEXT NOT NULL DEFAULT '',
  severity INTEGER NOT NULL,
  opened   INTEGER NOT NULL,
  closed   INTEGER,
  csat     INTEGER,
  removed  INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX ticket_batch ON ticket (batch);
CREATE INDEX ticket_customer ON ticket (customer);
CREATE INDEX ticket_external ON ticket (external) WHERE external <> '';

CREATE TABLE task (
  n             INTEGER PRIMARY KEY,
  id            BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  batch         INTEGER NOT NULL REFERENCES batch (n),
  customer      INTEGER NOT NULL REFERENCES customer (n),
  title         TEXT NOT NULL,
  due           INTEGER,
  owner         TEXT NOT NULL DEFAULT '',
  priority      INTEGER NOT NULL DEFAULT 2,
  kind          TEXT NOT NULL DEFAULT '',
  made          INTEGER NOT NULL,
  snoozed       INTEGER,
  snooze_reason TEXT NOT NULL DEFAULT '',
  done          INTEGER,
  removed       INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX task_batch ON task (batch);
CREATE INDEX task_customer ON task (customer);
CREATE INDEX task_open ON task (due, priority, id, owner, customer) WHERE done IS NULL AND removed = 0;

-- One row a version of a subscription. `mrr` is computed once from the others when the row is made.
CREATE TABLE subscription (
  n            INTEGER PRIMARY KEY,
  id           BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  batch        INTEGER NOT NULL REFERENCES batch (n),
  customer     INTEGER NOT NULL REFERENCES customer (n),
  external     TEXT NOT NULL DEFAULT '',
  subscription TEXT NOT NULL DEFAULT '',
  start        INTEGER NOT NULL,
  end          INTEGER,
  amount       INTEGER NOT NULL,
  currency     TEXT NOT NULL,
  period       TEXT NOT NULL,
  count        INTEGER NOT NULL,
  quantity     INTEGER NOT NULL,
  discount     INTEGER NOT NULL,
  status       TEXT NOT NULL,
  mrr          INTEGER NOT NULL,
  removed      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX subscription_batch ON subscription (batch);
CREATE INDEX subscription_customer ON subscription (customer);
CREATE INDEX subscription_external ON subscription (external) WHERE external <> '';

-- A saved view; `value` is JSON.
CREATE TABLE view (
  n       INTEGER PRIMARY KEY,
  id      BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  batch   INTEGER NOT NULL REFERENCES batch (n),
  name    TEXT NOT NULL,
  value   TEXT NOT NULL,
  removed INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE config (
  n       INTEGER PRIMARY KEY,
  id      BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  batch   INTEGER NOT NULL REFERENCES batch (n),
  key     TEXT NOT NULL,
  value   TEXT NOT NULL,
  removed INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Every change of a field. `entity` is a number of the store's entity table; `seen` the ids of the edits that were the
-- latest on this field, one after the other (empty: the row as it was made).
CREATE TABLE edit (
  n      INTEGER PRIMARY KEY,
  id     BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  batch  INTEGER NOT NULL REFERENCES batch (n),
  entity INTEGER NOT NULL,
  row    BLOB NOT NULL CHECK (length(row) = 16),
  field  TEXT NOT NULL,
  before ANY,
  after  ANY,
  seen   BLOB NOT NULL
) STRICT;
CREATE INDEX edit_batch ON edit (batch);
CREATE INDEX edit_row ON edit (row, field);

-- The signals of each customer, folded from its facts: a cache, packed as `store/signal.rs` says.
CREATE TABLE signal (
  customer INTEGER PRIMARY KEY REFERENCES customer (n),
  packed   BLOB NOT NULL
) STRICT;

-- Full text over folded words, written by the program: the rowid is that of the event or contact.
CREATE VIRTUAL TABLE found USING fts5 (text, content = '', contentless_delete = 1, tokenize = 'trigram');
CREATE VIRTUAL TABLE person USING fts5 (text, content = '', contentless_delete = 1, tokenize = 'trigram');
