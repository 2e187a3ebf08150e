"""Roles and instance profiles."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.kernel.ids import AccountId
from volano.services.identity.model.principals import InstanceProfile, Role

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_ROLE = (
    "id, account, name, path, description, trust, max_session_s, boundary, tags, created_us, "
    "last_used_us"
)
_PROFILE = "id, account, name, path, role_id, tags, created_us"


def _role(row: Row) -> Role:
    return Role(
        id=row[0],
        account=AccountId(row[1]),
        name=row[2],
        path=row[3],
        description=row[4],
        trust=row[5],
        max_session_s=row[6],
        boundary=row[7],
        tags=json.loads(row[8]),
        created_us=row[9],
        last_used_us=row[10],
    )


async def insert_role(tx: Tx, role: Role) -> None:
    await tx.execute(
        f"INSERT INTO identity_role ({_ROLE}, name_key) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        role.id,
        role.account,
        role.name,
        role.path,
        role.description,
        role.trust,
        role.max_session_s,
        role.boundary,
        json.dumps(dict(role.tags)),
        role.created_us,
        role.last_used_us,
        role.name.lower(),
    )


async def update_role(tx: Tx, role: Role) -> None:
    """Everything but id, account, name, path and creation time."""
    await tx.execute(
        "UPDATE identity_role SET description = ?, trust = ?, max_session_s = ?, boundary = ?, "
        "tags = ? WHERE id = ?",
        role.description,
        role.trust,
        role.max_session_s,
        role.boundary,
        json.dumps(dict(role.tags)),
        role.id,
    )


async def update_role_used(tx: Tx, role_id: str, used_us: int) -> None:
    await tx.execute("UPDATE identity_role SET last_used_us = ? WHERE id = ?", used_us, role_id)


async def delete_role(tx: Tx, role_id: str) -> None:
    await tx.execute("DELETE FROM identity_role WHERE id = ?", role_id)


async def find_role(reader: Reader, role_id: str) -> Role | None:
    row = await reader.row(f"SELECT {_ROLE} FROM identity_role WHERE id = ?", role_id)
    return _role(row) if row else None


async def find_role_by_name(reader: Reader, account: str, name: str) -> Role | None:
    row = await reader.row(
        f"SELECT {_ROLE} FROM identity_role WHERE account = ? AND name_key = ? AND name = ?",
        account,
        name.lower(),
        name,
    )
    return _role(row) if row else None


async def is_role_name_taken(reader: Reader, account: str, name: str) -> bool:
    row = await reader.row(
        "SELECT 1 FROM identity_role WHERE account = ? AND name_key = ?", account, name.lower()
    )
    return row is not None


async def select_roles(
    reader: Reader, account: str, *, path_prefix: str, after: str, limit: int
) -> list[Role]:
    rows = await reader.rows(
        f"SELECT {_ROLE} FROM identity_role WHERE account = ? AND name_key > ? "
        "AND substr(path, 1, ?) = ? ORDER BY name_key LIMIT ?",
        account,
        after,
        len(path_prefix),
        path_prefix,
        limit,
    )
    return [_role(row) for row in rows]


async def count_roles(reader: Reader, account: str) -> int:
    row = await reader.row("SELECT count(*) FROM identity_role WHERE account = ?", account)
    return int(row[0]) if row else 0


def _profile(row: Row) -> InstanceProfile:
    return InstanceProfile(
        id=row[0],
        account=AccountId(row[1]),
        name=row[2],
        path=row[3],
        role_id=row[4],
        tags=json.loads(row[5]),
        created_us=row[6],
    )


async def insert_instance_profile(tx: Tx, profile: InstanceProfile) -> None:
    await tx.execute(
        f"INSERT INTO identity_instance_profile ({_PROFILE}, name_key) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        profile.id,
        profile.account,
        profile.name,
        profile.path,
        profile.role_id,
        json.dumps(dict(profile.tags)),
        profile.created_us,
        profile.name.lower(),
    )


async def update_instance_profile(tx: Tx, profile: InstanceProfile) -> None:
    """Role and tags."""
    await tx.execute(
        "UPDATE identity_instance_profile SET role_id = ?, tags = ? WHERE id = ?",
        profile.role_id,
        json.dumps(dict(profile.tags)),
        profile.id,
    )


async def delete_instance_profile(tx: Tx, profile_id: str) -> None:
    await tx.execute("DELETE FROM identity_instance_profile WHERE id = ?", profile_id)


async def find_instance_profile(reader: Reader, account: str, name: str) -> InstanceProfile | None:
    row = await reader.row(
        f"SELECT {_PROFILE} FROM identity_instance_profile "
        "WHERE account = ? AND name_key = ? AND name = ?",
        account,
        name.lower(),
        name,
    )
    return _profile(row) if row else None


async def is_instance_profile_name_taken(reader: Reader, account: str, name: str) -> bool:
    row = await reader.row(
        "SELECT 1 FROM identity_instance_profile WHERE account = ? AND name_key = ?",
        account,
        name.lower(),
    )
    return row is not None


async def select_instance_profiles(
    reader: Reader, account: str, *, path_prefix: str, after: str, limit: int
) -> list[InstanceProfile]:
    rows = await reader.rows(
        f"SELECT {_PROFILE} FROM identity_instance_profile WHERE account = ? AND name_key > ? "
        "AND substr(path, 1, ?) = ? ORDER BY name_key LIMIT ?",
        account,
        after,
        len(path_prefix),
        path_prefix,
        limit,
    )
    return [_profile(row) for row in rows]


async def select_instance_profiles_of(
    reader: Reader, role_id: str, *, after: str = "", limit: int
) -> list[InstanceProfile]:
    rows = await reader.rows(
        f"SELECT {_PROFILE} FROM identity_instance_profile WHERE role_id = ? AND name_key > ? "
        "ORDER BY name_key LIMIT ?",
        role_id,
        after,
        limit,
    )
    return [_profile(row) for row in rows]


async def count_instance_profiles(reader: Reader, account: str) -> int:
    row = await reader.row(
        "SELECT count(*) FROM identity_instance_profile WHERE account = ?", account
    )
    return int(row[0]) if row else 0
