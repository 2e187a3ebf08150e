-- A VPC is one isolated network of an account; its id names its namespace on the nodes.
CREATE TABLE network_vpc (
  account TEXT NOT NULL,
  id TEXT NOT NULL PRIMARY KEY,
  cidr TEXT NOT NULL,
  is_default INTEGER NOT NULL,
  gateway_id TEXT NOT NULL,
  route_table_id TEXT NOT NULL,
  network_acl_id TEXT NOT NULL,
  dhcp_options_id TEXT NOT NULL,
  created_us INTEGER NOT NULL
);
CREATE INDEX network_vpc_by_account ON network_vpc (account, id);

CREATE TABLE network_subnet (
  account TEXT NOT NULL,
  id TEXT NOT NULL PRIMARY KEY,
  vpc_id TEXT NOT NULL,
  zone TEXT NOT NULL,
  cidr TEXT NOT NULL,
  is_default INTEGER NOT NULL
);
CREATE INDEX network_subnet_by_account ON network_subnet (account, vpc_id, id);

CREATE TABLE network_address (
  subnet_id TEXT NOT NULL,
  address TEXT NOT NULL,
  account TEXT NOT NULL,
  owner TEXT NOT NULL,
  PRIMARY KEY (subnet_id, address)
);
CREATE INDEX network_address_by_owner ON network_address (owner);

CREATE TABLE network_security_group (
  account TEXT NOT NULL,
  id TEXT NOT NULL PRIMARY KEY,
  vpc_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  created_us INTEGER NOT NULL
);
CREATE UNIQUE INDEX network_security_group_by_name ON network_security_group (vpc_id, name);

-- Tags of every EC2 resource of this account, whichever service owns the resource.
CREATE TABLE network_tag (
  account TEXT NOT NULL,
  resource_id TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (account, resource_id, key)
);
