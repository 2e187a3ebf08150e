"""What other chats' webhooks send, as Slack's message: DingTalk, Feishu, Teams and Discord.

A program that posts to one of them needs another URL and nothing else. The reply, too, is the one
that its sender expects.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from volano.services.chat.logic.errors import refused
from volano.services.chat.logic.mrkdwn import escape_text, from_markdown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from volano.services.chat.model import Json

MAX_ITEMS = 50
"""Links, sections, embeds or lines of one message that are read."""
NO_CONTENT = 204
FILES = "volano_files"
"""Where the names of files are put that came with a form; webhooks keep none."""
_APP_LINK = "dingtalk://dingtalkclient/page/link"
_EMPTY: Json = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A message in Slack's form, and the status and body that its sender expects."""

    body: Json
    status: int = 200
    reply: str = "ok"
    content_type: str = "text/plain"


def parse_hook(body: Json) -> Said:
    """Find out whose form it is. Raises invalid_payload."""
    if "msgtype" in body:
        return _json_reply(_dingtalk(body), {"errcode": 0, "errmsg": "ok"})
    if "msg_type" in body:
        told: Json = {"code": 0, "msg": "success", "data": {}}
        return _json_reply(_feishu(body), told | {"StatusCode": 0, "StatusMessage": "success"})
    if _is_card(body):
        return Said(body=_message(_card_lines(body)), reply="1")
    if body.get("type") == "message" and isinstance(body.get("attachments"), list):
        return Said(body=_message(_adaptive_lines(body)), status=202, reply="")
    if "embeds" in body or ("content" in body and "text" not in body):
        return Said(body=_discord(body), status=NO_CONTENT, reply="")
    return Said(body=body)


def _is_card(body: Json) -> bool:
    """Teams' MessageCard; some programs leave out what says so."""
    if "@type" in body or str(body.get("@context", "")).startswith("http"):
        return True
    slack = "blocks" in body or "attachments" in body
    return not slack and any(name in body for name in ("sections", "potentialAction", "title"))


def shown_to_discord(body: Json, said: Said, *, id_: str, channel: str, hook: str) -> Said:
    """The message that `?wait=true` asks for (Discord's "Execute Webhook")."""
    told: Json = {
        "id": id_,
        "type": 0,
        "content": _text(body, "content"),
        "channel_id": channel,
        "webhook_id": hook,
        "author": {"id": hook, "username": _text(body, "username"), "bot": True},
        "embeds": _list(body, "embeds"),
        "attachments": [],
    }
    return replace(_json_reply(said.body, told), status=200)


def _json_reply(lines: Json, reply: Json) -> Said:
    return Said(body=lines, reply=json.dumps(reply), content_type="application/json")


def _message(lines: Iterator[str] | list[str]) -> Json:
    text = "\n".join(line for line in lines if line)
    if not text:
        raise refused("invalid_payload", "The message has no text.")
    return {"text": text}


def _part(body: object, name: str) -> Json:
    found = body.get(name) if isinstance(body, dict) else None
    return found if isinstance(found, dict) else _EMPTY


def _list(body: object, name: str) -> list[Json]:
    found = body.get(name) if isinstance(body, dict) else None
    items = found if isinstance(found, list) else []
    return [item for item in items[:MAX_ITEMS] if isinstance(item, dict)]


def _text(body: Json, name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""


def _bold(text: str) -> str:
    return f"*{escape_text(text)}*" if text else ""


def _link(url: str, label: str) -> str:
    if url.startswith(_APP_LINK):  # what DingTalk's own program opens in a side window
        url = dict(parse_qsl(urlsplit(url).query)).get("url", "")
    return f"<{url}|{escape_text(label or url)}>" if url.startswith(("http", "mailto:")) else label


def _dingtalk(body: Json) -> Json:
    """DingTalk's custom robot; WeCom's has the same frame with `content`."""
    kind = _text(body, "msgtype")
    if kind == "text":
        lines = [escape_text(_text(_part(body, "text"), "content"))]
    elif kind == "markdown":
        part = _part(body, "markdown")
        lines = [from_markdown(_text(part, "text") or _text(part, "content"))]
    elif kind == "link":
        part = _part(body, "link")
        lines = [
            _link(_text(part, "messageUrl"), _text(part, "title")),
            escape_text(_text(part, "text")),
        ]
    elif kind == "actionCard":
        lines = list(_action_card(_part(body, "actionCard")))
    elif kind == "feedCard":
        links = _list(_part(body, "feedCard"), "links")
        lines = [_link(_text(item, "messageURL"), _text(item, "title")) for item in links]
    elif kind == "image":
        lines = [_link(_text(_part(body, "image"), "picURL"), "")]
    elif kind == "news":
        articles = _list(_part(body, "news"), "articles")
        lines = [_link(_text(item, "url"), _text(item, "title")) for item in articles]
    else:
        raise refused("invalid_payload", f"msgtype {kind[:40]} is not known.")
    if _part(body, "at").get("isAtAll") is True:
        lines.append("<!channel>")
    return _message(lines)


def _action_card(card: Json) -> Iterator[str]:
    yield from_markdown(_text(card, "text"))
    yield _link(_text(card, "singleURL"), _text(card, "singleTitle"))
    for button in _list(card, "btns"):
        yield _link(_text(button, "actionURL"), _text(button, "title"))


def _feishu(body: Json) -> Json:
    kind = _text(body, "msg_type")
    content = _part(body, "content")
    if kind == "text":
        return _message([escape_text(_text(content, "text"))])
    if kind == "post":
        return _message(_post_lines(content))
    if kind == "interactive":
        return _message(_lark_card(_part(body, "card")))
    raise refused("invalid_payload", f"msg_type {kind[:40]} is not known.")


def _post_lines(content: Json) -> Iterator[str]:
    for post in _part(content, "post").values():
        if not isinstance(post, dict):
            continue
        yield _bold(_text(post, "title"))
        rows = post.get("content")
        for row in rows[:MAX_ITEMS] if isinstance(rows, list) else []:
            yield "".join(_post_part(item) for item in row if isinstance(item, dict))
        return


def _post_part(item: Json) -> str:
    if item.get("tag") == "a":
        return _link(_text(item, "href"), _text(item, "text"))
    if item.get("tag") == "at":
        return "<!channel>" if item.get("user_id") == "all" else _text(item, "user_name")
    return escape_text(_text(item, "text"))


def _lark_card(card: Json) -> Iterator[str]:
    yield _bold(_text(_part(_part(card, "header"), "title"), "content"))
    elements = _list(card, "elements") or _list(_part(card, "body"), "elements")
    for element in elements:
        yield from_markdown(_text(_part(element, "text"), "content") or _text(element, "content"))
        for field in _list(element, "fields"):
            yield from_markdown(_text(_part(field, "text"), "content"))
        for button in _list(element, "actions"):
            label = _text(_part(button, "text"), "content")
            yield _link(_text(button, "url"), label)


def _card_lines(card: Json) -> Iterator[str]:
    """Teams' MessageCard."""
    yield _bold(_text(card, "title"))
    yield from_markdown(_text(card, "text") or _text(card, "summary"))
    for section in _list(card, "sections"):
        yield _bold(_text(section, "activityTitle"))
        yield escape_text(_text(section, "activitySubtitle"))
        yield from_markdown(_text(section, "text"))
        for fact in _list(section, "facts"):
            yield f"{_bold(_text(fact, 'name'))} {from_markdown(_text(fact, 'value'))}"
    for item in _list(card, "potentialAction"):
        targets = [_text(target, "uri") for target in _list(item, "targets")]
        plain = item.get("target")
        targets += [str(url) for url in plain[:MAX_ITEMS]] if isinstance(plain, list) else []
        for url in targets:
            yield _link(url, _text(item, "name"))


def _adaptive_lines(body: Json) -> Iterator[str]:
    """Teams' Adaptive Cards."""
    for attachment in _list(body, "attachments"):
        card = _part(attachment, "content")
        for item in _list(card, "body"):
            text = _text(item, "text")
            bold = str(item.get("weight", "")).lower() == "bolder"
            yield _bold(text) if bold else from_markdown(text)
            for fact in _list(item, "facts"):
                yield f"{_bold(_text(fact, 'title'))} {from_markdown(_text(fact, 'value'))}"
        for item in _list(card, "actions"):
            yield _link(_text(item, "url"), _text(item, "title"))


def _discord(body: Json) -> Json:
    found = _message(_discord_lines(body))
    name, icon = _text(body, "username"), _text(body, "avatar_url")
    return found | ({"username": name} if name else {}) | ({"icon_url": icon} if icon else {})


def _discord_lines(body: Json) -> Iterator[str]:
    yield from_markdown(_text(body, "content"))
    for embed in _list(body, "embeds"):
        title, url = _text(embed, "title"), _text(embed, "url")
        yield f"*{_link(url, title)}*" if url and title else _bold(title)
        yield from_markdown(_text(embed, "description"))
        for field in _list(embed, "fields"):
            yield f"{_bold(_text(field, 'name'))} {from_markdown(_text(field, 'value'))}"
        yield escape_text(_text(_part(embed, "footer"), "text"))
    for name in _list(body, FILES):
        yield f"_{escape_text(_text(name, 'filename'))}_ was sent with this, and is not kept."
