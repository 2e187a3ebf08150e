-- Models that can be asked for; account '' means everyone's.
CREATE TABLE models_model (
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  task TEXT NOT NULL,
  source TEXT NOT NULL,
  licence TEXT NOT NULL,
  note TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  created_us INTEGER NOT NULL,
  owned_by TEXT NOT NULL,
  PRIMARY KEY (account, name)
);
