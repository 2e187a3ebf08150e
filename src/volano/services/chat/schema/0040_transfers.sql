-- Imports from other workplaces and exports of this one. Times are microseconds.

-- `kind` is import or export, `state` running, done or failed. `options` is what was asked, `report`
-- what came of it so far, both JSON. `file_id` is the archive.
CREATE TABLE chat_transfer (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  user_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  file_id TEXT NOT NULL,
  options TEXT NOT NULL,
  report TEXT NOT NULL,
  job_id TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  ended_us INTEGER NOT NULL
);
CREATE INDEX chat_transfer_account ON chat_transfer (account, created_us);

-- What somebody or something that was imported is called here. `source` is the other workplace.
CREATE TABLE chat_import_name (
  account TEXT NOT NULL,
  source TEXT NOT NULL,
  kind TEXT NOT NULL,
  foreign_id TEXT NOT NULL,
  own_id TEXT NOT NULL,
  PRIMARY KEY (account, source, kind, foreign_id)
);

-- How far each part of an archive was read: of the bytes that `stamp` names, the first `done`
-- messages. What is not newer than `known_us` came with an older archive; `last_us` is the newest.
CREATE TABLE chat_import_part (
  account TEXT NOT NULL,
  source TEXT NOT NULL,
  name TEXT NOT NULL,
  stamp TEXT NOT NULL,
  done INTEGER NOT NULL,
  finished INTEGER NOT NULL,
  known_us INTEGER NOT NULL,
  last_us INTEGER NOT NULL,
  PRIMARY KEY (account, source, name)
);

-- Accounts whose administrators may export what is private, since when and by whose word.
CREATE TABLE chat_compliance (
  account TEXT PRIMARY KEY,
  enabled_by TEXT NOT NULL,
  enabled_us INTEGER NOT NULL
);
