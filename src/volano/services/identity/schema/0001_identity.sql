-- Accounts, principals, credentials, policies, quotas and the audit trail.
-- Names are unique per account whatever their case (name_key is the lower-case name).
-- No bearer secret is stored: tokens, cookies and links as keyed digests, AWS secrets sealed.

CREATE TABLE identity_account (
  id TEXT NOT NULL PRIMARY KEY,
  alias TEXT,
  name TEXT NOT NULL,
  created_us BIGINT NOT NULL
);
CREATE UNIQUE INDEX identity_account_alias ON identity_account (alias);

CREATE TABLE identity_user (
  id TEXT NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  path TEXT NOT NULL,
  display_name TEXT NOT NULL,
  email TEXT NOT NULL,
  boundary TEXT,
  disabled BIGINT NOT NULL,
  tags TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  password_used_us BIGINT
);
CREATE UNIQUE INDEX identity_user_name ON identity_user (account, name_key);

CREATE TABLE identity_group (
  id TEXT NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  path TEXT NOT NULL,
  created_us BIGINT NOT NULL
);
CREATE UNIQUE INDEX identity_group_name ON identity_group (account, name_key);

CREATE TABLE identity_membership (
  user_id TEXT NOT NULL,
  group_id TEXT NOT NULL,
  PRIMARY KEY (user_id, group_id)
);
CREATE INDEX identity_membership_group ON identity_membership (group_id);

CREATE TABLE identity_role (
  id TEXT NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  path TEXT NOT NULL,
  description TEXT NOT NULL,
  trust TEXT NOT NULL,
  max_session_s BIGINT NOT NULL,
  boundary TEXT,
  tags TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  last_used_us BIGINT
);
CREATE UNIQUE INDEX identity_role_name ON identity_role (account, name_key);

CREATE TABLE identity_instance_profile (
  id TEXT NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  path TEXT NOT NULL,
  role_id TEXT,
  tags TEXT NOT NULL,
  created_us BIGINT NOT NULL
);
CREATE UNIQUE INDEX identity_instance_profile_name ON identity_instance_profile (account, name_key);
CREATE INDEX identity_instance_profile_role ON identity_instance_profile (role_id);

CREATE TABLE identity_policy (
  id TEXT NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  arn TEXT NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  path TEXT NOT NULL,
  description TEXT NOT NULL,
  default_version BIGINT NOT NULL,
  last_version BIGINT NOT NULL,
  tags TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  updated_us BIGINT NOT NULL
);
CREATE UNIQUE INDEX identity_policy_name ON identity_policy (account, name_key);
CREATE UNIQUE INDEX identity_policy_arn ON identity_policy (arn);

CREATE TABLE identity_policy_version (
  policy_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  document TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  PRIMARY KEY (policy_id, version)
);

-- target_id is the id of a user, group or role.
CREATE TABLE identity_attachment (
  target_id TEXT NOT NULL,
  policy_arn TEXT NOT NULL,
  account TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  PRIMARY KEY (target_id, policy_arn)
);
CREATE INDEX identity_attachment_policy ON identity_attachment (policy_arn, account);

CREATE TABLE identity_inline_policy (
  target_id TEXT NOT NULL,
  name TEXT NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (target_id, name)
);

CREATE TABLE identity_access_key (
  id TEXT NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  user_id TEXT NOT NULL,
  secret BLOB NOT NULL,
  active BIGINT NOT NULL,
  created_us BIGINT NOT NULL,
  last_used_us BIGINT,
  last_used_service TEXT NOT NULL,
  last_used_region TEXT NOT NULL
);
CREATE INDEX identity_access_key_user ON identity_access_key (user_id);

-- Temporary credentials of STS. principal_id is a user's, an account's or a role's id.
CREATE TABLE identity_temporary_key (
  id TEXT NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  principal_id TEXT NOT NULL,
  session_name TEXT NOT NULL,
  secret BLOB NOT NULL,
  token_digest BLOB NOT NULL,
  policy TEXT,
  tags TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  expires_us BIGINT NOT NULL
);
CREATE INDEX identity_temporary_key_expiry ON identity_temporary_key (expires_us);
CREATE INDEX identity_temporary_key_principal ON identity_temporary_key (principal_id);

-- API keys and Slack tokens. scopes is a JSON array or NULL for no restriction.
CREATE TABLE identity_token (
  id TEXT NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  user_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  digest BLOB NOT NULL,
  name TEXT NOT NULL,
  hint TEXT NOT NULL,
  app TEXT NOT NULL,
  scopes TEXT,
  created_us BIGINT NOT NULL,
  expires_us BIGINT,
  last_used_us BIGINT
);
CREATE UNIQUE INDEX identity_token_digest ON identity_token (digest);
CREATE INDEX identity_token_user ON identity_token (user_id);
CREATE INDEX identity_token_account ON identity_token (account, created_us);

CREATE TABLE identity_login (
  user_id TEXT NOT NULL PRIMARY KEY,
  hash TEXT NOT NULL,
  must_change BIGINT NOT NULL,
  created_us BIGINT NOT NULL,
  changed_us BIGINT NOT NULL
);

CREATE TABLE identity_login_link (
  digest BLOB NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  expires_us BIGINT NOT NULL
);
CREATE INDEX identity_login_link_user ON identity_login_link (user_id);

CREATE TABLE identity_session (
  digest BLOB NOT NULL PRIMARY KEY,
  id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  seen_us BIGINT NOT NULL,
  expires_us BIGINT NOT NULL,
  source_ip TEXT NOT NULL,
  user_agent TEXT NOT NULL
);
CREATE INDEX identity_session_user ON identity_session (user_id);

-- Attempts to sign in within a window, by name and by address.
CREATE TABLE identity_sign_in_attempt (
  attempt_key TEXT NOT NULL PRIMARY KEY,
  attempts BIGINT NOT NULL,
  window_us BIGINT NOT NULL
);

CREATE TABLE identity_quota (
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  value BIGINT NOT NULL,
  PRIMARY KEY (account, name)
);

CREATE TABLE identity_audit (
  account TEXT NOT NULL,
  time_us BIGINT NOT NULL,
  id TEXT NOT NULL,
  action TEXT NOT NULL,
  principal_id TEXT NOT NULL,
  principal_arn TEXT NOT NULL,
  door TEXT NOT NULL,
  resource TEXT NOT NULL,
  source_ip TEXT NOT NULL,
  user_agent TEXT NOT NULL,
  request_id TEXT NOT NULL,
  status BIGINT NOT NULL,
  error_code TEXT NOT NULL,
  read_only BIGINT NOT NULL,
  duration_us BIGINT NOT NULL,
  PRIMARY KEY (account, time_us, id, action)
);
CREATE INDEX identity_audit_principal ON identity_audit (account, principal_id, time_us);
CREATE INDEX identity_audit_action ON identity_audit (account, action, time_us);
