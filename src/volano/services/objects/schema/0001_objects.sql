-- Buckets, current objects, multipart uploads, and blobs waiting to be deleted.
-- `s3_object` holds the current, readable version of each key, so that listing never skips over
-- older versions or delete markers; those get a table of their own.

CREATE TABLE s3_bucket (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  policy TEXT NOT NULL
);
CREATE INDEX s3_bucket_by_account ON s3_bucket (account, name);

-- One document per kind of setting (`tags`, later lifecycle, cors, lock ...), as JSON text.
CREATE TABLE s3_bucket_setting (
  bucket_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (bucket_id, kind)
) WITHOUT ROWID;

-- `blob` is 'zone,zone id'. An object made of parts, or sharing its bytes with copies, has blob ''
-- and `content_id` names its rows in s3_part: so exactly one row of all tables names a blob, and
-- a blob that is moved to another zone is renamed in one place. `checksum` is 'ALGORITHM TYPE base64'; `headers` and `tags` are JSON text or ''.
CREATE TABLE s3_object (
  bucket_id TEXT NOT NULL,
  key TEXT NOT NULL,
  version_id TEXT NOT NULL,
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
  PRIMARY KEY (bucket_id, key)
) WITHOUT ROWID;

CREATE TABLE s3_upload (
  bucket_id TEXT NOT NULL,
  key TEXT NOT NULL,
  id TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  storage_class TEXT NOT NULL,
  checksum_algorithm TEXT NOT NULL,
  checksum_type TEXT NOT NULL,
  headers TEXT NOT NULL,
  tags TEXT NOT NULL,
  initiator TEXT NOT NULL,
  PRIMARY KEY (bucket_id, key, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX s3_upload_by_id ON s3_upload (id);

-- Parts of uploads in progress, of completed objects, and the one part of bytes that copies share:
-- neither completing nor copying moves bytes. `crc` is the CRC-64/NVME of the part's bytes (when
-- the upload names no algorithm), from which a whole object's checksum is combined.
-- `start_bytes` is where the part begins in the object, -1 before the upload is completed.
CREATE TABLE s3_part (
  content_id TEXT NOT NULL,
  number BIGINT NOT NULL,
  start_bytes BIGINT NOT NULL,
  size_bytes BIGINT NOT NULL,
  etag TEXT NOT NULL,
  checksum TEXT NOT NULL,
  crc BIGINT NOT NULL,
  blob TEXT NOT NULL,
  modified_us BIGINT NOT NULL,
  PRIMARY KEY (content_id, number)
) WITHOUT ROWID;

-- How many objects beyond the first use the same bytes (CopyObject shares them).
CREATE TABLE s3_shared (
  content_id TEXT NOT NULL PRIMARY KEY,
  others BIGINT NOT NULL
) WITHOUT ROWID;

-- Blobs whose row is gone. They are deleted after a grace period, so that reads that began
-- before can end.
CREATE TABLE s3_garbage (
  blob TEXT NOT NULL PRIMARY KEY,
  size_bytes BIGINT NOT NULL,
  freed_us BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX s3_garbage_by_time ON s3_garbage (freed_us);

-- What a bucket held when its storage was last metered.
CREATE TABLE s3_bucket_usage (
  bucket_id TEXT NOT NULL PRIMARY KEY,
  objects BIGINT NOT NULL,
  size_bytes BIGINT NOT NULL,
  counted_us BIGINT NOT NULL
);

-- What work must remember between its runs: the zones that were up, when it last swept.
CREATE TABLE s3_work_state (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
);
