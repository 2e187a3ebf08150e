-- Who decides for whom meanwhile; one deputy for each person.

CREATE TABLE office_deputy (
  account TEXT NOT NULL,
  user_id TEXT NOT NULL,
  deputy_id TEXT NOT NULL,
  from_us BIGINT NOT NULL,
  until_us BIGINT NOT NULL,
  PRIMARY KEY (account, user_id)
);
