-- Calls elsewhere that apps show here (calls.add). `users` is a JSON list of Slack's user objects.
CREATE TABLE chat_app_call (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  app_id TEXT NOT NULL,
  external_id TEXT NOT NULL,
  join_url TEXT NOT NULL,
  desktop_url TEXT NOT NULL,
  display_id TEXT NOT NULL,
  title TEXT NOT NULL,
  creator TEXT NOT NULL,
  users TEXT NOT NULL,
  began_us INTEGER NOT NULL,
  ended_us INTEGER NOT NULL
);
