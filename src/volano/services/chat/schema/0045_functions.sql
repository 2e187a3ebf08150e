-- Steps of apps (`functions` of a manifest) that a person ran. `inputs` and `outputs` are JSON
-- objects; `state` is running, done or failed.
CREATE TABLE chat_function_run (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  app_id TEXT NOT NULL,
  callback_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  channel_id TEXT NOT NULL,
  inputs TEXT NOT NULL,
  outputs TEXT NOT NULL,
  state TEXT NOT NULL,
  error TEXT NOT NULL,
  began_us INTEGER NOT NULL,
  ended_us INTEGER NOT NULL
);
CREATE INDEX chat_function_run_by_app ON chat_function_run (app_id, state, began_us);
