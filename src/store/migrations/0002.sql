-- Copies of a book may grow apart and come together again.

-- What an edit knew beside its own field. A removal: the latest edits of the row's other fields, and the live rows of the
-- customer that it removes. An edit of what is removed: that removal. One id after the other; NULL elsewhere, and in removals
-- from before, which are taken to have known everything.
ALTER TABLE edit ADD COLUMN knew BLOB;

-- Fields whose latest edits have not seen each other and say different things. Derived from `edit`, kept to be listed.
CREATE TABLE conflict (
  row    BLOB NOT NULL CHECK (length(row) = 16),
  field  TEXT NOT NULL,
  entity INTEGER NOT NULL,
  PRIMARY KEY (row, field)
) STRICT, WITHOUT ROWID;

-- What was purged: its id, what it was (0: an edit), the batch that had made it, and the digest with which that batch's
-- hash can still be computed.
CREATE TABLE tombstone (
  id     BLOB PRIMARY KEY CHECK (length(id) = 16),
  entity INTEGER NOT NULL,
  batch  INTEGER NOT NULL REFERENCES batch (n),
  purged INTEGER NOT NULL REFERENCES batch (n),
  digest BLOB NOT NULL CHECK (length(digest) = 16)
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstone_batch ON tombstone (batch);

CREATE INDEX view_batch ON view (batch);
CREATE INDEX config_batch ON config (batch);

-- A program of at least this version may read the book, and write it.
INSERT INTO meta (k, v) VALUES ('min_reader', 1), ('min_writer', 2);
