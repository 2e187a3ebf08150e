-- What people keep beside messages in the web client: drafts, saved messages, followed threads, what
-- calls for them, settings, urgent messages, the directory, rules of channels. Times are microseconds.

-- `thread_us` is 0 for what is written to the channel itself.
CREATE TABLE chat_draft (
  user_id TEXT NOT NULL,
  channel_id TEXT NOT NULL,
  thread_us INTEGER NOT NULL,
  text TEXT NOT NULL,
  updated_us INTEGER NOT NULL,
  PRIMARY KEY (user_id, channel_id, thread_us)
);

CREATE TABLE chat_saved (
  user_id TEXT NOT NULL,
  channel_id TEXT NOT NULL,
  ts_us INTEGER NOT NULL,
  saved_us INTEGER NOT NULL,
  done_us INTEGER NOT NULL,
  PRIMARY KEY (user_id, channel_id, ts_us)
);

-- A row stays when somebody stops following, so that a later reply does not start it again.
CREATE TABLE chat_follow (
  user_id TEXT NOT NULL,
  channel_id TEXT NOT NULL,
  thread_us INTEGER NOT NULL,
  following INTEGER NOT NULL,
  last_read_us INTEGER NOT NULL,
  PRIMARY KEY (user_id, channel_id, thread_us)
);
CREATE INDEX chat_follow_thread ON chat_follow (channel_id, thread_us);

-- Who a message calls, and why: mention, broadcast, keyword or thread.
CREATE TABLE chat_mention (
  user_id TEXT NOT NULL,
  channel_id TEXT NOT NULL,
  ts_us INTEGER NOT NULL,
  thread_us INTEGER NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (user_id, ts_us, channel_id)
);
CREATE INDEX chat_mention_message ON chat_mention (channel_id, ts_us);

-- What a message said before it was changed or deleted.
CREATE TABLE chat_revision (
  channel_id TEXT NOT NULL,
  ts_us INTEGER NOT NULL,
  revised_us INTEGER NOT NULL,
  user_id TEXT NOT NULL,
  text TEXT NOT NULL,
  deleted INTEGER NOT NULL,
  PRIMARY KEY (channel_id, ts_us, revised_us)
);

-- `body` is JSON: language, keywords, quiet hours, muted channels ...
CREATE TABLE chat_preference (
  user_id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX chat_preference_account ON chat_preference (account, user_id);

-- Browsers that want to be told by Web Push; the address is a secret of the browser's maker.
CREATE TABLE chat_push (
  endpoint TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  account TEXT NOT NULL,
  public_key TEXT NOT NULL,
  auth TEXT NOT NULL,
  created_us INTEGER NOT NULL
);
CREATE INDEX chat_push_user ON chat_push (user_id, created_us);

-- The key pair that names this cloud to push services, sealed; one row.
CREATE TABLE chat_push_key (
  id TEXT PRIMARY KEY,
  sealed BLOB NOT NULL
);

-- `steps` is JSON: after how many seconds which way is tried. `text` is what was asked.
CREATE TABLE chat_urgent (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  channel_id TEXT NOT NULL,
  ts_us INTEGER NOT NULL,
  sender TEXT NOT NULL,
  text TEXT NOT NULL,
  steps TEXT NOT NULL,
  sent_us INTEGER NOT NULL,
  recalled_us INTEGER NOT NULL
);
CREATE INDEX chat_urgent_sender ON chat_urgent (sender, sent_us);

-- `step` is the next one to be tried, at `due_us`; 0 when there is none.
CREATE TABLE chat_urgent_to (
  urgent_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  acknowledged_us INTEGER NOT NULL,
  step INTEGER NOT NULL,
  due_us INTEGER NOT NULL,
  told TEXT NOT NULL,
  PRIMARY KEY (urgent_id, user_id)
);
CREATE INDEX chat_urgent_to_user ON chat_urgent_to (user_id, acknowledged_us);
CREATE INDEX chat_urgent_to_due ON chat_urgent_to (due_us) WHERE due_us > 0;

CREATE TABLE chat_department (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  parent_id TEXT NOT NULL
);
CREATE INDEX chat_department_account ON chat_department (account, name);

CREATE TABLE chat_position (
  user_id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  department_id TEXT NOT NULL,
  manager_id TEXT NOT NULL,
  title TEXT NOT NULL,
  phone TEXT NOT NULL
);
CREATE INDEX chat_position_account ON chat_position (account, user_id);

-- `retention_days` 0 keeps everything; while `held_us` is not 0 nothing may go.
CREATE TABLE chat_channel_rule (
  channel_id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  retention_days INTEGER NOT NULL,
  held_us INTEGER NOT NULL,
  held_by TEXT NOT NULL,
  held_why TEXT NOT NULL
);
CREATE INDEX chat_channel_rule_retention ON chat_channel_rule (retention_days);
