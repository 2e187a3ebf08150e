-- The append-only usage ledger: one row per (account, id); quantity is a decimal string.
CREATE TABLE billing_usage (
  id TEXT NOT NULL,
  account TEXT NOT NULL,
  meter TEXT NOT NULL,
  quantity TEXT NOT NULL,
  start_us INTEGER NOT NULL,
  end_us INTEGER NOT NULL,
  resource TEXT NOT NULL,
  dimensions TEXT NOT NULL,
  received_us INTEGER NOT NULL,
  PRIMARY KEY (account, id)
);
CREATE INDEX billing_usage_by_time ON billing_usage (account, end_us, meter);

-- What the ledger adds up to, per day: kept in the ledger's own transaction so that a bill never
-- reads more than the days of its period. Quantities are decimal strings and added exactly.
CREATE TABLE billing_day (
  account TEXT NOT NULL,
  day TEXT NOT NULL,
  meter TEXT NOT NULL,
  resource TEXT NOT NULL,
  quantity TEXT NOT NULL,
  records INTEGER NOT NULL,
  PRIMARY KEY (account, day, meter, resource)
);
