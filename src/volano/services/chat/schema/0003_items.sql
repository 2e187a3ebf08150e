-- What Slack's methods keep beside messages: pins, bookmarks, groups, reminders, scheduled messages,
-- profiles. Times are microseconds, lists are JSON.

CREATE TABLE chat_pin (
  channel_id TEXT NOT NULL,
  ts_us INTEGER NOT NULL,
  user_id TEXT NOT NULL,
  pinned_us INTEGER NOT NULL,
  PRIMARY KEY (channel_id, ts_us)
);

CREATE TABLE chat_bookmark (
  id TEXT PRIMARY KEY,
  channel_id TEXT NOT NULL,
  title TEXT NOT NULL,
  link TEXT NOT NULL,
  emoji TEXT NOT NULL,
  rank INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  updated_by TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL
);
CREATE INDEX chat_bookmark_channel ON chat_bookmark (channel_id, rank);

CREATE TABLE chat_user_group (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  handle TEXT NOT NULL,
  description TEXT NOT NULL,
  channels TEXT NOT NULL,
  users TEXT NOT NULL,
  created_by TEXT NOT NULL,
  updated_by TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL,
  disabled_us INTEGER NOT NULL
);
CREATE UNIQUE INDEX chat_user_group_handle ON chat_user_group (account, handle);
CREATE INDEX chat_user_group_name ON chat_user_group (account, name);

CREATE TABLE chat_reminder (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  creator TEXT NOT NULL,
  user_id TEXT NOT NULL,
  text TEXT NOT NULL,
  recurring TEXT NOT NULL,
  due_us INTEGER NOT NULL,
  told_us INTEGER NOT NULL,
  complete_us INTEGER NOT NULL
);
CREATE INDEX chat_reminder_user ON chat_reminder (user_id, due_us);
CREATE INDEX chat_reminder_due ON chat_reminder (told_us, due_us);

-- `draft` is the message as its sender gave it; it is posted as `principal_id` when `post_us` comes.
CREATE TABLE chat_scheduled (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  user_id TEXT NOT NULL,
  principal_id TEXT NOT NULL,
  channel_id TEXT NOT NULL,
  post_us INTEGER NOT NULL,
  draft TEXT NOT NULL,
  created_us INTEGER NOT NULL
);
CREATE INDEX chat_scheduled_due ON chat_scheduled (post_us);
CREATE INDEX chat_scheduled_user ON chat_scheduled (user_id, post_us);

-- What people say of themselves: `fields` as Slack's profile, presence and quiet times.
CREATE TABLE chat_profile (
  user_id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  fields TEXT NOT NULL,
  away INTEGER NOT NULL,
  snooze_until_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL
);
CREATE INDEX chat_profile_account ON chat_profile (account, user_id);
