"""What each kind of Block Kit block and element may hold, and the check against it.

The limits are those of docs.slack.dev, "Block Kit". A problem names its place by a JSON pointer, in
the words that Slack's own answers use, so that developers can search for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Known = Mapping[str, Mapping[str, "Rule"]]

MAX_DEPTH = 16
MAX_PROBLEMS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One field. `kind` is text, words (a text object), plain (one of plain text), item, items,
    options or anything; `types` are the types that an item may have; `most` counts characters or
    entries.
    """

    kind: str = "anything"
    needed: bool = False
    most: int = 0
    least: int = 0
    types: frozenset[str] = frozenset()


def _types(names: str) -> frozenset[str]:
    return frozenset(names.split())


def _text(most: int, *, needed: bool = False) -> Rule:
    return Rule(kind="text", needed=needed, most=most)


def _words(most: int, *, needed: bool = False) -> Rule:
    return Rule(kind="words", needed=needed, most=most)


def _plain(most: int, *, needed: bool = False) -> Rule:
    return Rule(kind="plain", needed=needed, most=most)


def _items(names: str, most: int, least: int = 1, *, needed: bool = True) -> Rule:
    return Rule(kind="items", needed=needed, most=most, least=least, types=_types(names))


_SELECTS = (
    "static_select external_select users_select conversations_select channels_select "
    "multi_static_select multi_external_select multi_users_select multi_conversations_select "
    "multi_channels_select"
)
_ACTIONS = (
    f"button workflow_button checkboxes radio_buttons overflow datepicker timepicker "
    f"datetimepicker rich_text_input {_SELECTS}"
)
_INPUTS = (
    "plain_text_input email_text_input url_text_input number_input file_input rich_text_input "
    f"checkboxes radio_buttons datepicker timepicker datetimepicker {_SELECTS}"
)
_RICH = "rich_text_section rich_text_list rich_text_preformatted rich_text_quote"
_PLACE = _plain(150)
_ACTION_ID = _text(255)
_OPTIONS = Rule(kind="options", most=100)
_SELECT = {"action_id": _ACTION_ID, "placeholder": _PLACE}

BLOCKS: Known = {
    "actions": {"elements": _items(_ACTIONS, 25)},
    "alert": {"text": _words(3000, needed=True), "level": _text(20)},
    "call": {"call_id": _text(255, needed=True)},
    "card": {
        "title": _words(150),
        "subtitle": _words(150),
        "body": _words(200),
        "hero_image": Rule(kind="item", types=_types("image")),
        "actions": _items("button workflow_button icon_button overflow", 5, needed=False),
    },
    "carousel": {"elements": _items("card", 10)},
    "condition": {},
    "container": {"title": _words(150)},
    "context": {"elements": _items("image plain_text mrkdwn", 10)},
    "context_actions": {"elements": _items("feedback_buttons icon_button", 5)},
    "data_visualization": {},
    "divider": {},
    "file": {"external_id": _text(255, needed=True), "source": _text(20, needed=True)},
    "header": {"text": _plain(150, needed=True)},
    "image": {
        "image_url": _text(3000),
        "alt_text": _text(2000, needed=True),
        "title": _plain(2000),
    },
    "input": {
        "label": _plain(2000, needed=True),
        "element": Rule(kind="item", needed=True, types=_types(_INPUTS)),
        "hint": _plain(2000),
    },
    "markdown": {"text": _text(12_000, needed=True)},
    "message": {},
    "plan": {"title": _text(2000, needed=True)},
    "rich_text": {"elements": _items(_RICH, 1000, 0)},
    "section": {
        "text": _words(3000),
        "fields": _items("plain_text mrkdwn", 10, needed=False),
        "accessory": Rule(kind="item", types=_types(f"image {_ACTIONS}")),
    },
    "share_shortcut": {},
    "table": {"rows": Rule(kind="rows", needed=True, most=100, least=1)},
    "task_card": {"task_id": _text(255, needed=True), "title": _text(2000, needed=True)},
    "video": {
        "alt_text": _text(2000, needed=True),
        "title": _plain(200, needed=True),
        "video_url": _text(3000, needed=True),
        "thumbnail_url": _text(3000, needed=True),
        "author_name": _text(50),
    },
}

ELEMENTS: Known = {
    "button": {
        "text": _plain(75, needed=True),
        "action_id": _ACTION_ID,
        "url": _text(3000),
        "value": _text(2000),
        "accessibility_label": _text(75),
    },
    "workflow_button": {"text": _plain(75, needed=True), "action_id": _ACTION_ID},
    "icon_button": {"text": _plain(75, needed=True), "action_id": _ACTION_ID, "value": _text(2000)},
    "feedback_buttons": {"action_id": _ACTION_ID},
    "checkboxes": {
        "action_id": _ACTION_ID,
        "options": Rule(kind="options", needed=True, most=10, least=1),
    },
    "radio_buttons": {
        "action_id": _ACTION_ID,
        "options": Rule(kind="options", needed=True, most=10, least=1),
    },
    "overflow": {
        "action_id": _ACTION_ID,
        "options": Rule(kind="options", needed=True, most=5, least=1),
    },
    "static_select": {**_SELECT, "options": _OPTIONS},
    "multi_static_select": {**_SELECT, "options": _OPTIONS},
    "image": {"image_url": _text(3000), "alt_text": _text(2000, needed=True)},
    "plain_text_input": {**_SELECT, "initial_value": _text(3000)},
    "rich_text": BLOCKS["rich_text"],
    "card": BLOCKS["card"],
}
ONE_OF = {
    ("section", "text"): ("text", "fields"),
    ("image", "image_url"): ("image_url", "slack_file"),
    ("static_select", "options"): ("options", "option_groups"),
    ("multi_static_select", "options"): ("options", "option_groups"),
    ("card", "title"): ("hero_image", "title", "actions", "body"),
}
"""At least one of these fields is needed; the key's second part is the one to name."""

LEVELS = _types("default info warning error success")
STYLES = _types("primary danger")
STATUSES = _types("pending in_progress complete error")
CHOICES = {
    ("alert", "level"): LEVELS,
    ("button", "style"): STYLES,
    ("task_card", "status"): STATUSES,
    ("file", "source"): _types("remote"),
}
TEXT_TYPES = _types("plain_text mrkdwn")


def find_problems(
    kind: str, item: Mapping[str, object], place: str, *, known: Known = BLOCKS
) -> Iterator[str]:
    """What is wrong with one block (or element) whose type is known, in Slack's words."""
    rules = known.get(kind, {})
    for name, rule in rules.items():
        value = item.get(name)
        if value is None or value == "":
            if rule.needed:
                yield f"missing required field: {name} [json-pointer:{place}]"
            continue
        yield from _field(rule, value, f"{place}/{name}", 0)
    for (of, named), names in ONE_OF.items():
        if of == kind and not any(item.get(name) for name in names):
            yield f"missing required field: {named} [json-pointer:{place}]"
    for (of, name), choices in CHOICES.items():
        if of == kind and item.get(name) and item[name] not in choices:
            yield f"must be a valid enum value [json-pointer:{place}/{name}]"


def _field(rule: Rule, value: object, place: str, depth: int) -> Iterator[str]:
    if depth > MAX_DEPTH:
        yield f"nested too deep [json-pointer:{place}]"
    elif rule.kind == "text":
        yield from _length(value, rule, place)
    elif rule.kind in ("words", "plain"):
        yield from text_problems(rule, value, place)
    elif rule.kind == "item":
        yield from _item(rule, value, place)
    elif rule.kind in ("items", "rows", "options"):
        yield from _list(rule, value, place)


def _length(value: object, rule: Rule, place: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"must provide a string [json-pointer:{place}]"
    elif len(value) > rule.most:
        yield f"must be less than {rule.most + 1} characters [json-pointer:{place}]"


def text_problems(rule: Rule, value: object, place: str) -> Iterator[str]:
    """What is wrong with a text object."""
    if not isinstance(value, dict):
        yield f"must provide an object [json-pointer:{place}]"
        return
    allowed = TEXT_TYPES if rule.kind == "words" else _types("plain_text")
    if value.get("type") not in allowed:
        yield f"unsupported type: {value.get('type')} [json-pointer:{place}/type]"
    text = value.get("text")
    if not isinstance(text, str):
        yield f"missing required field: text [json-pointer:{place}]"
    elif not text:
        yield f"must be more than 0 characters [json-pointer:{place}/text]"
    elif len(text) > rule.most:
        yield f"must be less than {rule.most + 1} characters [json-pointer:{place}/text]"


def _item(rule: Rule, value: object, place: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"must provide an object [json-pointer:{place}]"
        return
    kind = value.get("type")
    if not isinstance(kind, str):
        yield f"missing required field: type [json-pointer:{place}]"
    elif kind not in rule.types:
        yield f"unsupported type: {kind[:100]} [json-pointer:{place}/type]"
    elif kind in TEXT_TYPES:
        yield from text_problems(_words(3000), value, place)
    else:
        yield from find_problems(kind, value, place, known=ELEMENTS)


def _list(rule: Rule, value: object, place: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"must provide an array [json-pointer:{place}]"
        return
    if len(value) > rule.most:
        yield f"no more than {rule.most} items allowed [json-pointer:{place}]"
        return
    if len(value) < rule.least:
        yield f"must contain at least {rule.least} items [json-pointer:{place}]"
    for index, inner in enumerate(value):
        here = f"{place}/{index}"
        if rule.kind == "items":
            yield from _item(rule, inner, here)
        elif rule.kind == "options":
            yield from _option(inner, here)
        elif not isinstance(inner, list):
            yield f"must provide an array [json-pointer:{here}]"


def _option(value: object, place: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"must provide an object [json-pointer:{place}]"
        return
    yield from text_problems(_words(150), value.get("text"), f"{place}/text")
    if "value" in value:
        yield from _length(value["value"], _text(150), f"{place}/value")
