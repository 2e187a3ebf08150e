-- Passkeys, the console's second factor, sign-in providers and what is half done.
-- Seeds and client secrets are sealed; recovery codes and challenges are keyed digests.
-- A passkey's `id` is its credential id (base64url); `public_key` is DER.

CREATE TABLE identity_passkey (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL,
  site TEXT NOT NULL,
  name TEXT NOT NULL,
  public_key BLOB NOT NULL,
  algorithm BIGINT NOT NULL,
  sign_count BIGINT NOT NULL,
  backed_up BIGINT NOT NULL,
  created_us BIGINT NOT NULL,
  used_us BIGINT
);
CREATE INDEX identity_passkey_user ON identity_passkey (user_id, created_us);

-- One authenticator app of a user; asked for at sign-in once it is confirmed.
CREATE TABLE identity_authenticator (
  user_id TEXT NOT NULL PRIMARY KEY,
  seed BLOB NOT NULL,
  last_step BIGINT NOT NULL,
  confirmed BIGINT NOT NULL,
  created_us BIGINT NOT NULL
);

CREATE TABLE identity_recovery_code (
  user_id TEXT NOT NULL,
  digest BLOB NOT NULL,
  PRIMARY KEY (user_id, digest)
);

-- What a sign-in or registration waits for; `data` is JSON. Each is taken once.
CREATE TABLE identity_challenge (
  digest BLOB NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  user_id TEXT NOT NULL,
  data TEXT NOT NULL,
  expires_us BIGINT NOT NULL
);
CREATE INDEX identity_challenge_expiry ON identity_challenge (expires_us);

-- OpenID Connect issuers by which people of an account sign in; lists are JSON.
CREATE TABLE identity_sign_in_provider (
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  title TEXT NOT NULL,
  issuer TEXT NOT NULL,
  client_id TEXT NOT NULL,
  client_secret BLOB,
  link_by TEXT NOT NULL,
  create_users BIGINT NOT NULL,
  email_domains TEXT NOT NULL,
  group_names TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  PRIMARY KEY (account, name)
);

-- Who a subject of an issuer is, from the first sign-in on.
CREATE TABLE identity_federated (
  account TEXT NOT NULL,
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  user_id TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  PRIMARY KEY (account, issuer, subject)
);
CREATE INDEX identity_federated_user ON identity_federated (user_id);

-- When the person last proved who they are, and by what.
ALTER TABLE identity_session ADD COLUMN proved_us BIGINT NOT NULL DEFAULT 0;
ALTER TABLE identity_session ADD COLUMN method TEXT NOT NULL DEFAULT '';
