-- Translations that were made, and the languages into which people have channels translated.
-- `digest` is of the text that was translated: another text is translated anew.

CREATE TABLE assistants_translation (
  channel_id TEXT NOT NULL,
  ts_us BIGINT NOT NULL,
  language TEXT NOT NULL,
  account TEXT NOT NULL,
  digest TEXT NOT NULL,
  text TEXT NOT NULL,
  model TEXT NOT NULL,
  checked_us BIGINT NOT NULL,
  PRIMARY KEY (channel_id, ts_us, language)
);
CREATE INDEX assistants_translation_checked ON assistants_translation (checked_us);

CREATE TABLE assistants_language (
  account TEXT NOT NULL,
  user_id TEXT NOT NULL,
  channel_id TEXT NOT NULL,
  language TEXT NOT NULL,
  PRIMARY KEY (account, user_id, channel_id)
);

-- Whom an asker who may not run a proposal asked to run it: each has a card of their own.
CREATE TABLE assistants_request (
  proposal_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  channel_id TEXT NOT NULL,
  card_us BIGINT NOT NULL,
  PRIMARY KEY (proposal_id, user_id)
);
