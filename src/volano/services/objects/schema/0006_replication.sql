-- Versions on their way to another bucket, and how the replication of a version stands: PENDING,
-- COMPLETED or FAILED at its source, REPLICA at its destination. `kind` is `object` or `marker`.

CREATE TABLE s3_replication (
  id TEXT NOT NULL PRIMARY KEY,
  bucket_id TEXT NOT NULL,
  key TEXT NOT NULL,
  version_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  rule_id TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  due_us BIGINT NOT NULL,
  created_us BIGINT NOT NULL
);
CREATE INDEX s3_replication_by_due ON s3_replication (due_us);
CREATE INDEX s3_replication_by_version ON s3_replication (bucket_id, key, version_id);

CREATE TABLE s3_replica (
  bucket_id TEXT NOT NULL,
  key TEXT NOT NULL,
  version_id TEXT NOT NULL,
  status TEXT NOT NULL,
  PRIMARY KEY (bucket_id, key, version_id)
) WITHOUT ROWID;
