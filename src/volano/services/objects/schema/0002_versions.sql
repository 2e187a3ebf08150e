-- Versioning and object lock. `versioning` is '', 'Enabled' or 'Suspended'; `object_lock` is the
-- bucket's lock configuration as JSON text, '' where the bucket has no lock.
ALTER TABLE s3_bucket ADD COLUMN versioning TEXT NOT NULL DEFAULT '';
ALTER TABLE s3_bucket ADD COLUMN object_lock TEXT NOT NULL DEFAULT '';

-- Versions of a key are in the order of `rank`, the newest first: microseconds since 1970, negated,
-- and below that of every version before. `retention` is 'MODE until_us ON|OFF' or ''.
ALTER TABLE s3_object ADD COLUMN rank BIGINT NOT NULL DEFAULT 0;
ALTER TABLE s3_object ADD COLUMN retention TEXT NOT NULL DEFAULT '';
ALTER TABLE s3_upload ADD COLUMN retention TEXT NOT NULL DEFAULT '';

-- Every version that is not the current, readable one of its key: older ones, and all delete
-- markers. Its bytes are always named through s3_part (`blob` stays ''), so that a blob's name moves
-- from s3_object to s3_part and never back, whatever version becomes current again.
CREATE TABLE s3_version (
  bucket_id TEXT NOT NULL,
  key TEXT NOT NULL,
  rank BIGINT NOT NULL,
  version_id TEXT NOT NULL,
  is_marker BIGINT NOT NULL,
  noncurrent_us BIGINT NOT NULL,
  size_bytes BIGINT NOT NULL,
  etag TEXT NOT NULL,
  modified_us BIGINT NOT NULL,
  storage_class TEXT NOT NULL,
  checksum TEXT NOT NULL,
  blob TEXT NOT NULL,
  content_id TEXT NOT NULL,
  part_count BIGINT NOT NULL,
  headers TEXT NOT NULL,
  tags TEXT NOT NULL,
  retention TEXT NOT NULL,
  PRIMARY KEY (bucket_id, key, rank)
) WITHOUT ROWID;

-- A version id tells its rank; only the null version's does not.
CREATE UNIQUE INDEX s3_version_null ON s3_version (bucket_id, key) WHERE version_id = 'null';
