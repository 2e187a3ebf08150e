-- Secrets, their versions and the stages that name versions. `data_key` is a KMS ciphertext of the
-- key that seals `sealed`; `digest` tells whether a repeated request brings the same value. Times are
-- microseconds, `tags` is JSON text, `accessed_us` is a day.

CREATE TABLE secrets_secret (
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  suffix TEXT NOT NULL,
  description TEXT NOT NULL,
  kms_key TEXT NOT NULL,
  policy TEXT NOT NULL,
  tags TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  changed_us BIGINT NOT NULL,
  accessed_us BIGINT,
  deleted_us BIGINT,
  deletion_us BIGINT,
  rotation_on BIGINT NOT NULL DEFAULT 0,
  rotation_hook TEXT NOT NULL DEFAULT '',
  rotation_rules TEXT NOT NULL DEFAULT '',
  rotated_us BIGINT,
  rotation_us BIGINT,
  PRIMARY KEY (account, name)
) WITHOUT ROWID;
CREATE INDEX secrets_secret_by_deletion ON secrets_secret (deletion_us);
CREATE INDEX secrets_secret_by_rotation ON secrets_secret (rotation_us);
CREATE INDEX secrets_secret_by_creation ON secrets_secret (account, created_us, name);

CREATE TABLE secrets_version (
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  id TEXT NOT NULL,
  data_key BLOB NOT NULL,
  sealed BLOB NOT NULL,
  is_binary BIGINT NOT NULL,
  digest BLOB NOT NULL,
  kms_key TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  PRIMARY KEY (account, name, id)
) WITHOUT ROWID;

CREATE TABLE secrets_stage (
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  stage TEXT NOT NULL,
  version_id TEXT NOT NULL,
  PRIMARY KEY (account, name, stage)
) WITHOUT ROWID;

CREATE TABLE secrets_rotation (
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  version_id TEXT NOT NULL,
  step TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  due_us BIGINT NOT NULL,
  PRIMARY KEY (account, name)
) WITHOUT ROWID;
CREATE INDEX secrets_rotation_by_due ON secrets_rotation (due_us);
