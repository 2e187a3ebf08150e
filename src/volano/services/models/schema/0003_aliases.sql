-- Other names of models, by account: what programs ask for by default, answered by a local model.
CREATE TABLE models_alias (
  account TEXT NOT NULL,
  alias TEXT NOT NULL,
  model TEXT NOT NULL,
  PRIMARY KEY (account, alias)
);
