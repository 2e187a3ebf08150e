-- What changed and is not yet told in the log of the bytes (logic/log_images.py): keys, buckets
-- (key '') and contents (bucket_id ''). Small puts tell of themselves and are not here.
CREATE TABLE s3_changed (
  bucket_id TEXT NOT NULL,
  key TEXT NOT NULL,
  changes BIGINT NOT NULL,
  PRIMARY KEY (bucket_id, key)
) WITHOUT ROWID;
