-- Who may reach a bucket beside its owner: ownership controls, access list, public access block,
-- request payment, and whether there are CORS rules, a website or access logs; JSON text, '' for
-- a bucket of before (BucketOwnerEnforced and nothing else). An object's own access list lies in
-- its `headers`.
ALTER TABLE s3_bucket ADD COLUMN access TEXT NOT NULL DEFAULT '';

-- Settings of an account that hold for all its buckets (its public access block).
CREATE TABLE s3_account_setting (
  account TEXT NOT NULL,
  kind TEXT NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (account, kind)
) WITHOUT ROWID;

-- Lines of access logs that are not yet in an object of the bucket they are for.
CREATE TABLE s3_access_log (
  id TEXT NOT NULL PRIMARY KEY,
  bucket_id TEXT NOT NULL,
  time_us BIGINT NOT NULL,
  line TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX s3_access_log_by_bucket ON s3_access_log (bucket_id, id);
