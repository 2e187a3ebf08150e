-- One instance. `state` is what is, `wanted` (running, stopped, gone) what was asked for; the
-- generation grows with every start asked for. `metered_us` is up to where running time is billed.
CREATE TABLE compute_instance (
  account TEXT NOT NULL,
  id TEXT NOT NULL PRIMARY KEY,
  reservation_id TEXT NOT NULL,
  launch_index INTEGER NOT NULL,
  client_token TEXT NOT NULL,
  type TEXT NOT NULL,
  image_id TEXT NOT NULL,
  zone TEXT NOT NULL,
  vpc_id TEXT NOT NULL,
  vpc_cidr TEXT NOT NULL,
  subnet_id TEXT NOT NULL,
  subnet_cidr TEXT NOT NULL,
  address TEXT NOT NULL,
  gateway TEXT NOT NULL,
  mac TEXT NOT NULL,
  interface_id TEXT NOT NULL,
  key_name TEXT NOT NULL,
  profile TEXT NOT NULL,
  profile_id TEXT NOT NULL,
  profile_arn TEXT NOT NULL,
  user_data TEXT NOT NULL,
  tokens_required INTEGER NOT NULL,
  state TEXT NOT NULL,
  wanted TEXT NOT NULL,
  generation INTEGER NOT NULL,
  reason_code TEXT NOT NULL,
  reason TEXT NOT NULL,
  node TEXT NOT NULL,
  launched_us INTEGER NOT NULL,
  changed_us INTEGER NOT NULL,
  booted_us INTEGER NOT NULL,
  metered_us INTEGER NOT NULL,
  console BLOB NOT NULL
);
CREATE INDEX compute_instance_by_account ON compute_instance (account, launched_us, id);
CREATE INDEX compute_instance_by_node ON compute_instance (node, state);
CREATE INDEX compute_instance_by_state ON compute_instance (state);
CREATE INDEX compute_instance_by_address ON compute_instance (vpc_id, address);

CREATE INDEX compute_instance_by_reservation ON compute_instance (reservation_id);

CREATE TABLE compute_client_token (
  account TEXT NOT NULL,
  token TEXT NOT NULL,
  digest TEXT NOT NULL,
  reservation_id TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  PRIMARY KEY (account, token)
);

CREATE TABLE compute_key_pair (
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  public_key TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  PRIMARY KEY (account, name)
);

CREATE TABLE compute_node (
  name TEXT NOT NULL PRIMARY KEY,
  zone TEXT NOT NULL,
  cpu_millis INTEGER NOT NULL,
  memory_bytes INTEGER NOT NULL,
  seen_us INTEGER NOT NULL
);
