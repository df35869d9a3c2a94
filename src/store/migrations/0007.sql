-- Undo goes back through what a person did by the order in which it came into this file, not by logical time, which a clock that is
-- ahead takes along.
DROP INDEX batch_person;
CREATE INDEX batch_person ON batch (person);

-- The zone that the book was made with stands twice from here on: one of the two that changes by itself shows.
INSERT INTO meta (k, v) SELECT 'zone_again', v FROM meta WHERE k = 'zone' AND true ON CONFLICT (k) DO NOTHING;
