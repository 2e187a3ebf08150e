-- What live clients are told, kept for a while so that a client that was away is told what it
-- missed. A stream is a channel, or a person for what concerns them alone; `seq` counts 1, 2, 3 ...
-- in each stream in the order of the commits. `payload` is the event as JSON.

CREATE TABLE chat_stream (
  stream TEXT PRIMARY KEY,
  seq INTEGER NOT NULL
);

CREATE TABLE chat_event (
  stream TEXT NOT NULL,
  seq INTEGER NOT NULL,
  at_us INTEGER NOT NULL,
  payload TEXT NOT NULL,
  PRIMARY KEY (stream, seq)
);
CREATE INDEX chat_event_age ON chat_event (at_us);
