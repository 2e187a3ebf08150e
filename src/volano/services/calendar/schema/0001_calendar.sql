-- Events with their guests, and what lies in each person's collections. Users are chat users.

CREATE TABLE calendar_event (
  id TEXT NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  owner_id TEXT NOT NULL,
  uid TEXT NOT NULL,
  title TEXT NOT NULL,
  ics TEXT NOT NULL,
  etag TEXT NOT NULL,
  starts_us BIGINT NOT NULL,
  ends_us BIGINT NOT NULL,
  is_recurring BIGINT NOT NULL,
  is_busy BIGINT NOT NULL,
  is_cancelled BIGINT NOT NULL,
  remind_us BIGINT NOT NULL,
  moved BIGINT NOT NULL,
  updated_us BIGINT NOT NULL,
  UNIQUE (account, owner_id, uid)
);
CREATE INDEX calendar_event_remind ON calendar_event (remind_us);

CREATE TABLE calendar_guest (
  event_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  account TEXT NOT NULL,
  answer TEXT NOT NULL,
  channel_id TEXT NOT NULL,
  card_us BIGINT NOT NULL,
  told TEXT NOT NULL,
  PRIMARY KEY (event_id, user_id)
);

-- `seq` grows with every change of a person's collections; `gone` rows tell programs what to drop.
CREATE TABLE calendar_entry (
  account TEXT NOT NULL,
  user_id TEXT NOT NULL,
  collection TEXT NOT NULL,
  name TEXT NOT NULL,
  target_id TEXT NOT NULL,
  seq BIGINT NOT NULL,
  gone BIGINT NOT NULL,
  uid TEXT NOT NULL,
  etag TEXT NOT NULL,
  PRIMARY KEY (account, user_id, collection, name)
);
CREATE INDEX calendar_entry_seq ON calendar_entry (account, user_id, collection, seq);
CREATE INDEX calendar_entry_target ON calendar_entry (target_id, user_id);

CREATE TABLE calendar_desk (
  account TEXT NOT NULL,
  user_id TEXT NOT NULL,
  seq BIGINT NOT NULL,
  PRIMARY KEY (account, user_id)
);
