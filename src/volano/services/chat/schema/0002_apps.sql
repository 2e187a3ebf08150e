-- Apps by manifest: how they are reached, what they may do, and what they and people exchange.

-- `signing_secret` and `client_secret` are sealed. `events_disabled_us` is when deliveries over
-- HTTP were given up; `failures` and `successes` count those since `counted_us`.
CREATE TABLE chat_app_config (
  app_id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  client_id TEXT NOT NULL,
  client_secret BLOB NOT NULL,
  signing_secret BLOB NOT NULL,
  verification_token TEXT NOT NULL,
  manifest TEXT NOT NULL,
  installed INTEGER NOT NULL,
  scopes TEXT NOT NULL,
  events_disabled_us INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  successes INTEGER NOT NULL,
  counted_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL
);
CREATE UNIQUE INDEX chat_app_config_client ON chat_app_config (client_id);
CREATE INDEX chat_app_config_account ON chat_app_config (account, app_id);

-- `kind` is Socket Mode's type of envelope. Those with `by_http` go to the app's URL when `due_us`
-- has come. `answer` is what the app said when it acknowledged.
ALTER TABLE chat_app_event ADD COLUMN kind TEXT NOT NULL DEFAULT 'events_api';
ALTER TABLE chat_app_event ADD COLUMN by_http INTEGER NOT NULL DEFAULT 0;
ALTER TABLE chat_app_event ADD COLUMN due_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE chat_app_event ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE chat_app_event ADD COLUMN reason TEXT NOT NULL DEFAULT '';
ALTER TABLE chat_app_event ADD COLUMN answer TEXT NOT NULL DEFAULT '';
CREATE INDEX chat_app_event_due ON chat_app_event (by_http, acked, due_us);

-- Things that can be used a number of times until they expire: trigger ids, response URLs, OAuth
-- codes, refresh tokens. The digest is of a random secret that is shown once.
CREATE TABLE chat_pass (
  digest BLOB PRIMARY KEY,
  kind TEXT NOT NULL,
  account TEXT NOT NULL,
  app_id TEXT NOT NULL,
  body TEXT NOT NULL,
  uses_left INTEGER NOT NULL,
  expires_us INTEGER NOT NULL
);
CREATE INDEX chat_pass_expiry ON chat_pass (expires_us);

-- Modals and Home tabs. A modal has a place in its stack; `open` is 0 once it was closed.
CREATE TABLE chat_view (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  app_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  external_id TEXT,
  root_id TEXT NOT NULL,
  previous_id TEXT NOT NULL,
  hash TEXT NOT NULL,
  body TEXT NOT NULL,
  state TEXT NOT NULL,
  response_urls TEXT NOT NULL,
  open INTEGER NOT NULL,
  updated_us INTEGER NOT NULL
);
CREATE INDEX chat_view_user ON chat_view (user_id, app_id, kind, open);
CREATE INDEX chat_view_root ON chat_view (root_id);
CREATE INDEX chat_view_external ON chat_view (account, app_id, external_id);

-- Messages that one person sees; kept for a day, so that their buttons work.
CREATE TABLE chat_ephemeral (
  channel_id TEXT NOT NULL,
  ts_us INTEGER NOT NULL,
  user_id TEXT NOT NULL,
  account TEXT NOT NULL,
  author TEXT NOT NULL,
  app_id TEXT NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (channel_id, user_id, ts_us)
);
CREATE INDEX chat_ephemeral_age ON chat_ephemeral (ts_us);

CREATE TABLE chat_hook (
  digest BLOB PRIMARY KEY,
  id TEXT NOT NULL,
  account TEXT NOT NULL,
  app_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  channel_id TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_us INTEGER NOT NULL
);
CREATE INDEX chat_hook_account ON chat_hook (account, id);
