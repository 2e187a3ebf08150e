-- What IAM keeps beside people, roles and policies; and what is known of a session.

-- Facts of a session are condition keys as JSON ("aws:MultiFactorAuthPresent": "true").
ALTER TABLE identity_temporary_key ADD COLUMN facts TEXT NOT NULL DEFAULT '{}';

-- Certificates, SSH keys, service passwords, SAML providers, MFA devices: an account's or a user's
-- small things. owner is a user's id or ''. body is JSON, secret is sealed or NULL.
CREATE TABLE identity_item (
  id TEXT NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  kind TEXT NOT NULL,
  owner TEXT NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  body TEXT NOT NULL,
  secret BLOB,
  created_us BIGINT NOT NULL
);
CREATE UNIQUE INDEX identity_item_name ON identity_item (account, kind, name_key);
CREATE INDEX identity_item_owner ON identity_item (owner, kind);

-- One code of an MFA device is taken once: counter is the last time step that was used.
CREATE TABLE identity_mfa_counter (
  device_id TEXT NOT NULL PRIMARY KEY,
  counter BIGINT NOT NULL
);

CREATE TABLE identity_password_policy (
  account TEXT NOT NULL PRIMARY KEY,
  body TEXT NOT NULL
);

-- Hashes of passwords a user had before, the newest with the highest changed_us.
CREATE TABLE identity_old_password (
  user_id TEXT NOT NULL,
  changed_us BIGINT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (user_id, changed_us)
);

-- When a principal (a user's or role's id) last used a service.
CREATE TABLE identity_service_use (
  principal_id TEXT NOT NULL,
  service TEXT NOT NULL,
  account TEXT NOT NULL,
  used_us BIGINT NOT NULL,
  region TEXT NOT NULL,
  PRIMARY KEY (principal_id, service)
);
CREATE INDEX identity_service_use_account ON identity_service_use (account, service);
