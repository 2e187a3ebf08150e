-- Shared documents. Users are chat users; payloads are updates as Yjs encodes them (version 1).

CREATE TABLE documents_document (
  id TEXT NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  title TEXT NOT NULL,
  owner_id TEXT NOT NULL,
  seq BIGINT NOT NULL,
  base_seq BIGINT NOT NULL,
  base_key TEXT NOT NULL,
  editor_id TEXT NOT NULL,
  edited_us BIGINT NOT NULL,
  created_us BIGINT NOT NULL
);
CREATE INDEX documents_document_owner ON documents_document (account, owner_id, edited_us);

CREATE TABLE documents_update (
  document_id TEXT NOT NULL,
  seq BIGINT NOT NULL,
  payload BLOB NOT NULL,
  user_id TEXT NOT NULL,
  PRIMARY KEY (document_id, seq)
);

CREATE TABLE documents_share (
  document_id TEXT NOT NULL,
  target TEXT NOT NULL,
  account TEXT NOT NULL,
  role TEXT NOT NULL,
  PRIMARY KEY (document_id, target)
);
CREATE INDEX documents_share_target ON documents_share (account, target);

CREATE TABLE documents_version (
  document_id TEXT NOT NULL,
  seq BIGINT NOT NULL,
  account TEXT NOT NULL,
  object_key TEXT NOT NULL,
  size_characters BIGINT NOT NULL,
  editor_id TEXT NOT NULL,
  is_kept BIGINT NOT NULL,
  created_us BIGINT NOT NULL,
  PRIMARY KEY (document_id, seq)
);

CREATE TABLE documents_word (
  document_id TEXT NOT NULL,
  word TEXT NOT NULL,
  account TEXT NOT NULL,
  PRIMARY KEY (document_id, word)
);
CREATE INDEX documents_word_word ON documents_word (account, word);

CREATE TABLE documents_comment (
  id TEXT NOT NULL PRIMARY KEY,
  document_id TEXT NOT NULL,
  account TEXT NOT NULL,
  user_id TEXT NOT NULL,
  quote TEXT NOT NULL,
  text TEXT NOT NULL,
  is_resolved BIGINT NOT NULL,
  created_us BIGINT NOT NULL
);
CREATE INDEX documents_comment_document ON documents_comment (document_id, created_us);
