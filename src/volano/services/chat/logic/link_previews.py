"""Previews of links that people post: the page's own title and summary, below the message.

The page is fetched by the server through `env.egress`, so that nobody's browser tells a stranger
who reads the message, and no link reaches what lies behind the server. Pictures are not fetched.
Runs as work after the post; a page that does not answer in time has no preview.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from volano.kernel.egress import EgressFailed, EgressRefused, EgressRequest
from volano.kernel.markup import ForgivingParser
from volano.services.chat.logic.live import Told, keep_in_channel, send
from volano.services.chat.logic.messages import changed_json
from volano.services.chat.logic.mrkdwn import escape_text, unescape_text
from volano.services.chat.logic.workspaces import Here
from volano.services.chat.store import channels as channel_rows
from volano.services.chat.store import messages as rows
from volano.services.chat.store import users as user_rows
from volano.services.chat.store import workspaces as workspace_rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Tx
    from volano.services.chat.model import Json

MAX_LINKS = 3
MAX_PAGE_BYTES = 512 * 1024
MAX_TITLE_CHARACTERS = 200
MAX_SUMMARY_CHARACTERS = 400
TIMEOUT_S = 5.0
_LINK = re.compile(r"<(https?://[^|>\s]+)(?:\|[^>]*)?>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a page says of itself."""

    title: str
    summary: str
    site: str


async def preview_links(env: Env, account: str, channel_id: str, ts_us: int) -> None:
    """Put previews below a person's message; repeating is harmless."""
    reader = env.store.reader
    channel = await channel_rows.find_channel(reader, account, channel_id)
    message = await rows.find_message(reader, channel_id, ts_us)
    workspace = await workspace_rows.find_workspace(reader, account)
    if channel is None or message is None or workspace is None or message.subtype:
        return
    author = await user_rows.find_user(reader, account, message.user_id)
    if author is None or author.is_bot or message.body.get("attachments"):
        return
    found = [
        await _look_at(env, url) for url in outside_links(message.text, env.config.console_url)
    ]
    previews = [preview for preview in found if preview is not None]
    if not previews:
        return

    here = Here(workspace=workspace, me=author)

    async def write(tx: Tx) -> Told | None:
        old = await rows.find_message(tx, channel_id, ts_us)
        if old is None or old.text != message.text or old.body.get("attachments"):
            return None  # deleted, edited or previewed meanwhile
        changed = replace(old, body={**old.body, "attachments": previews})
        await rows.update_message(tx, changed)
        return await keep_in_channel(tx, env, channel, changed_json(here, changed, old))

    told = await env.store.transact(write)
    if told is not None:
        await send(env, told)


def outside_links(text: str, console_url: str) -> list[str]:
    """The first links of a message that do not lead into Volano itself."""
    own = urlsplit(console_url).netloc
    urls = dict.fromkeys(unescape_text(link) for link in _LINK.findall(text))
    return [url for url in urls if urlsplit(url).netloc != own][:MAX_LINKS]


async def _look_at(env: Env, url: str) -> Json | None:
    """An attachment in Slack's shape, or None for what is no page or says nothing."""
    request = EgressRequest(
        method="GET",
        url=url,
        headers={"accept": "text/html", "user-agent": "Volano (link preview)"},
        timeout_s=TIMEOUT_S,
        max_bytes=MAX_PAGE_BYTES,
        max_redirects=3,
    )
    try:
        reply = await env.egress.fetch(request)
    except (EgressFailed, EgressRefused):
        return None
    kind = reply.headers.get("content-type", "")
    if reply.status != 200 or not kind.startswith("text/html"):
        return None
    # In a thread: half a megabyte of "<" takes a second.
    page = await asyncio.to_thread(read_page, reply.body.decode(_charset(kind), "replace"))
    if not page.title:
        return None
    return {
        "from_url": url,
        "original_url": url,
        "title": escape_text(page.title),
        "title_link": url,
        "text": escape_text(page.summary),
        "service_name": escape_text(page.site or (urlsplit(url).hostname or "")),
        "fallback": escape_text(page.title),
    }


def _charset(kind: str) -> str:
    named = re.search(r"charset=[\"']?([\w-]+)", kind)
    known = {"utf-8", "utf8", "iso-8859-1", "latin-1", "gbk", "gb2312", "gb18030", "big5"}
    known |= {"shift_jis", "euc-jp", "euc-kr", "windows-1252"}
    return named[1] if named and named[1].lower() in known else "utf-8"


def read_page(html: str) -> Preview:
    """Open Graph's words where there are any, else the title and description of the page."""
    parser = _Head()
    parser.feed(html)
    meta = parser.meta
    title = meta.get("og:title") or "".join(parser.title)
    summary = meta.get("og:description") or meta.get("description") or ""
    return Preview(
        title=_one_line(title, MAX_TITLE_CHARACTERS),
        summary=_one_line(summary, MAX_SUMMARY_CHARACTERS),
        site=_one_line(meta.get("og:site_name", ""), MAX_TITLE_CHARACTERS),
    )


def _one_line(text: str, limit: int) -> str:
    line = " ".join(text.replace("\x00", "").split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


class _Head(ForgivingParser):
    """Collects the title and the meta properties of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title: list[str] = []
        self.meta: dict[str, str] = {}
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "title":
            self._in_title = not self.title
        elif tag == "meta":
            name = (given.get("property") or given.get("name") or "").lower()
            if name and given.get("content"):
                self.meta.setdefault(name, given["content"] or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title.append(data)
