-- Organizations: a tree of units and member accounts, and the policies that limit them.
-- management is the account that holds the organization; an account is in one at most.

CREATE TABLE identity_org (
  id TEXT NOT NULL PRIMARY KEY,
  management TEXT NOT NULL,
  root_id TEXT NOT NULL,
  feature_set TEXT NOT NULL,
  policy_types TEXT NOT NULL,
  services TEXT NOT NULL,
  tags TEXT NOT NULL,
  created_us BIGINT NOT NULL
);
CREATE UNIQUE INDEX identity_org_management ON identity_org (management);

CREATE TABLE identity_org_unit (
  id TEXT NOT NULL PRIMARY KEY,
  org TEXT NOT NULL,
  parent TEXT NOT NULL,
  name TEXT NOT NULL,
  tags TEXT NOT NULL,
  created_us BIGINT NOT NULL
);
CREATE UNIQUE INDEX identity_org_unit_name ON identity_org_unit (parent, name);
CREATE INDEX identity_org_unit_org ON identity_org_unit (org);

CREATE TABLE identity_org_member (
  account TEXT NOT NULL PRIMARY KEY,
  org TEXT NOT NULL,
  parent TEXT NOT NULL,
  name TEXT NOT NULL,
  email TEXT NOT NULL,
  state TEXT NOT NULL,
  joined_method TEXT NOT NULL,
  tags TEXT NOT NULL,
  joined_us BIGINT NOT NULL
);
CREATE INDEX identity_org_member_parent ON identity_org_member (parent, account);
CREATE INDEX identity_org_member_org ON identity_org_member (org, account);

CREATE TABLE identity_org_policy (
  id TEXT NOT NULL PRIMARY KEY,
  org TEXT NOT NULL,
  type TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  content TEXT NOT NULL,
  tags TEXT NOT NULL,
  created_us BIGINT NOT NULL
);
CREATE INDEX identity_org_policy_org ON identity_org_policy (org, type);

-- target_id is the id of a root, unit or account; policy_id may be one that comes with Volano.
CREATE TABLE identity_org_attachment (
  org TEXT NOT NULL,
  target_id TEXT NOT NULL,
  policy_id TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  PRIMARY KEY (target_id, policy_id)
);
CREATE INDEX identity_org_attachment_policy ON identity_org_attachment (policy_id, org);

-- Requests to make an account, and invitations; body is JSON.
CREATE TABLE identity_org_request (
  id TEXT NOT NULL PRIMARY KEY,
  org TEXT NOT NULL,
  kind TEXT NOT NULL,
  account TEXT NOT NULL,
  state TEXT NOT NULL,
  body TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  ended_us BIGINT
);
CREATE INDEX identity_org_request_org ON identity_org_request (org, kind, created_us);
CREATE INDEX identity_org_request_account ON identity_org_request (account, kind);

-- Services to which an account of the organization was given the organization's view.
CREATE TABLE identity_org_delegate (
  org TEXT NOT NULL,
  account TEXT NOT NULL,
  service TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  PRIMARY KEY (org, account, service)
);
