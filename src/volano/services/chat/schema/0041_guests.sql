-- Guests: people who see only the channels that they are in, and who is there. `guest` is '', multi
-- or single (one channel); a guest with `guest_until_us` is no guest any more from then on.
ALTER TABLE chat_user ADD COLUMN guest TEXT NOT NULL DEFAULT '';
ALTER TABLE chat_user ADD COLUMN guest_until_us INTEGER NOT NULL DEFAULT 0;
CREATE INDEX chat_user_guest ON chat_user (guest_until_us) WHERE guest_until_us > 0;
