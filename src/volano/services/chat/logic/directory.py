"""The organisation's directory: everyone reads it, administrators keep it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import NotFound
from volano.services.chat.logic.errors import UserNotFound, refused
from volano.services.chat.logic.workspaces import enter
from volano.services.chat.model.directory import (
    MAX_DEPARTMENTS,
    MAX_DEPTH,
    MAX_NAME_CHARACTERS,
    Department,
    Position,
)
from volano.services.chat.store import directory as rows
from volano.services.chat.store import users as user_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx


class DepartmentNotFound(NotFound):
    code = "department_not_found"


async def read_directory(env: Env, call: Call) -> tuple[list[Department], list[Position]]:
    """Every department and position of the account; guests see only themselves."""
    here = await enter(env, call)
    reader = env.store.reader
    positions = await rows.select_positions(reader, call.account)
    if here.me.is_guest:
        return [], [item for item in positions if item.user_id == here.me.id]
    return await rows.select_departments(reader, call.account), positions


async def put_department(
    env: Env, call: Call, *, department_id: str, name: str, parent_id: str
) -> Department:
    """Make a department ('' as its id) or change one.

    Raises department_not_found, and invalid_arguments for a tree that would have a ring.
    """
    name = name.strip()
    if not 1 <= len(name) <= MAX_NAME_CHARACTERS:
        raise refused("invalid_arguments", f"A name has 1 to {MAX_NAME_CHARACTERS} characters.")

    async def write(tx: Tx) -> Department:
        known = {item.id: item for item in await rows.select_departments(tx, call.account)}
        if department_id and department_id not in known:
            raise DepartmentNotFound(f"There is no department {department_id[:40]}.")
        if not department_id and len(known) >= MAX_DEPARTMENTS:
            raise refused("invalid_arguments", f"There are at most {MAX_DEPARTMENTS} departments.")
        _require_parent(known, department_id, parent_id)
        made = Department(
            id=department_id or env.ids.slack("D"),
            account=call.account,
            name=name,
            parent_id=parent_id,
        )
        await rows.upsert_department(tx, made)
        return made

    return await env.store.transact(write)


def _require_parent(known: Mapping[str, Department], department_id: str, parent_id: str) -> None:
    above = parent_id
    for _ in range(MAX_DEPTH):
        if above == "":
            return
        if above not in known:
            raise DepartmentNotFound(f"There is no department {above[:40]}.")
        if above == department_id:
            break
        above = known[above].parent_id
    raise refused("invalid_arguments", "A department cannot be below itself, nor 20 levels deep.")


async def delete_department(env: Env, call: Call, department_id: str) -> None:
    """Its people and departments move to the one above. Raises department_not_found."""

    async def write(tx: Tx) -> None:
        known = {item.id: item for item in await rows.select_departments(tx, call.account)}
        if department_id not in known:
            raise DepartmentNotFound(f"There is no department {department_id[:40]}.")
        await rows.delete_department(tx, known[department_id])

    await env.store.transact(write)


async def put_position(env: Env, call: Call, wanted: Position) -> Position:
    """Say where somebody stands. Raises user_not_found, department_not_found."""
    if any(len(text) > MAX_NAME_CHARACTERS for text in (wanted.title, wanted.phone)):
        raise refused("invalid_arguments", f"A title has at most {MAX_NAME_CHARACTERS} characters.")

    async def write(tx: Tx) -> Position:
        await _require_user(tx, call.account, wanted.user_id)
        if wanted.manager_id:
            await _require_user(tx, call.account, wanted.manager_id)
        if wanted.manager_id == wanted.user_id:
            raise refused("invalid_arguments", "Nobody is their own manager.")
        known = {item.id for item in await rows.select_departments(tx, call.account)}
        if wanted.department_id and wanted.department_id not in known:
            raise DepartmentNotFound(f"There is no department {wanted.department_id[:40]}.")
        await rows.upsert_position(tx, wanted)
        return wanted

    return await env.store.transact(write)


async def _require_user(reader: Reader, account: str, user_id: str) -> None:
    if await user_rows.find_user(reader, account, user_id) is None:
        raise UserNotFound(f"There is nobody {user_id[:40]}.")
