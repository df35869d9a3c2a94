-- What a field said when its row was made, where no edit tells it: a change that is written again may come before those that it had seen.
CREATE TABLE born (
  row   BLOB NOT NULL CHECK (length(row) = 16),
  field TEXT NOT NULL,
  value ANY,
  PRIMARY KEY (row, field)
) STRICT, WITHOUT ROWID;

-- The key by which a device signs its batches, as it was seen first, and the number of the first batch that it signed.
CREATE TABLE signer (
  device BLOB PRIMARY KEY CHECK (length(device) = 16),
  key    BLOB NOT NULL CHECK (length(key) = 32),
  since  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The signature of a batch over the book's id, its own id and its hash, by the key of its device.
CREATE TABLE signature (
  batch INTEGER PRIMARY KEY REFERENCES batch (n),
  bytes BLOB NOT NULL CHECK (length(bytes) = 64)
) STRICT;

-- A program that does not know these tables would leave in them what it purges.
UPDATE meta SET v = 7 WHERE k = 'min_writer';
