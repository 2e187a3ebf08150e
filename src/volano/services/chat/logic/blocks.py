"""Light checks of Block Kit blocks and attachments, and the words in them.

Checked: known types, counts and sizes (docs.slack.dev, "Block Kit"). Blocks are stored and
returned as they came, each with a `block_id`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

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

_TYPE_NAMES = (
    "actions alert call card carousel container context context_actions divider file header image "
    "input markdown message plan rich_text section share_shortcut table task_card video "
    "data_visualization condition"
)
_TYPES = frozenset(_TYPE_NAMES.split())
_TEXT_LIMITS = {"header": 150, "section": 3000, "markdown": 12_000}


def require_blocks(env: Env, blocks: Sequence[object]) -> list[Json]:
    """The blocks with ids; raises `invalid_blocks` or `too_many_blocks`-like words of Slack."""
    if len(blocks) > MAX_BLOCKS:
        raise refused("invalid_blocks", f"A message has at most {MAX_BLOCKS} blocks.")
    _require_size(blocks, "invalid_blocks")
    checked: list[Json] = []
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        if not isinstance(block, dict) or block.get("type") not in _TYPES:
            raise refused("invalid_blocks", f"blocks[{index}] has no type that Slack knows.")
        _require_text(index, block)
        block_id = block.get("block_id") or env.ids.token(4)[:5]
        if not isinstance(block_id, str) or len(block_id) > 255 or block_id in seen:
            raise refused("invalid_blocks", f"blocks[{index}].block_id is repeated or too long.")
        seen.add(block_id)
        checked.append({**block, "block_id": block_id})
    return checked


def _require_text(index: int, block: Mapping[str, object]) -> None:
    kind = str(block["type"])
    text = block.get("text")
    if kind == "section" and not (text or block.get("fields")):
        raise refused("invalid_blocks", f"blocks[{index}] needs text or fields.")
    if kind == "header" and not isinstance(text, dict):
        raise refused("invalid_blocks", f"blocks[{index}] needs a text object.")
    if kind in ("section", "header") and isinstance(text, dict):
        words = text.get("text")
        if not isinstance(words, str) or not 1 <= len(words) <= _TEXT_LIMITS[kind]:
            said = f"blocks[{index}].text has 1 to {_TEXT_LIMITS[kind]} characters."
            raise refused("invalid_blocks", said)
    fields = block.get("fields")
    if isinstance(fields, list) and len(fields) > 10:
        raise refused("invalid_blocks", f"blocks[{index}] has more than 10 fields.")


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
