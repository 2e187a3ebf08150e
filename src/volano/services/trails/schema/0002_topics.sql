-- The ARN of the topic that is told of each log file; '' for none.
ALTER TABLE trails_trail ADD COLUMN topic TEXT NOT NULL DEFAULT '';
