-- Queues, their messages, and what FIFO queues remember. `id` changes when a queue is purged: the
-- messages of the old id are no one's any more, and work deletes them (`sqs_gone`).

CREATE TABLE sqs_queue (
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  id TEXT NOT NULL UNIQUE,
  created_us BIGINT NOT NULL,
  modified_us BIGINT NOT NULL,
  attributes TEXT NOT NULL,
  tags TEXT NOT NULL,
  dead_letter_arn TEXT NOT NULL,
  PRIMARY KEY (account, name)
) WITHOUT ROWID;
CREATE INDEX sqs_queue_by_dead_letter ON sqs_queue (dead_letter_arn, account, name);

-- `sealed` says how `body` lies: 0 plain, 1 under the region's key, 2 under KMS. `visible_us` is when the message can be
-- received next; one that was received is in flight until then. `seq` orders a FIFO queue.
CREATE TABLE sqs_message (
  queue_id TEXT NOT NULL,
  id TEXT NOT NULL,
  body BLOB NOT NULL,
  sealed BIGINT NOT NULL,
  attributes TEXT NOT NULL,
  trace_header TEXT NOT NULL,
  sender_id TEXT NOT NULL,
  sent_us BIGINT NOT NULL,
  visible_us BIGINT NOT NULL,
  first_received_us BIGINT NOT NULL,
  receive_count BIGINT NOT NULL,
  receipt TEXT NOT NULL,
  group_id TEXT NOT NULL,
  dedup_id TEXT NOT NULL,
  seq BIGINT NOT NULL,
  source_arn TEXT NOT NULL,
  PRIMARY KEY (queue_id, id)
);
CREATE INDEX sqs_message_by_visible ON sqs_message (queue_id, visible_us);
CREATE INDEX sqs_message_by_sent ON sqs_message (queue_id, sent_us);
CREATE INDEX sqs_message_by_group ON sqs_message (queue_id, group_id, seq);

-- `head_seq` is the oldest message left (NULL for none); no message of the group is handed out
-- before `blocked_us`, when the last one in flight comes back.
CREATE TABLE sqs_group (
  queue_id TEXT NOT NULL,
  group_id TEXT NOT NULL,
  last_seq BIGINT NOT NULL,
  head_seq BIGINT,
  blocked_us BIGINT NOT NULL,
  PRIMARY KEY (queue_id, group_id)
) WITHOUT ROWID;
CREATE INDEX sqs_group_by_head ON sqs_group (queue_id, head_seq);

-- Which deduplication ids were seen in the last five minutes. `scope` is '' or the message group.
CREATE TABLE sqs_dedup (
  queue_id TEXT NOT NULL,
  scope TEXT NOT NULL,
  dedup_id TEXT NOT NULL,
  message_id TEXT NOT NULL,
  seq BIGINT NOT NULL,
  expires_us BIGINT NOT NULL,
  PRIMARY KEY (queue_id, scope, dedup_id)
) WITHOUT ROWID;
CREATE INDEX sqs_dedup_by_expiry ON sqs_dedup (expires_us);

CREATE TABLE sqs_gone (
  queue_id TEXT NOT NULL PRIMARY KEY,
  gone_us BIGINT NOT NULL
) WITHOUT ROWID;

-- Moves of dead letters back to where they came from, or to a chosen queue (`destination` '' for
-- the former). `rate` 0 means as fast as allowed.
CREATE TABLE sqs_move_task (
  id TEXT NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  source TEXT NOT NULL,
  destination TEXT NOT NULL,
  rate BIGINT NOT NULL,
  status TEXT NOT NULL,
  moved BIGINT NOT NULL,
  wanted BIGINT NOT NULL,
  failure TEXT NOT NULL,
  started_us BIGINT NOT NULL,
  advanced_us BIGINT NOT NULL
);
CREATE INDEX sqs_move_task_by_source ON sqs_move_task (account, source, started_us);
CREATE INDEX sqs_move_task_by_status ON sqs_move_task (status);
