"""Comments on documents: remarks on a quoted passage, open until somebody resolves them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from volano.kernel.errors import QuotaExceeded
from volano.services.documents import store as rows
from volano.services.documents.logic.access import hold, wrong
from volano.services.documents.model import (
    MAX_COMMENT_CHARACTERS,
    MAX_COMMENTS,
    Comment,
    NoSuchDocument,
)

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx


async def list_comments(env: Env, call: Call, document_id: str) -> list[Comment]:
    """The oldest first."""
    await hold(env, call, document_id)
    return await rows.select_comments(env.store.reader, document_id)


async def add_comment(env: Env, call: Call, document_id: str, quote: str, text: str) -> Comment:
    """Whoever may read a document may comment on it."""
    held = await hold(env, call, document_id)
    text = text.strip()
    if not 1 <= len(text) <= MAX_COMMENT_CHARACTERS or "\x00" in text + quote:
        raise wrong("text", f"A comment has 1 to {MAX_COMMENT_CHARACTERS} characters.")
    comment = Comment(
        id="comment_" + env.ids.hex(20),
        document_id=document_id,
        account=call.account,
        user_id=held.me.id,
        quote=quote[:300],
        text=text,
        created_us=env.clock.now_us(),
    )

    async def write(tx: Tx) -> None:
        if len(await rows.select_comments(tx, document_id)) >= MAX_COMMENTS:
            raise QuotaExceeded(f"A document has at most {MAX_COMMENTS} comments.")
        await rows.upsert_comment(tx, comment)

    await env.store.transact(write)
    return comment


async def resolve_comment(
    env: Env, call: Call, document_id: str, comment_id: str, *, resolved: bool
) -> Comment:
    """Its writer, and whoever may edit the document, resolve a comment or open it again."""
    held = await hold(env, call, document_id)
    found = await rows.select_comments(env.store.reader, document_id)
    comment = next((item for item in found if item.id == comment_id), None)
    if comment is None:
        raise NoSuchDocument("There is no such comment.")
    if comment.user_id != held.me.id and not held.role.may_edit:
        raise wrong("id", "Who wrote a comment, or edits the document, resolves it.")
    changed = replace(comment, is_resolved=resolved)

    async def write(tx: Tx) -> None:
        await rows.upsert_comment(tx, changed)

    await env.store.transact(write)
    return changed
