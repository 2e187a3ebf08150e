-- The workplace. Times and `ts` are microseconds; a message's `ts_us` is its id within a channel,
-- strictly increasing and never used again. JSON is text. Booleans are 0 or 1.

CREATE TABLE chat_workspace (
  account TEXT PRIMARY KEY,
  team_id TEXT NOT NULL,
  name TEXT NOT NULL,
  general_id TEXT NOT NULL,
  copilot_id TEXT NOT NULL,
  copilot_principal TEXT NOT NULL,
  copilot_enabled INTEGER NOT NULL,
  bucket TEXT NOT NULL,
  created_us INTEGER NOT NULL
);
CREATE UNIQUE INDEX chat_workspace_team ON chat_workspace (team_id);

-- One row per principal that is in the workplace. `bot_id` is '' for people.
CREATE TABLE chat_user (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  principal_id TEXT NOT NULL,
  name TEXT NOT NULL,
  real_name TEXT NOT NULL,
  email TEXT NOT NULL,
  bot_id TEXT NOT NULL,
  app_id TEXT NOT NULL,
  is_admin INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  updated_us INTEGER NOT NULL
);
CREATE UNIQUE INDEX chat_user_principal ON chat_user (account, principal_id);
CREATE INDEX chat_user_email ON chat_user (account, email);
CREATE INDEX chat_user_list ON chat_user (account, id);
CREATE INDEX chat_user_bot ON chat_user (account, bot_id);

-- `socket_us` is when the app last asked for a socket: events are kept for apps that listen.
CREATE TABLE chat_app (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  principal_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  socket_us INTEGER NOT NULL,
  created_us INTEGER NOT NULL
);
CREATE UNIQUE INDEX chat_app_principal ON chat_app (account, principal_id);

-- `kind` is public, private, im or mpim. `name_key` is the name, or `im:` and the members of a
-- direct conversation, so that each exists once.
CREATE TABLE chat_channel (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  creator TEXT NOT NULL,
  topic TEXT NOT NULL,
  topic_by TEXT NOT NULL,
  topic_us INTEGER NOT NULL,
  purpose TEXT NOT NULL,
  purpose_by TEXT NOT NULL,
  purpose_us INTEGER NOT NULL,
  archived INTEGER NOT NULL,
  previous_names TEXT NOT NULL,
  last_ts_us INTEGER NOT NULL,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL
);
CREATE UNIQUE INDEX chat_channel_name ON chat_channel (account, name_key);
CREATE INDEX chat_channel_list ON chat_channel (account, kind, id);

CREATE TABLE chat_member (
  channel_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  joined_us INTEGER NOT NULL,
  last_read_us INTEGER NOT NULL,
  PRIMARY KEY (channel_id, user_id)
);
CREATE INDEX chat_member_user ON chat_member (user_id, channel_id);

-- `thread_us` is the ts of the thread's first message, 0 outside threads. `in_channel` is 0 for
-- replies that are shown in their thread only. `body` is JSON: blocks, attachments, files ...
CREATE TABLE chat_message (
  channel_id TEXT NOT NULL,
  ts_us INTEGER NOT NULL,
  account TEXT NOT NULL,
  user_id TEXT NOT NULL,
  subtype TEXT NOT NULL,
  text TEXT NOT NULL,
  body TEXT NOT NULL,
  thread_us INTEGER NOT NULL,
  in_channel INTEGER NOT NULL,
  client_msg_id TEXT,
  edited_us INTEGER NOT NULL,
  edited_by TEXT NOT NULL,
  reply_count INTEGER NOT NULL,
  latest_reply_us INTEGER NOT NULL,
  indexed INTEGER NOT NULL,
  PRIMARY KEY (channel_id, ts_us)
);
CREATE INDEX chat_message_history ON chat_message (channel_id, in_channel, ts_us);
CREATE INDEX chat_message_thread ON chat_message (channel_id, thread_us, ts_us);
CREATE UNIQUE INDEX chat_message_client ON chat_message (user_id, client_msg_id);
CREATE INDEX chat_message_unindexed ON chat_message (account, channel_id, ts_us) WHERE indexed = 0;

CREATE TABLE chat_reaction (
  channel_id TEXT NOT NULL,
  ts_us INTEGER NOT NULL,
  name TEXT NOT NULL,
  user_id TEXT NOT NULL,
  added_us INTEGER NOT NULL,
  PRIMARY KEY (channel_id, ts_us, name, user_id)
);
CREATE INDEX chat_reaction_user ON chat_reaction (user_id, added_us);

-- `state` is waiting (a ticket was given), stored (bytes are there) or shared (completed).
CREATE TABLE chat_file (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  user_id TEXT NOT NULL,
  name TEXT NOT NULL,
  title TEXT NOT NULL,
  alt_text TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  state TEXT NOT NULL,
  ticket BLOB,
  indexed INTEGER NOT NULL,
  created_us INTEGER NOT NULL
);
CREATE INDEX chat_file_list ON chat_file (account, created_us);
CREATE UNIQUE INDEX chat_file_ticket ON chat_file (ticket);
CREATE INDEX chat_file_unindexed ON chat_file (account, id) WHERE indexed = 0;

CREATE TABLE chat_share (
  file_id TEXT NOT NULL,
  channel_id TEXT NOT NULL,
  ts_us INTEGER NOT NULL,
  thread_us INTEGER NOT NULL,
  PRIMARY KEY (file_id, channel_id, ts_us)
);
CREATE INDEX chat_share_channel ON chat_share (channel_id, ts_us);

-- Bytes of deleted files that are still to be removed from the object store.
CREATE TABLE chat_removal (
  file_id TEXT PRIMARY KEY,
  account TEXT NOT NULL
);

-- One row per person and day with any activity: a seat on the bill.
CREATE TABLE chat_seat (
  user_id TEXT NOT NULL,
  day TEXT NOT NULL,
  PRIMARY KEY (user_id, day)
);

-- Events for apps until they are acknowledged; `offered_us` is when a socket last took it.
CREATE TABLE chat_app_event (
  app_id TEXT NOT NULL,
  id TEXT NOT NULL,
  payload TEXT NOT NULL,
  offered_us INTEGER NOT NULL,
  offered_to TEXT NOT NULL,
  acked INTEGER NOT NULL,
  created_us INTEGER NOT NULL,
  PRIMARY KEY (app_id, id)
);
CREATE INDEX chat_app_event_waiting ON chat_app_event (app_id, acked, created_us);
CREATE INDEX chat_app_event_age ON chat_app_event (created_us);

CREATE TABLE chat_socket_ticket (
  digest BLOB PRIMARY KEY,
  app_id TEXT NOT NULL,
  expires_us INTEGER NOT NULL
);
