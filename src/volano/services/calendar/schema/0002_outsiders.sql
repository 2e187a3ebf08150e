-- People beyond the workplace who are invited by mail; `due_us` is when the next mail to them is
-- due, 0 for none, and `gone` rows are guests no more who are still to be told so.

CREATE TABLE calendar_outsider (
  event_id TEXT NOT NULL,
  address TEXT NOT NULL,
  account TEXT NOT NULL,
  answer TEXT NOT NULL,
  told TEXT NOT NULL,
  due_us BIGINT NOT NULL,
  tries BIGINT NOT NULL,
  error TEXT NOT NULL,
  gone BIGINT NOT NULL,
  PRIMARY KEY (event_id, address)
);
CREATE INDEX calendar_outsider_due ON calendar_outsider (due_us);
