"""Who may do what with a document: its owner, and those with whom it is shared.

A share with a channel holds for whoever reads the channel now. What somebody may not see is not
there for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.services.chat import interface as chat
from volano.services.documents import store as rows
from volano.services.documents.model import (
    MAX_SHARES,
    InvalidDocument,
    NoSuchDocument,
    ReadOnly,
    Role,
    Share,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx
    from volano.services.documents.model import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A document and what the caller may do with it."""

    document: Document
    role: Role
    me: chat.ChatUser


def wrong(param: str, message: str) -> InvalidDocument:
    return InvalidDocument(message, fields={"param": param})


async def hold(env: Env, call: Call, document_id: str) -> Held:
    """Raises NoSuchDocument for one that is not there for the caller."""
    mine = (await chat.enter(env, call)).me
    document = await rows.find_document(env.store.reader, call.account, document_id)
    role = await role_in(env.store.reader, document, mine) if document else None
    if document is None or role is None:
        raise NoSuchDocument("There is no such document, or it is not shared with you.")
    return Held(document=document, role=role, me=mine)


async def hold_to_edit(env: Env, call: Call, document_id: str) -> Held:
    """Raises NoSuchDocument and ReadOnly."""
    held = await hold(env, call, document_id)
    if not held.role.may_edit:
        raise ReadOnly("You may read this document; ask its owner to let you edit.")
    return held


async def hold_as_owner(env: Env, call: Call, document_id: str) -> Held:
    """Raises NoSuchDocument and ReadOnly."""
    held = await hold(env, call, document_id)
    if held.role is not Role.OWN:
        raise ReadOnly("Only the owner of a document may do this.")
    return held


async def role_in(reader: Reader, document: Document, user: chat.ChatUser) -> Role | None:
    """The most that somebody may do; None for nothing."""
    if document.owner_id == user.id:
        return Role.OWN
    shares = await rows.select_shares(reader, document.id)
    targets = {user.id}
    if any(share.target.startswith(("C", "G", "D")) for share in shares):
        targets |= set(await chat.readable_channels(reader, user))
    roles = [share.role for share in shares if share.target in targets]
    return (Role.EDIT if Role.EDIT in roles else Role.VIEW) if roles else None


async def targets_of(reader: Reader, user: chat.ChatUser) -> list[str]:
    """All that a share may name to reach somebody."""
    return [user.id, *await chat.readable_channels(reader, user)]


async def share_document(
    env: Env, call: Call, document_id: str, roles: Mapping[str, Role]
) -> list[Share]:
    """Say anew with whom one's document is shared: roles by chat user or channel."""
    held = await hold_as_owner(env, call, document_id)
    if len(roles) > MAX_SHARES:
        raise wrong(
            "shares", f"A document is shared with at most {MAX_SHARES} people and channels."
        )
    for target, role in roles.items():
        if role is Role.OWN:
            raise wrong("shares", "A document has one owner; share it to view or to edit.")
        if target != held.document.owner_id and not await _is_reachable(env, call, target):
            raise wrong("shares", f"There is no person or channel {target[:40]} for you.")
    shares = [
        Share(document_id=document_id, target=target, account=call.account, role=role)
        for target, role in roles.items()
        if target != held.document.owner_id
    ]

    async def write(tx: Tx) -> None:
        await rows.replace_shares(tx, document_id, shares)

    await env.store.transact(write)
    return shares


async def _is_reachable(env: Env, call: Call, target: str) -> bool:
    user = await chat.find_user(env.store.reader, call.account, target)
    if user is not None:
        return not user.deleted
    return await chat.may_read(env, call, target)


async def list_shares(env: Env, call: Call, document_id: str) -> list[Share]:
    await hold(env, call, document_id)
    return await rows.select_shares(env.store.reader, document_id)
