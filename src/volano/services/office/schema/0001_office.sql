-- Approvals and tasks. Users are chat users; forms, steps, values and lists are JSON.

CREATE TABLE office_desk (
  account TEXT NOT NULL PRIMARY KEY,
  bot_id TEXT NOT NULL,
  made_us BIGINT NOT NULL
);

CREATE TABLE office_template (
  id TEXT NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  title TEXT NOT NULL,
  about TEXT NOT NULL,
  fields TEXT NOT NULL,
  steps TEXT NOT NULL,
  copies TEXT NOT NULL,
  enabled BIGINT NOT NULL,
  updated_us BIGINT NOT NULL,
  UNIQUE (account, name)
);

-- `steps` are those of this request, with the people who decide; `step` is the present one.
CREATE TABLE office_approval (
  id TEXT NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  template_id TEXT NOT NULL,
  title TEXT NOT NULL,
  fields TEXT NOT NULL,
  field_values TEXT NOT NULL,
  asker_id TEXT NOT NULL,
  state TEXT NOT NULL,
  step BIGINT NOT NULL,
  steps TEXT NOT NULL,
  copies TEXT NOT NULL,
  urged_us BIGINT NOT NULL,
  created_us BIGINT NOT NULL,
  updated_us BIGINT NOT NULL
);
CREATE INDEX office_approval_asker ON office_approval (account, asker_id, created_us);

-- Who is asked now, and the card that asked them.
CREATE TABLE office_turn (
  approval_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  account TEXT NOT NULL,
  step BIGINT NOT NULL,
  role TEXT NOT NULL,
  waiting BIGINT NOT NULL,
  channel_id TEXT NOT NULL,
  card_us BIGINT NOT NULL,
  created_us BIGINT NOT NULL,
  PRIMARY KEY (approval_id, user_id, step, role)
);
CREATE INDEX office_turn_user ON office_turn (account, user_id, waiting, created_us);

CREATE TABLE office_note (
  id TEXT NOT NULL PRIMARY KEY,
  approval_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  text TEXT NOT NULL,
  other_id TEXT NOT NULL,
  step BIGINT NOT NULL,
  created_us BIGINT NOT NULL
);
CREATE INDEX office_note_approval ON office_note (approval_id, created_us, id);

CREATE TABLE office_task (
  id TEXT NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  title TEXT NOT NULL,
  note TEXT NOT NULL,
  creator_id TEXT NOT NULL,
  assignee_id TEXT NOT NULL,
  due_us BIGINT NOT NULL,
  reminded BIGINT NOT NULL,
  done_us BIGINT NOT NULL,
  channel_id TEXT NOT NULL,
  message_us BIGINT NOT NULL,
  created_us BIGINT NOT NULL,
  updated_us BIGINT NOT NULL
);
CREATE INDEX office_task_assignee ON office_task (account, assignee_id, done_us, due_us);
CREATE INDEX office_task_creator ON office_task (account, creator_id, created_us);
CREATE INDEX office_task_due ON office_task (done_us, reminded, due_us);
