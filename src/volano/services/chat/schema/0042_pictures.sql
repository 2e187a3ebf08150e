-- Small pictures that everybody's browser loads by an address nobody guesses: custom emoji, faces.
CREATE TABLE chat_picture (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  media_type TEXT NOT NULL,
  content BLOB NOT NULL,
  created_us INTEGER NOT NULL
);

-- An emoji is a picture, or another name of one (`alias_for`).
CREATE TABLE chat_emoji (
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  picture_id TEXT NOT NULL,
  alias_for TEXT NOT NULL,
  user_id TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  PRIMARY KEY (account, name)
);
