-- The retrieval index. A source (a message, a file's share, an object) has sentences ("chunks") in
-- a scope; who may read a scope is decided by its owner at each question, never stored here.

CREATE TABLE studio_source (
  account TEXT NOT NULL,
  source TEXT NOT NULL,
  scope TEXT NOT NULL,
  kind TEXT NOT NULL,
  title TEXT NOT NULL,
  ts_us INTEGER NOT NULL,
  PRIMARY KEY (account, source)
);
CREATE INDEX studio_source_scope ON studio_source (account, kind, scope);

-- `vector` is NULL until the embedding model has seen the sentence: 16-bit floats, unit length;
-- empty for sentences that are found by words alone.
CREATE TABLE studio_chunk (
  account TEXT NOT NULL,
  source TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  scope TEXT NOT NULL,
  ts_us INTEGER NOT NULL,
  text TEXT NOT NULL,
  vector BLOB,
  PRIMARY KEY (account, source, ordinal)
);
CREATE INDEX studio_chunk_scope ON studio_chunk (account, scope, ts_us);
CREATE INDEX studio_chunk_bare ON studio_chunk (account, source, ordinal) WHERE vector IS NULL;

CREATE TABLE studio_term (
  account TEXT NOT NULL,
  term TEXT NOT NULL,
  scope TEXT NOT NULL,
  source TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  tf INTEGER NOT NULL,
  ts_us INTEGER NOT NULL,
  PRIMARY KEY (account, term, scope, source, ordinal)
);
CREATE INDEX studio_term_source ON studio_term (account, source);
