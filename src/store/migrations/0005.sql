-- The firings of rules, the latest of which the log of rules shows: few among all events, and a look at all of these takes long.
CREATE INDEX event_rule ON event (at, id) WHERE kind = 16 AND removed = 0;
