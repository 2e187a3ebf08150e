-- Canvases, remote files, public links of files, and calls of workflow steps.

-- `sections` is a JSON list of objects with an id and Markdown. `channel_id` is '' for one that
-- belongs to no channel.
CREATE TABLE chat_canvas (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  owner TEXT NOT NULL,
  title TEXT NOT NULL,
  channel_id TEXT NOT NULL,
  sections TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL
);
CREATE INDEX chat_canvas_channel ON chat_canvas (account, channel_id);

-- `entity` is a user's or channel's id, `level` read, write or owner.
CREATE TABLE chat_canvas_access (
  canvas_id TEXT NOT NULL,
  entity TEXT NOT NULL,
  level TEXT NOT NULL,
  PRIMARY KEY (canvas_id, entity)
);

CREATE TABLE chat_remote_file (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  app_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  external_id TEXT NOT NULL,
  external_url TEXT NOT NULL,
  title TEXT NOT NULL,
  filetype TEXT NOT NULL,
  created_us INTEGER NOT NULL
);
CREATE UNIQUE INDEX chat_remote_file_external ON chat_remote_file (app_id, external_id);
CREATE INDEX chat_remote_file_list ON chat_remote_file (account, created_us);

CREATE TABLE chat_public_file (
  file_id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  created_us INTEGER NOT NULL
);
