-- Many records of the audit trail in one row: calls that come by the thousand a second (reads and
-- writes of objects) are written together. `records` is a compressed list of whole records of one
-- account, oldest first; the other columns let a search pass a pack by. `actions` and `principals`
-- hold each value between line breaks.
CREATE TABLE identity_audit_pack (
  account TEXT NOT NULL,
  last_us BIGINT NOT NULL,
  first_us BIGINT NOT NULL,
  id TEXT NOT NULL,
  actions TEXT NOT NULL,
  principals TEXT NOT NULL,
  max_status BIGINT NOT NULL,
  has_writes BIGINT NOT NULL,
  records BLOB NOT NULL,
  PRIMARY KEY (account, last_us, id)
);
