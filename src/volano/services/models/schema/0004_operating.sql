-- Services with OpenAI's API that serve models for an account; the key is in Secrets Manager.
CREATE TABLE models_upstream (
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  base_url TEXT NOT NULL,
  secret TEXT NOT NULL,
  owns_secret INTEGER NOT NULL,
  timeout_ms INTEGER NOT NULL,
  retries INTEGER NOT NULL,
  created_us INTEGER NOT NULL,
  PRIMARY KEY (account, name)
);

-- What an upstream's model costs: decimal strings for a million tokens, in the price list's currency.
CREATE TABLE models_price (
  account TEXT NOT NULL,
  model TEXT NOT NULL,
  input TEXT NOT NULL,
  output TEXT NOT NULL,
  PRIMARY KEY (account, model)
);

-- Names that stand for several models; `definition` is the route as JSON.
CREATE TABLE models_route (
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  definition TEXT NOT NULL,
  changed_us INTEGER NOT NULL,
  PRIMARY KEY (account, name)
);

-- One answer (or failed attempt): who asked, what made it, how long it took, what it cost.
-- Money is in billionths of the price list's currency.
CREATE TABLE models_answer (
  account TEXT NOT NULL,
  id TEXT NOT NULL,
  at_us INTEGER NOT NULL,
  principal TEXT NOT NULL,
  route TEXT NOT NULL,
  model TEXT NOT NULL,
  engine TEXT NOT NULL,
  error TEXT NOT NULL,
  cached INTEGER NOT NULL,
  first_us INTEGER NOT NULL,
  took_us INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  cost_nano INTEGER NOT NULL,
  PRIMARY KEY (account, id)
);
CREATE INDEX models_answer_list ON models_answer (account, at_us, id);
CREATE INDEX models_answer_by_model ON models_answer (account, model, at_us);

-- What a key, a person, a project or the account may use; 0 is no limit.
CREATE TABLE models_limit (
  account TEXT NOT NULL,
  scope TEXT NOT NULL,
  subject TEXT NOT NULL,
  requests_per_minute INTEGER NOT NULL,
  tokens_per_minute INTEGER NOT NULL,
  day_nano INTEGER NOT NULL,
  month_nano INTEGER NOT NULL,
  PRIMARY KEY (account, scope, subject)
);

-- Money spent by a day (2026-11-22) or month (2026-11).
CREATE TABLE models_spent (
  account TEXT NOT NULL,
  scope TEXT NOT NULL,
  subject TEXT NOT NULL,
  period TEXT NOT NULL,
  spent_nano INTEGER NOT NULL,
  PRIMARY KEY (account, scope, subject, period)
);

-- Money that answers under way may cost at most; one that is not settled goes when it expires.
CREATE TABLE models_hold (
  account TEXT NOT NULL,
  scope TEXT NOT NULL,
  subject TEXT NOT NULL,
  id TEXT NOT NULL,
  held_nano INTEGER NOT NULL,
  expires_us INTEGER NOT NULL,
  PRIMARY KEY (account, scope, subject, id)
);
CREATE INDEX models_hold_expiry ON models_hold (expires_us);

-- Answers that may be given again to the very same request; `answer` is JSON.
CREATE TABLE models_cached (
  account TEXT NOT NULL,
  digest TEXT NOT NULL,
  model TEXT NOT NULL,
  answer TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  hits INTEGER NOT NULL,
  created_us INTEGER NOT NULL,
  expires_us INTEGER NOT NULL,
  PRIMARY KEY (account, digest)
);
CREATE INDEX models_cached_expiry ON models_cached (expires_us);

-- Requests with an Idempotency-Key: `answer` is '' while the first is under way.
CREATE TABLE models_repeat (
  account TEXT NOT NULL,
  key TEXT NOT NULL,
  request TEXT NOT NULL,
  answer TEXT NOT NULL,
  expires_us INTEGER NOT NULL,
  PRIMARY KEY (account, key)
);
CREATE INDEX models_repeat_expiry ON models_repeat (expires_us);

-- How many replicas a model may have, and when it may have none.
CREATE TABLE models_scaling (
  account TEXT NOT NULL,
  model TEXT NOT NULL,
  replicas_min INTEGER NOT NULL,
  replicas_max INTEGER NOT NULL,
  queue_per_replica INTEGER NOT NULL,
  deadline_ms INTEGER NOT NULL,
  idle_s INTEGER NOT NULL,
  pinned INTEGER NOT NULL,
  PRIMARY KEY (account, model)
);
