-- OpenID Connect providers that an account trusts. `url` has no scheme, as in the provider's ARN;
-- `client_ids`, `thumbprints` and `tags` are JSON.

CREATE TABLE identity_oidc_provider (
  account TEXT NOT NULL,
  url TEXT NOT NULL,
  client_ids TEXT NOT NULL,
  thumbprints TEXT NOT NULL,
  tags TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  PRIMARY KEY (account, url)
);
