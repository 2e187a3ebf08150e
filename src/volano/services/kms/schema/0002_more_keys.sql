-- Keys of every kind, rotation by period, imported material, grants. Times are microseconds; `spec`,
-- `usage` and `origin` are KMS's own words. Material whose bytes were deleted keeps its row, with an
-- empty `sealed` and the digest that a new import must match.

ALTER TABLE kms_key ADD COLUMN spec TEXT NOT NULL DEFAULT 'SYMMETRIC_DEFAULT';
ALTER TABLE kms_key ADD COLUMN usage TEXT NOT NULL DEFAULT 'ENCRYPT_DECRYPT';
ALTER TABLE kms_key ADD COLUMN origin TEXT NOT NULL DEFAULT 'AWS_KMS';
ALTER TABLE kms_key ADD COLUMN key_manager TEXT NOT NULL DEFAULT 'CUSTOMER';
ALTER TABLE kms_key ADD COLUMN multi_region BIGINT NOT NULL DEFAULT 0;
ALTER TABLE kms_key ADD COLUMN rotation_days BIGINT;
ALTER TABLE kms_key ADD COLUMN rotation_us BIGINT;
ALTER TABLE kms_key ADD COLUMN expires_us BIGINT;
CREATE INDEX kms_key_by_rotation ON kms_key (rotation_us);
CREATE INDEX kms_key_by_expiry ON kms_key (expires_us);

ALTER TABLE kms_material ADD COLUMN made_by TEXT NOT NULL DEFAULT '';
ALTER TABLE kms_material ADD COLUMN digest BLOB;

CREATE TABLE kms_grant (
  account TEXT NOT NULL,
  key_id TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  grantee TEXT NOT NULL,
  retiring TEXT NOT NULL,
  operations TEXT NOT NULL,
  context_equals TEXT,
  context_subset TEXT,
  issuer TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  PRIMARY KEY (account, key_id, id)
) WITHOUT ROWID;
CREATE INDEX kms_grant_by_grantee ON kms_grant (account, key_id, grantee);
CREATE INDEX kms_grant_by_retiring ON kms_grant (retiring, account, key_id, id);

CREATE TABLE kms_import (
  account TEXT NOT NULL,
  key_id TEXT NOT NULL,
  token BLOB NOT NULL,
  algorithm TEXT NOT NULL,
  sealed BLOB NOT NULL,
  expires_us BIGINT NOT NULL,
  PRIMARY KEY (account, key_id, token)
) WITHOUT ROWID;
CREATE INDEX kms_import_by_expiry ON kms_import (expires_us);
