-- `encryption`: what new objects of a bucket are encrypted with unless they say it themselves, as
-- JSON text, '' for nothing. An object's own encryption lies in its `headers`, as its first member.
ALTER TABLE s3_bucket ADD COLUMN encryption TEXT NOT NULL DEFAULT '';

-- `seal` is the sealed stream that a part's blob is, '' for plain bytes. `storage_class` says in how
-- many zones the blob is kept, because copies share parts and repair must know.
ALTER TABLE s3_part ADD COLUMN seal TEXT NOT NULL DEFAULT '';
ALTER TABLE s3_part ADD COLUMN storage_class TEXT NOT NULL DEFAULT 'STANDARD';
