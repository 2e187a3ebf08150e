-- OAuth 2.1 for programs that act for a person (MCP clients). Secrets are keyed digests only.
-- Clients register themselves (RFC 7591) and are public; `redirect_uris` is JSON.

CREATE TABLE identity_oauth_client (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  redirect_uris TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  used_us BIGINT NOT NULL
);
CREATE INDEX identity_oauth_client_used ON identity_oauth_client (used_us);

-- What a person allowed a client: one living access token and one refresh token at a time.
-- `previous` is the refresh token before the present one: who shows it holds a stolen copy.
CREATE TABLE identity_oauth_grant (
  id TEXT NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  user_id TEXT NOT NULL,
  client_id TEXT NOT NULL,
  client_name TEXT NOT NULL,
  scope TEXT NOT NULL,
  token_id TEXT NOT NULL,
  refresh BLOB NOT NULL,
  previous BLOB NOT NULL,
  created_us BIGINT NOT NULL,
  used_us BIGINT NOT NULL
);
CREATE INDEX identity_oauth_grant_user ON identity_oauth_grant (user_id, created_us);
CREATE INDEX identity_oauth_grant_refresh ON identity_oauth_grant (refresh);
CREATE INDEX identity_oauth_grant_previous ON identity_oauth_grant (previous);
CREATE INDEX identity_oauth_grant_used ON identity_oauth_grant (used_us);

-- An approval on its way to the client. `grant_id` is set when the code was exchanged.
CREATE TABLE identity_oauth_code (
  digest BLOB NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL,
  client_id TEXT NOT NULL,
  redirect_uri TEXT NOT NULL,
  scope TEXT NOT NULL,
  challenge TEXT NOT NULL,
  grant_id TEXT NOT NULL,
  expires_us BIGINT NOT NULL
);
CREATE INDEX identity_oauth_code_expiry ON identity_oauth_code (expires_us);
