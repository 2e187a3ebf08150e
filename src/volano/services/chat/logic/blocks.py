"""Checks of Block Kit blocks, views and attachments, and the words in them.

Blocks are stored and returned as they came, each with a `block_id`, what can be pressed with an
`action_id`.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from volano.services.chat.logic.block_rules import (
    BLOCKS,
    MAX_PROBLEMS,
    Rule,
    find_problems,
    text_problems,
)
from volano.services.chat.logic.errors import refused
from volano.services.chat.model import Json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from volano.kernel.call import Env

MAX_BLOCKS = 50
MAX_ATTACHMENTS = 100
MAX_BODY_BYTES = 256 * 1024
"""JSON of all blocks, or of all attachments, of one message."""
MAX_DEPTH = 24

MAX_VIEW_BLOCKS = 100
MAX_TITLE_CHARACTERS = 24
MAX_METADATA_CHARACTERS = 3000


def require_blocks(
    env: Env,
    blocks: Sequence[object],
    *,
    code: str = "invalid_blocks",
    most: int = MAX_BLOCKS,
    place: str = "/blocks",
) -> list[Json]:
    """The blocks with ids; raises `invalid_blocks` (or `code`) with what is wrong, line by line."""
    _require_size(blocks, code)
    problems: list[str] = []
    if len(blocks) > most:
        problems.append(f"no more than {most} items allowed [json-pointer:{place}]")
    checked: list[Json] = []
    seen: set[str] = set()
    for index, block in enumerate(blocks[:most]):
        here = f"{place}/{index}"
        problems += islice(_block_problems(block, here, seen), MAX_PROBLEMS)
        if isinstance(block, dict):
            block_id = block.get("block_id") or env.ids.token(4)[:5]
            seen.add(str(block_id))
            checked.append({**_with_action_ids(env, block), "block_id": block_id})
    if problems:
        raise refused(code, "\n".join(problems[:MAX_PROBLEMS]))
    return checked


def _block_problems(block: object, place: str, seen: set[str]) -> Iterator[str]:
    if not isinstance(block, dict):
        yield f"must provide an object [json-pointer:{place}]"
        return
    kind = block.get("type")
    if not isinstance(kind, str):
        yield f"missing required field: type [json-pointer:{place}]"
        return
    if kind not in BLOCKS:
        yield f"unsupported type: {kind[:100]} [json-pointer:{place}/type]"
        return
    block_id = block.get("block_id")
    if block_id is not None and not isinstance(block_id, str):
        yield f"must provide a string [json-pointer:{place}/block_id]"
    elif block_id is not None and len(block_id) > 255:
        yield f"must be less than 256 characters [json-pointer:{place}/block_id]"
    elif block_id and block_id in seen:
        yield f"`block_id` already exists: {block_id} [json-pointer:{place}/block_id]"
    yield from find_problems(kind, block, place)


def _with_action_ids(env: Env, block: Mapping[str, object]) -> Json:
    """Elements that can be acted on have an `action_id`, as in Slack."""
    found = dict(block)
    elements = found.get("elements")
    if found.get("type") in ("actions", "context_actions") and isinstance(elements, list):
        found["elements"] = [_with_action_id(env, item) for item in elements]
    for name in ("accessory", "element"):
        if isinstance(found.get(name), dict):
            found[name] = _with_action_id(env, found[name])
    return found


def _with_action_id(env: Env, item: object) -> object:
    if not isinstance(item, dict) or item.get("action_id") or item.get("type") == "image":
        return item
    return {**item, "action_id": env.ids.token(4)[:5]}


def require_view(env: Env, view: Mapping[str, object], kind: str) -> Json:
    """A modal or Home tab with ids in its blocks; raises `invalid_arguments` with the problems.

    `kind` is modal or home, or '' for either.
    """
    problems = list(_view_problems(view, kind))
    if problems:
        raise refused("invalid_arguments", "\n".join(problems[:MAX_PROBLEMS]))
    blocks = view.get("blocks")
    assert isinstance(blocks, list)
    checked = require_blocks(
        env, blocks, code="invalid_arguments", most=MAX_VIEW_BLOCKS, place="/view/blocks"
    )
    return {**view, "blocks": checked}


def _view_problems(view: Mapping[str, object], kind: str) -> Iterator[str]:
    found = view.get("type")
    if found not in ((kind,) if kind else ("modal", "home")):
        yield f"must be a valid enum value: {kind or 'modal'} [json-pointer:/view/type]"
    if not isinstance(view.get("blocks"), list):
        yield "missing required field: blocks [json-pointer:/view]"
    rule = Rule(kind="plain", most=MAX_TITLE_CHARACTERS)
    if found == "modal" and not view.get("title"):
        yield "missing required field: title [json-pointer:/view]"
    for name in ("title", "submit", "close"):
        if view.get(name) is not None and found == "modal":
            yield from text_problems(rule, view[name], f"/view/{name}")
    metadata = view.get("private_metadata")
    if isinstance(metadata, str) and len(metadata) > MAX_METADATA_CHARACTERS:
        said = f"must be less than {MAX_METADATA_CHARACTERS + 1} characters"
        yield f"{said} [json-pointer:/view/private_metadata]"
    for name in ("callback_id", "external_id"):
        value = view.get(name)
        if isinstance(value, str) and len(value) > 255:
            yield f"must be less than 256 characters [json-pointer:/view/{name}]"
    blocks = view.get("blocks")
    has_input = isinstance(blocks, list) and any(
        isinstance(item, dict) and item.get("type") == "input" for item in blocks
    )
    if found == "modal" and has_input and not view.get("submit"):
        yield "missing required field: submit [json-pointer:/view]"


def require_attachments(attachments: Sequence[object]) -> list[Json]:
    """Legacy attachments as objects; raises `too_many_attachments`."""
    if len(attachments) > MAX_ATTACHMENTS:
        raise refused("too_many_attachments", f"A message has at most {MAX_ATTACHMENTS}.")
    _require_size(attachments, "invalid_attachments")
    checked: list[Json] = []
    for index, item in enumerate(attachments):
        if not isinstance(item, dict):
            raise refused("invalid_attachments", f"attachments[{index}] is not an object.")
        checked.append({"id": index + 1, **item})
    return checked


def _require_size(items: Sequence[object], code: str) -> None:
    if len(msgspec.json.encode(items)) > MAX_BODY_BYTES:
        raise refused(code, f"It is over {MAX_BODY_BYTES} bytes of JSON.")


def block_texts(body: Mapping[str, object]) -> list[str]:
    """The texts of a message's blocks and attachments, in order, as mrkdwn."""
    texts: list[str] = []
    for name in ("blocks", "attachments"):
        items = body.get(name)
        if isinstance(items, list):
            for item in items:
                texts += _texts(item, 0)
    return [text for text in texts if text.strip()]


_TEXT_KEYS = ("pretext", "title", "text", "value", "fallback")
_CHILD_KEYS = ("title", "text", "fields", "elements", "blocks", "rows", "accessory", "label")


def _texts(item: object, depth: int) -> Iterator[str]:
    """Texts of one block or attachment; the inline elements of rich text are joined."""
    if depth > MAX_DEPTH:
        return
    if isinstance(item, list):
        for inner in item:
            yield from _texts(inner, depth + 1)
    if not isinstance(item, dict):
        return
    kind = item.get("type")
    if kind in ("rich_text_section", "rich_text_preformatted", "rich_text_quote"):
        yield "".join(_rich(element) for element in _list(item.get("elements")))
    elif kind in ("mrkdwn", "plain_text", "raw_text", "markdown"):
        yield str(item.get("text") or "")
    elif kind is None:
        yield from (
            str(item[key]) for key in _TEXT_KEYS if isinstance(item.get(key), str) and item[key]
        )
        yield from _texts(item.get("fields"), depth + 1)
        yield from _texts(item.get("blocks"), depth + 1)
    else:
        for key in _CHILD_KEYS:
            yield from _texts(item.get(key), depth + 1)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _rich(element: object) -> str:
    if not isinstance(element, dict):
        return ""
    kind = element.get("type")
    if kind == "user":
        return f"<@{element.get('user_id', '')}>"
    if kind == "link":
        return str(element.get("text") or element.get("url") or "")
    return str(element.get("text") or "")
