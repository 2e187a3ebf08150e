"""Canvases: simple pages of Markdown, of a channel or of a person.

The owner and those who were given access may read or write; the canvas of a channel is its
members'. Sections are the paragraphs and headings; edits name them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from volano.services.chat.logic.access import find_readable, get_joined
from volano.services.chat.logic.errors import conflict, denied, refused
from volano.services.chat.logic.workspaces import Here, enter
from volano.services.chat.model.items import Canvas, Section
from volano.services.chat.store import canvases as rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx
    from volano.services.chat.model import Json

MAX_CANVAS_CHARACTERS = 100_000
MAX_SECTIONS = 1000
LEVELS = ("read", "write", "owner")
_HEADINGS = {"h1": "# ", "h2": "## ", "h3": "### "}


async def create_canvas(
    env: Env, call: Call, title: str, content: Mapping[str, object] | None, channel_id: str
) -> Canvas:
    """Raises channel_canvas_already_exists and canvas_creation_failed."""
    here = await enter(env, call)
    sections = _sections(env, _markdown(content))
    now_us = env.clock.now_us()
    item = Canvas(
        id=env.ids.slack("F"),
        account=call.account,
        owner=here.me.id,
        title=title[:255].replace("\x00", ""),
        channel_id=channel_id,
        sections=sections,
        created_us=now_us,
        updated_us=now_us,
    )

    async def write(tx: Tx) -> None:
        if channel_id:
            await get_joined(tx, here.me, channel_id)
            if await rows.find_canvas_of_channel(tx, call.account, channel_id) is not None:
                raise conflict("channel_canvas_already_exists", "The channel has a canvas.")
        await rows.upsert_canvas(tx, item)

    await env.store.transact(write)
    return item


def _markdown(content: Mapping[str, object] | None) -> str:
    if content is None:
        return ""
    markdown = content.get("markdown")
    if content.get("type") != "markdown" or not isinstance(markdown, str):
        raise refused("invalid_arguments", "document_content has type markdown and markdown.")
    if len(markdown) > MAX_CANVAS_CHARACTERS or "\x00" in markdown:
        raise refused("canvas_creation_failed", f"At most {MAX_CANVAS_CHARACTERS} characters.")
    return markdown


def _sections(env: Env, markdown: str) -> tuple[Section, ...]:
    parts = [part.strip("\n") for part in markdown.split("\n\n")]
    return tuple(
        Section(id=f"temp:C:{env.ids.hex(20)}", markdown=part) for part in parts if part.strip()
    )


async def get_canvas(reader: Reader, here: Here, canvas_id: str, *, write: bool = False) -> Canvas:
    """Raises canvas_not_found, also for those who may not read it, and access_denied."""
    found = await rows.find_canvas(reader, here.workspace.account, canvas_id)
    level = await _level(reader, here, found) if found is not None else ""
    if found is None or not level:
        raise refused("canvas_not_found", f"There is no canvas {canvas_id[:40]}.")
    if write and level == "read":
        raise denied("access_denied", "You may read this canvas only.")
    return found


async def find_canvas_of(env: Env, account: str, channel_id: str) -> Canvas | None:
    """The canvas of a channel that the caller was found to see."""
    return await rows.find_canvas_of_channel(env.store.reader, account, channel_id)


async def _level(reader: Reader, here: Here, canvas: Canvas) -> str:
    if canvas.owner == here.me.id:
        return "owner"
    if canvas.channel_id and await find_readable(reader, here.me, canvas.channel_id) is not None:
        return "write"
    best = ""
    for entity, level in (await rows.select_access(reader, canvas.id)).items():
        reaches = entity == here.me.id
        if not reaches and entity[:1] in "CG":
            reaches = await find_readable(reader, here.me, entity) is not None
        if reaches and level in LEVELS and (not best or LEVELS.index(level) > LEVELS.index(best)):
            best = level
    return best


async def edit_canvas(
    env: Env, call: Call, canvas_id: str, changes: Sequence[Mapping[str, object]]
) -> None:
    """Do what each change says, all or none. Raises canvas_editing_failed."""
    here = await enter(env, call)

    async def write(tx: Tx) -> None:
        canvas = await get_canvas(tx, here, canvas_id, write=True)
        for change in changes:
            canvas = _changed(env, canvas, change)
        size = sum(len(section.markdown) for section in canvas.sections)
        if size > MAX_CANVAS_CHARACTERS or len(canvas.sections) > MAX_SECTIONS:
            raise refused("canvas_editing_failed", "The canvas would be too large.")
        await rows.upsert_canvas(tx, replace(canvas, updated_us=env.clock.now_us()))

    await env.store.transact(write)


def _changed(env: Env, canvas: Canvas, change: Mapping[str, object]) -> Canvas:
    operation = change.get("operation")
    content = change.get("document_content")
    given = content if isinstance(content, Mapping) else None
    sections, at = list(canvas.sections), _place(canvas, change.get("section_id"))
    if operation == "rename":
        title = change.get("title_content")
        text = title.get("markdown") if isinstance(title, Mapping) else None
        return replace(canvas, title=str(text or canvas.title)[:255])
    added = _sections(env, _markdown(given))
    if operation == "insert_at_start":
        sections[0:0] = added
    elif operation == "insert_at_end":
        sections += added
    elif operation == "replace" and at is None:
        sections = list(added)
    elif at is None:
        raise refused("canvas_editing_failed", "section_id names no section of the canvas.")
    elif operation == "insert_after":
        sections[at + 1 : at + 1] = added
    elif operation == "insert_before":
        sections[at:at] = added
    elif operation == "replace":
        sections[at : at + 1] = added
    elif operation == "delete":
        del sections[at]
    else:
        raise refused("canvas_editing_failed", "operation is not one that is known.")
    return replace(canvas, sections=tuple(sections))


def _place(canvas: Canvas, section_id: object) -> int | None:
    names = [section.id for section in canvas.sections]
    return names.index(section_id) if section_id in names else None


async def delete_canvas(env: Env, call: Call, canvas_id: str) -> None:
    """Raises canvas_not_found and access_denied."""
    here = await enter(env, call)

    async def write(tx: Tx) -> None:
        canvas = await get_canvas(tx, here, canvas_id, write=True)
        await rows.delete_canvas(tx, canvas.id)

    await env.store.transact(write)


async def set_access(
    env: Env, call: Call, canvas_id: str, level: str | None, entities: Sequence[str]
) -> None:
    """Give users or channels a level, or take it away (None)."""
    here = await enter(env, call)
    if level is not None and level not in LEVELS:
        raise refused("invalid_arguments", f"access_level is one of {', '.join(LEVELS)}.")
    if not entities:
        raise refused("invalid_arguments", "user_ids or channel_ids is needed.")

    async def write(tx: Tx) -> None:
        canvas = await get_canvas(tx, here, canvas_id, write=True)
        for entity in entities:
            if level is None:
                await rows.delete_access(tx, canvas.id, entity)
            else:
                await rows.upsert_access(tx, canvas.id, entity, level)

    await env.store.transact(write)


async def lookup_sections(
    env: Env, call: Call, canvas_id: str, criteria: Mapping[str, object]
) -> list[Json]:
    """Sections of certain kinds (`h1`, `any_header`) or with a text."""
    here = await enter(env, call)
    canvas = await get_canvas(env.store.reader, here, canvas_id)
    kinds, text = criteria.get("section_types"), str(criteria.get("contains_text") or "").lower()
    wanted = kinds if isinstance(kinds, list) else []
    return [
        {"id": section.id}
        for section in canvas.sections
        if (not wanted or any(_is(section, str(kind)) for kind in wanted))
        and text in section.markdown.lower()
    ]


def _is(section: Section, kind: str) -> bool:
    if kind == "any_header":
        return section.markdown.startswith("#")
    return section.markdown.startswith(_HEADINGS.get(kind, "\x00"))
