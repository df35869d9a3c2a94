-- What figures over all customers read, so that they need not read every event: what was said when asked (NPS, CSAT, CES,
-- invitations), orders, and calls, mails and chats that came in. Each has all that its question reads, its conditions as well.
CREATE INDEX event_said ON event (customer, at, id, kind, day, contact, number, channel, reference, more, removed)
  WHERE kind IN (3, 4, 17, 19) AND removed = 0;
CREATE INDEX event_order ON event (customer, day, number, channel, more, kind, removed) WHERE kind = 7 AND removed = 0;
CREATE INDEX event_help ON event (customer, day, kind, direction, channel, removed)
  WHERE kind = 1 AND direction = 'in' AND channel IN ('phone', 'email', 'chat', 'website_chat') AND removed = 0;
CREATE INDEX event_survey ON event (day, customer) WHERE kind = 18 AND removed = 0;
