-- The words of messages, for `search.messages`: lower case, Chinese, Japanese and Korean as pairs
-- of characters. Written after the message by work, so a search may miss the last moments.

CREATE TABLE chat_word (
  account TEXT NOT NULL,
  word TEXT NOT NULL,
  channel_id TEXT NOT NULL,
  ts_us INTEGER NOT NULL,
  PRIMARY KEY (account, word, channel_id, ts_us)
);
CREATE INDEX chat_word_newest ON chat_word (account, word, ts_us);
CREATE INDEX chat_word_message ON chat_word (channel_id, ts_us);
CREATE INDEX chat_message_author ON chat_message (account, user_id, ts_us);
