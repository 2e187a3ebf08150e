-- What OpenAI's API calls objects: files, uploads, vector stores, conversations, responses, batches.
-- A record is its body (JSON) with the columns by which it is found, listed and expired. `parent` is
-- '' or the id of the object it belongs to; `place` orders lists; `expires_us` 0 means never.

CREATE TABLE studio_record (
  account TEXT NOT NULL,
  kind TEXT NOT NULL,
  parent TEXT NOT NULL,
  id TEXT NOT NULL,
  state TEXT NOT NULL,
  place INTEGER NOT NULL,
  expires_us INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (account, kind, parent, id)
);
CREATE INDEX studio_record_list ON studio_record (account, kind, parent, place, id);
CREATE INDEX studio_record_state ON studio_record (kind, state, place);
CREATE INDEX studio_record_due ON studio_record (expires_us) WHERE expires_us > 0;
