-- The ARN of who made a subscription, '' for those of before.

ALTER TABLE sns_subscription ADD COLUMN principal TEXT NOT NULL DEFAULT '';
