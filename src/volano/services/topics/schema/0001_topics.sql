-- Topics, their subscriptions, deliveries to webhooks, and the key that signs messages.

CREATE TABLE sns_topic (
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  attributes TEXT NOT NULL,
  tags TEXT NOT NULL,
  last_seq BIGINT NOT NULL,
  deleted_subscriptions BIGINT NOT NULL,
  PRIMARY KEY (account, name)
) WITHOUT ROWID;

-- `token` is what confirms the subscription, '' once it is confirmed.
CREATE TABLE sns_subscription (
  topic_account TEXT NOT NULL,
  topic_name TEXT NOT NULL,
  id TEXT NOT NULL,
  owner TEXT NOT NULL,
  protocol TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  attributes TEXT NOT NULL,
  token TEXT NOT NULL,
  guarded BIGINT NOT NULL,
  created_us BIGINT NOT NULL,
  PRIMARY KEY (topic_account, topic_name, id)
) WITHOUT ROWID;
CREATE INDEX sns_subscription_by_owner ON sns_subscription (owner, id);
CREATE INDEX sns_subscription_by_endpoint
  ON sns_subscription (topic_account, topic_name, protocol, endpoint);

-- Messages on their way to webhooks. `body` is sealed; `headers` is JSON text;
CREATE TABLE sns_delivery (
  id TEXT NOT NULL PRIMARY KEY,
  topic_account TEXT NOT NULL,
  topic_name TEXT NOT NULL,
  subscription_id TEXT NOT NULL,
  url TEXT NOT NULL,
  headers TEXT NOT NULL,
  body BLOB NOT NULL,
  policy TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  due_us BIGINT NOT NULL,
  created_us BIGINT NOT NULL
);
CREATE INDEX sns_delivery_by_due ON sns_delivery (due_us);
CREATE INDEX sns_delivery_by_subscription
  ON sns_delivery (topic_account, topic_name, subscription_id);

-- Which deduplication ids a FIFO topic saw in the last five minutes.
CREATE TABLE sns_dedup (
  topic_account TEXT NOT NULL,
  topic_name TEXT NOT NULL,
  scope TEXT NOT NULL,
  dedup_id TEXT NOT NULL,
  message_id TEXT NOT NULL,
  seq BIGINT NOT NULL,
  expires_us BIGINT NOT NULL,
  PRIMARY KEY (topic_account, topic_name, scope, dedup_id)
) WITHOUT ROWID;
CREATE INDEX sns_dedup_by_expiry ON sns_dedup (expires_us);

-- `sealed` is the private key (PKCS8, DER) under the root key, in the context `sns ID`.
CREATE TABLE sns_signing_key (
  id TEXT NOT NULL PRIMARY KEY,
  sealed BLOB NOT NULL,
  certificate TEXT NOT NULL,
  created_us BIGINT NOT NULL
);
