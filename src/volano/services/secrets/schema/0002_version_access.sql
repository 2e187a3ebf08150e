-- The day (microseconds) on which a version was read last.

ALTER TABLE secrets_version ADD COLUMN accessed_us BIGINT;
