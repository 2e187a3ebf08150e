-- The copilot's settings, assistants that people made, what waits for approval, what was spent.
-- Lists and arguments are JSON. `user_id` is a chat user, `principal_id` a principal.

CREATE TABLE assistants_settings (
  account TEXT NOT NULL PRIMARY KEY,
  model TEXT NOT NULL,
  may_act BIGINT NOT NULL,
  tokens_per_day BIGINT NOT NULL
);

CREATE TABLE assistants_assistant (
  id TEXT NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  title TEXT NOT NULL,
  instructions TEXT NOT NULL,
  model TEXT NOT NULL,
  knowledge TEXT NOT NULL,
  tools TEXT NOT NULL,
  audience TEXT NOT NULL,
  owner_id TEXT NOT NULL,
  principal_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  enabled BIGINT NOT NULL,
  created_us BIGINT NOT NULL,
  updated_us BIGINT NOT NULL,
  UNIQUE (account, name)
);
CREATE INDEX assistants_assistant_user ON assistants_assistant (account, user_id);

CREATE TABLE assistants_proposal (
  id TEXT NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  asker_principal TEXT NOT NULL,
  asker_id TEXT NOT NULL,
  speaker_id TEXT NOT NULL,
  channel_id TEXT NOT NULL,
  question_us BIGINT NOT NULL,
  card_us BIGINT NOT NULL,
  only_asker BIGINT NOT NULL,
  tool TEXT NOT NULL,
  arguments TEXT NOT NULL,
  state TEXT NOT NULL,
  result TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  expires_us BIGINT NOT NULL,
  decided_by TEXT NOT NULL,
  decided_us BIGINT NOT NULL
);
CREATE INDEX assistants_proposal_asker ON assistants_proposal (account, asker_principal, created_us);
CREATE INDEX assistants_proposal_state ON assistants_proposal (state, expires_us);

CREATE TABLE assistants_spend (
  account TEXT NOT NULL,
  principal_id TEXT NOT NULL,
  day TEXT NOT NULL,
  tokens BIGINT NOT NULL,
  PRIMARY KEY (account, principal_id, day)
);

-- Outside MCP servers that an administrator allows. `tools` is what was approved (JSON: name,
-- description, schema), `digest` its hash; a server that says otherwise later is not used.
CREATE TABLE assistants_server (
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  url TEXT NOT NULL,
  secret BLOB NOT NULL,
  tools TEXT NOT NULL,
  allowed TEXT NOT NULL,
  digest TEXT NOT NULL,
  changed BIGINT NOT NULL,
  approved_us BIGINT NOT NULL,
  PRIMARY KEY (account, name)
);
