-- What the door tells of a call besides: CloudTrail's requestParameters, responseElements, key (JSON).
ALTER TABLE identity_audit ADD COLUMN details TEXT NOT NULL DEFAULT '';
