-- Undo goes back through what a person did by the order in which it came into this file, not by logical time, which a clock that is
-- ahead takes along.
DROP INDEX batch_person;
CREATE INDEX batch_person ON batch (person);
