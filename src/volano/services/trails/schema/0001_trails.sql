-- Trails and what waits to be delivered for them. The journal writes `trails_pending` in the
-- transaction of the audit trail itself; a cut names the rows of one log file in `file`, and they go
-- when the file is in the bucket. Digests chain by `signature`; the newest row of a trail stays.
-- Times are microseconds; `tags`, `selectors` and `advanced` are JSON text.

CREATE TABLE trails_trail (
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  bucket TEXT NOT NULL,
  prefix TEXT NOT NULL,
  global_events BIGINT NOT NULL,
  multi_region BIGINT NOT NULL,
  validation BIGINT NOT NULL,
  tags TEXT NOT NULL,
  selectors TEXT NOT NULL,
  advanced TEXT NOT NULL,
  logging BIGINT NOT NULL,
  created_us BIGINT NOT NULL,
  started_us BIGINT,
  stopped_us BIGINT,
  delivered_us BIGINT,
  delivery_error TEXT NOT NULL DEFAULT '',
  digest_start_us BIGINT,
  digest_delivered_us BIGINT,
  digest_error TEXT NOT NULL DEFAULT '',
  retry_us BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (account, name)
) WITHOUT ROWID;
CREATE INDEX trails_trail_by_logging ON trails_trail (logging, account);

CREATE TABLE trails_pending (
  account TEXT NOT NULL,
  trail TEXT NOT NULL,
  id TEXT NOT NULL,
  records BLOB NOT NULL,
  amount BIGINT NOT NULL,
  created_us BIGINT NOT NULL,
  file TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (account, trail, id)
) WITHOUT ROWID;
CREATE INDEX trails_pending_by_file ON trails_pending (account, trail, file, id);

CREATE TABLE trails_file (
  account TEXT NOT NULL,
  trail TEXT NOT NULL,
  id TEXT NOT NULL,
  key TEXT NOT NULL,
  bucket TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  delivered_us BIGINT,
  hash TEXT NOT NULL DEFAULT '',
  oldest_us BIGINT,
  newest_us BIGINT,
  PRIMARY KEY (account, trail, id)
) WITHOUT ROWID;

CREATE TABLE trails_digest (
  account TEXT NOT NULL,
  trail TEXT NOT NULL,
  end_us BIGINT NOT NULL,
  key TEXT NOT NULL,
  bucket TEXT NOT NULL,
  content BLOB NOT NULL,
  hash TEXT NOT NULL,
  signature TEXT NOT NULL,
  delivered_us BIGINT,
  PRIMARY KEY (account, trail, end_us)
) WITHOUT ROWID;

CREATE TABLE trails_key (
  fingerprint TEXT PRIMARY KEY,
  public BLOB NOT NULL,
  sealed BLOB NOT NULL,
  start_us BIGINT NOT NULL,
  end_us BIGINT NOT NULL
) WITHOUT ROWID;
