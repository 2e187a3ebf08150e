-- Hooks: webhooks that bucket notifications name like functions, and what is on its way to them.
-- `secret` and `body` are sealed.

CREATE TABLE s3_hook (
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  url TEXT NOT NULL,
  secret BLOB NOT NULL,
  created_us BIGINT NOT NULL,
  PRIMARY KEY (account, name)
) WITHOUT ROWID;

CREATE TABLE s3_notice (
  id TEXT NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  hook TEXT NOT NULL,
  body BLOB NOT NULL,
  attempts BIGINT NOT NULL,
  due_us BIGINT NOT NULL,
  created_us BIGINT NOT NULL
);
CREATE INDEX s3_notice_by_due ON s3_notice (due_us);
CREATE INDEX s3_notice_by_hook ON s3_notice (account, hook);
