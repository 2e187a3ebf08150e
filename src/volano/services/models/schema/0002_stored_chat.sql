-- Chat completions that were made with `store`: the answer and the messages it answers, as JSON.
CREATE TABLE models_stored_chat (
  account TEXT NOT NULL,
  id TEXT NOT NULL,
  model TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  metadata TEXT NOT NULL,
  answer TEXT NOT NULL,
  messages TEXT NOT NULL,
  PRIMARY KEY (account, id)
);
CREATE INDEX models_stored_chat_list ON models_stored_chat (account, created_us, id);
