"""Organizations, units, members and their place in the tree."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.kernel.ids import AccountId
from volano.services.identity.model.organizations import Member, Organization, Unit

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_ORG = "id, management, root_id, feature_set, policy_types, services, tags, created_us"
_UNIT = "id, org, parent, name, tags, created_us"
_MEMBER = "account, org, parent, name, email, state, joined_method, tags, joined_us"


def _org(row: Row) -> Organization:
    return Organization(
        id=row[0],
        management=AccountId(row[1]),
        root_id=row[2],
        feature_set=row[3],
        policy_types=frozenset(json.loads(row[4])),
        services=json.loads(row[5]),
        tags=json.loads(row[6]),
        created_us=row[7],
    )


async def insert_org(tx: Tx, org: Organization) -> None:
    await tx.execute(
        f"INSERT INTO identity_org ({_ORG}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        org.id,
        org.management,
        org.root_id,
        org.feature_set,
        json.dumps(sorted(org.policy_types)),
        json.dumps(dict(org.services)),
        json.dumps(dict(org.tags)),
        org.created_us,
    )


async def update_org(tx: Tx, org: Organization) -> None:
    """Features, policy types, services and the root's tags."""
    await tx.execute(
        "UPDATE identity_org SET feature_set = ?, policy_types = ?, services = ?, tags = ? "
        "WHERE id = ?",
        org.feature_set,
        json.dumps(sorted(org.policy_types)),
        json.dumps(dict(org.services)),
        json.dumps(dict(org.tags)),
        org.id,
    )


async def delete_org(tx: Tx, org_id: str) -> None:
    """The organization with all that hangs on it; accounts stay."""
    for table in ("unit", "member", "policy", "attachment", "request", "delegate"):
        await tx.execute(f"DELETE FROM identity_org_{table} WHERE org = ?", org_id)
    await tx.execute("DELETE FROM identity_org WHERE id = ?", org_id)


async def find_org(reader: Reader, org_id: str) -> Organization | None:
    row = await reader.row(f"SELECT {_ORG} FROM identity_org WHERE id = ?", org_id)
    return _org(row) if row else None


async def find_org_of(reader: Reader, account: str) -> Organization | None:
    """The organization that an account manages or is a member of."""
    row = await reader.row(
        f"SELECT {_ORG} FROM identity_org WHERE management = ? OR id IN "
        "(SELECT org FROM identity_org_member WHERE account = ?) LIMIT 1",
        account,
        account,
    )
    return _org(row) if row else None


def _unit(row: Row) -> Unit:
    return Unit(
        id=row[0],
        org=row[1],
        parent=row[2],
        name=row[3],
        tags=json.loads(row[4]),
        created_us=row[5],
    )


async def insert_unit(tx: Tx, unit: Unit) -> None:
    await tx.execute(
        f"INSERT INTO identity_org_unit ({_UNIT}) VALUES (?, ?, ?, ?, ?, ?)",
        unit.id,
        unit.org,
        unit.parent,
        unit.name,
        json.dumps(dict(unit.tags)),
        unit.created_us,
    )


async def update_unit(tx: Tx, unit: Unit) -> None:
    """Name and tags."""
    await tx.execute(
        "UPDATE identity_org_unit SET name = ?, tags = ? WHERE id = ?",
        unit.name,
        json.dumps(dict(unit.tags)),
        unit.id,
    )


async def delete_unit(tx: Tx, unit_id: str) -> None:
    await tx.execute("DELETE FROM identity_org_attachment WHERE target_id = ?", unit_id)
    await tx.execute("DELETE FROM identity_org_unit WHERE id = ?", unit_id)


async def select_units(reader: Reader, org_id: str, *, limit: int) -> list[Unit]:
    """The oldest first."""
    rows = await reader.rows(
        f"SELECT {_UNIT} FROM identity_org_unit WHERE org = ? ORDER BY created_us, id LIMIT ?",
        org_id,
        limit,
    )
    return [_unit(row) for row in rows]


def _member(row: Row) -> Member:
    return Member(
        account=AccountId(row[0]),
        org=row[1],
        parent=row[2],
        name=row[3],
        email=row[4],
        state=row[5],
        joined_method=row[6],
        tags=json.loads(row[7]),
        joined_us=row[8],
    )


async def insert_member(tx: Tx, member: Member) -> None:
    await tx.execute(
        f"INSERT INTO identity_org_member ({_MEMBER}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        member.account,
        member.org,
        member.parent,
        member.name,
        member.email,
        member.state,
        member.joined_method,
        json.dumps(dict(member.tags)),
        member.joined_us,
    )


async def update_member(tx: Tx, member: Member) -> None:
    """Place, state and tags."""
    await tx.execute(
        "UPDATE identity_org_member SET parent = ?, state = ?, tags = ? WHERE account = ?",
        member.parent,
        member.state,
        json.dumps(dict(member.tags)),
        member.account,
    )


async def delete_member(tx: Tx, account: str) -> None:
    await tx.execute("DELETE FROM identity_org_attachment WHERE target_id = ?", account)
    await tx.execute("DELETE FROM identity_org_delegate WHERE account = ?", account)
    await tx.execute("DELETE FROM identity_org_member WHERE account = ?", account)


async def find_member(reader: Reader, account: str) -> Member | None:
    row = await reader.row(f"SELECT {_MEMBER} FROM identity_org_member WHERE account = ?", account)
    return _member(row) if row else None


async def select_members(reader: Reader, org_id: str, *, limit: int) -> list[Member]:
    """The oldest first."""
    rows = await reader.rows(
        f"SELECT {_MEMBER} FROM identity_org_member WHERE org = ? "
        "ORDER BY joined_us, account LIMIT ?",
        org_id,
        limit,
    )
    return [_member(row) for row in rows]


async def path_of(reader: Reader, org: Organization, parent: str) -> list[str]:
    """Ids from the root down to `parent`, both included."""
    path = [parent]
    while path[-1] != org.root_id:
        row = await reader.row(
            "SELECT parent FROM identity_org_unit WHERE id = ? AND org = ?", path[-1], org.id
        )
        assert row is not None, "a unit has a parent"
        path.append(str(row[0]))
    return path[::-1]
