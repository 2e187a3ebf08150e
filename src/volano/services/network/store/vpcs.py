"""SQL of VPCs, subnets, security groups and addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.network.model import SecurityGroup, Subnet, Vpc

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_VPC = (
    "account, id, cidr, is_default, gateway_id, route_table_id, network_acl_id, "
    "dhcp_options_id, created_us"
)
_SUBNET = "account, id, vpc_id, zone, cidr, is_default"
_GROUP = "account, id, vpc_id, name, description, created_us"
MAX_ROWS = 1000


async def select_vpcs(reader: Reader, account: str) -> list[Vpc]:
    rows = await reader.rows(
        f"SELECT {_VPC} FROM network_vpc WHERE account = ? ORDER BY id LIMIT ?", account, MAX_ROWS
    )
    return [_to_vpc(row) for row in rows]


async def select_default_vpc(reader: Reader, account: str) -> Vpc | None:
    row = await reader.row(
        f"SELECT {_VPC} FROM network_vpc WHERE account = ? AND is_default = 1 LIMIT 1", account
    )
    return None if row is None else _to_vpc(row)


async def select_vpc(reader: Reader, account: str, vpc_id: str) -> Vpc | None:
    row = await reader.row(
        f"SELECT {_VPC} FROM network_vpc WHERE account = ? AND id = ?", account, vpc_id
    )
    return None if row is None else _to_vpc(row)


async def insert_vpc(tx: Tx, vpc: Vpc) -> None:
    await tx.execute(
        f"INSERT INTO network_vpc ({_VPC}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        vpc.account,
        vpc.id,
        vpc.cidr,
        int(vpc.is_default),
        vpc.gateway_id,
        vpc.route_table_id,
        vpc.network_acl_id,
        vpc.dhcp_options_id,
        vpc.created_us,
    )


async def select_subnets(reader: Reader, account: str) -> list[Subnet]:
    rows = await reader.rows(
        f"SELECT {_SUBNET} FROM network_subnet WHERE account = ? ORDER BY zone, id LIMIT ?",
        account,
        MAX_ROWS,
    )
    return [_to_subnet(row) for row in rows]


async def select_subnet(reader: Reader, account: str, subnet_id: str) -> Subnet | None:
    row = await reader.row(
        f"SELECT {_SUBNET} FROM network_subnet WHERE account = ? AND id = ?", account, subnet_id
    )
    return None if row is None else _to_subnet(row)


async def insert_subnet(tx: Tx, subnet: Subnet) -> None:
    await tx.execute(
        f"INSERT INTO network_subnet ({_SUBNET}) VALUES (?, ?, ?, ?, ?, ?)",
        subnet.account,
        subnet.id,
        subnet.vpc_id,
        subnet.zone,
        subnet.cidr,
        int(subnet.is_default),
    )


async def select_security_groups(reader: Reader, account: str) -> list[SecurityGroup]:
    rows = await reader.rows(
        f"SELECT {_GROUP} FROM network_security_group WHERE account = ? ORDER BY id LIMIT ?",
        account,
        MAX_ROWS,
    )
    return [_to_group(row) for row in rows]


async def insert_security_group(tx: Tx, group: SecurityGroup) -> None:
    await tx.execute(
        f"INSERT INTO network_security_group ({_GROUP}) VALUES (?, ?, ?, ?, ?, ?)",
        group.account,
        group.id,
        group.vpc_id,
        group.name,
        group.description,
        group.created_us,
    )


_OWNERS = {
    "vpc": ("network_vpc", "id"),
    "igw": ("network_vpc", "gateway_id"),
    "rtb": ("network_vpc", "route_table_id"),
    "acl": ("network_vpc", "network_acl_id"),
    "dopt": ("network_vpc", "dhcp_options_id"),
    "subnet": ("network_subnet", "id"),
    "sg": ("network_security_group", "id"),
}
"""The table and column in which the ids of a prefix are."""


async def has_resource(reader: Reader, account: str, prefix: str, resource_id: str) -> bool:
    if prefix not in _OWNERS:
        return False
    table, column = _OWNERS[prefix]
    row = await reader.row(
        f"SELECT 1 FROM {table} WHERE account = ? AND {column} = ?", account, resource_id
    )
    return row is not None


async def select_taken(reader: Reader, subnet_id: str) -> set[str]:
    """The addresses of a subnet that are in use (at most its size)."""
    rows = await reader.rows("SELECT address FROM network_address WHERE subnet_id = ?", subnet_id)
    return {row[0] for row in rows}


async def count_taken(reader: Reader, account: str) -> dict[str, int]:
    rows = await reader.rows(
        "SELECT subnet_id, count(*) FROM network_address WHERE account = ? GROUP BY subnet_id",
        account,
    )
    return {row[0]: row[1] for row in rows}


async def insert_addresses(tx: Tx, taken: list[tuple[str, str, str, str]]) -> None:
    """Rows of (subnet, address, account, owner)."""
    await tx.execute_many(
        "INSERT INTO network_address (subnet_id, address, account, owner) VALUES (?, ?, ?, ?)",
        taken,
    )


async def delete_addresses(tx: Tx, owner: str) -> None:
    await tx.execute("DELETE FROM network_address WHERE owner = ?", owner)


def _to_vpc(row: Row) -> Vpc:
    return Vpc(
        account=row[0],
        id=row[1],
        cidr=row[2],
        is_default=bool(row[3]),
        gateway_id=row[4],
        route_table_id=row[5],
        network_acl_id=row[6],
        dhcp_options_id=row[7],
        created_us=row[8],
    )


def _to_subnet(row: Row) -> Subnet:
    return Subnet(
        account=row[0],
        id=row[1],
        vpc_id=row[2],
        zone=row[3],
        cidr=row[4],
        is_default=bool(row[5]),
    )


def _to_group(row: Row) -> SecurityGroup:
    return SecurityGroup(
        account=row[0],
        id=row[1],
        vpc_id=row[2],
        name=row[3],
        description=row[4],
        created_us=row[5],
    )
