-- Groups are handed out by how long their oldest message has been waiting: `blocked_us` is now when that
-- message can be received (or could for the first time), not when the last one in flight comes back.

DROP INDEX sqs_group_by_head;
CREATE INDEX sqs_group_by_wait ON sqs_group (queue_id, blocked_us, head_seq);
