-- Buckets of other S3 stores that replication rules may name. `secret` is sealed.

CREATE TABLE s3_replication_target (
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  region TEXT NOT NULL,
  bucket TEXT NOT NULL,
  access_key_id TEXT NOT NULL,
  secret BLOB NOT NULL,
  created_us BIGINT NOT NULL,
  PRIMARY KEY (account, name)
) WITHOUT ROWID;
