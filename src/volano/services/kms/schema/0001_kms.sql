-- Keys, the versions of their material, and aliases. `sealed` opens only with the root key outside
-- the database and the context `kms ACCOUNT KEY VERSION`. `tags` is JSON text.

CREATE TABLE kms_key (
  account TEXT NOT NULL,
  id TEXT NOT NULL,
  description TEXT NOT NULL,
  state TEXT NOT NULL,
  policy TEXT NOT NULL,
  tags TEXT NOT NULL,
  version BIGINT NOT NULL,
  created_us BIGINT NOT NULL,
  deletion_us BIGINT,
  PRIMARY KEY (account, id)
) WITHOUT ROWID;
CREATE INDEX kms_key_by_deletion ON kms_key (deletion_us);

CREATE TABLE kms_material (
  account TEXT NOT NULL,
  key_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  sealed BLOB NOT NULL,
  created_us BIGINT NOT NULL,
  PRIMARY KEY (account, key_id, version)
) WITHOUT ROWID;

CREATE TABLE kms_alias (
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  key_id TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  updated_us BIGINT NOT NULL,
  PRIMARY KEY (account, name)
) WITHOUT ROWID;
CREATE INDEX kms_alias_by_key ON kms_alias (account, key_id);
