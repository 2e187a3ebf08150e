-- Channels that an administrator deleted and whose messages are still being taken away.
CREATE TABLE chat_deleted_channel (
  channel_id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  deleted_us INTEGER NOT NULL
);
