"""Documents themselves: making, listing, finding, renaming, deleting."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from volano.kernel.call import system_call
from volano.kernel.errors import QuotaExceeded
from volano.kernel.ids import AccountId
from volano.services.chat import interface as chat
from volano.services.documents import store as rows
from volano.services.documents.logic import editing
from volano.services.documents.logic.access import (
    Held,
    hold,
    hold_as_owner,
    hold_to_edit,
    role_in,
    targets_of,
    wrong,
)
from volano.services.documents.model import (
    MAX_DOCUMENTS,
    MAX_LISTED,
    MAX_TITLE_CHARACTERS,
    Document,
)
from volano.services.objects import interface as objects

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

MAX_MATCHES = 2000
MAX_SEARCHED_WORDS = 10


def checked_title(title: str) -> str:
    """Raises InvalidDocument."""
    title = title.strip()
    if not 1 <= len(title) <= MAX_TITLE_CHARACTERS or "\x00" in title:
        raise wrong("title", f"A document's title has 1 to {MAX_TITLE_CHARACTERS} characters.")
    return title


async def create_document(env: Env, call: Call, title: str, text: str) -> Held:
    """A document of the caller, shared with nobody yet."""
    title = checked_title(title)
    mine = (await chat.enter(env, call)).me
    now_us = env.clock.now_us()
    document = Document(
        id="doc_" + env.ids.hex(20),
        account=call.account,
        title=title,
        owner_id=mine.id,
        editor_id=mine.id,
        edited_us=now_us,
        created_us=now_us,
    )

    async def write(tx: Tx) -> None:
        if await rows.count_documents(tx, call.account) >= MAX_DOCUMENTS:
            raise QuotaExceeded(f"An account has at most {MAX_DOCUMENTS} documents.")
        await rows.insert_document(tx, document)
        await rows.replace_words(tx, call.account, document.id, chat.words_of(title))

    await env.store.transact(write)
    if text:
        await editing.rewrite(env, call, document, text, mine.id)
    return await hold(env, call, document.id)


async def list_documents(env: Env, call: Call, *, words: str) -> list[Held]:
    """What the caller may see, the latest first; only those with all of `words`, if any."""
    mine = (await chat.enter(env, call)).me
    reader = env.store.reader
    targets = await targets_of(reader, mine)
    found = await rows.select_documents(
        reader, call.account, mine.id, targets, limit=MAX_LISTED if not words else MAX_MATCHES
    )
    if words:
        matches = await _matches(env, call, words)
        found = [document for document in found if document.id in matches][:MAX_LISTED]
    roles = [await role_in(reader, document, mine) for document in found]
    return [
        Held(document=document, role=role, me=mine)
        for document, role in zip(found, roles, strict=True)
        if role is not None
    ]


async def _matches(env: Env, call: Call, words: str) -> set[str]:
    """Documents with every word; the last may be the beginning of one."""
    sought = chat.words_of(words)[:MAX_SEARCHED_WORDS]
    found: set[str] | None = None
    for number, word in enumerate(sought):
        until = word + ("\U0010ffff" if number == len(sought) - 1 else "\x01")
        having = await rows.select_with_word(
            env.store.reader, call.account, word, until=until, limit=MAX_MATCHES
        )
        found = having if found is None else found & having
    return found or set()


async def rename_document(env: Env, call: Call, document_id: str, title: str) -> Held:
    title = checked_title(title)
    held = await hold_to_edit(env, call, document_id)

    async def write(tx: Tx) -> None:
        await rows.update_title(tx, document_id, title)

    await env.store.transact(write)
    return replace(held, document=replace(held.document, title=title))


async def delete_document(env: Env, call: Call, document_id: str) -> None:
    """Delete one's own document with all of its versions."""
    held = await hold_as_owner(env, call, document_id)
    versions = await rows.select_versions(env.store.reader, document_id)

    async def write(tx: Tx) -> None:
        await rows.delete_document(tx, document_id)

    await env.store.transact(write)
    keys = {version.key for version in versions} | {held.document.base_key} - {""}
    await forget_objects(env, held.document.account, keys)


async def forget_objects(env: Env, account: str, keys: set[str]) -> None:
    """Delete objects that no row names any more."""
    workspace = await chat.get_workspace(env, account)
    call = system_call(env, AccountId(account))
    for key in keys - {""}:
        await objects.delete_object(env, call, workspace.bucket, key)


async def export_document(env: Env, call: Call, document_id: str) -> tuple[Document, str]:
    """The text as Markdown."""
    held = await hold(env, call, document_id)
    return held.document, await editing.text_of(env, held.document)


async def write_document(env: Env, call: Call, document_id: str, text: str) -> bytes:
    """Put another text in its place; those who edit now see it at once."""
    held = await hold_to_edit(env, call, document_id)
    return await editing.rewrite(env, call, held.document, text, held.me.id)
