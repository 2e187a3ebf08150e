"""Link previews that apps give: `link_shared` tells them of links, `chat.unfurl` answers."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from volano.services.chat.logic.access import get_readable
from volano.services.chat.logic.blocks import require_attachments, require_blocks
from volano.services.chat.logic.errors import refused
from volano.services.chat.logic.live import Told, keep_in_channel, send
from volano.services.chat.logic.messages import changed_json, get_message
from volano.services.chat.logic.mrkdwn import unescape_text
from volano.services.chat.logic.views import calling_app
from volano.services.chat.model import to_ts
from volano.services.chat.store import messages as rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.chat.model import Channel, Json, Message

MAX_UNFURLS = 20
_LINK = re.compile(r"<(https?://[^|>\s]+)(?:\|[^>]*)?>")


def links_of(text: str, domains: Sequence[str]) -> list[Json]:
    """The links of a text that lie in these domains, or below one of them."""
    found: list[Json] = []
    for url in dict.fromkeys(unescape_text(link) for link in _LINK.findall(text)):
        host = (urlsplit(url).hostname or "").lower()
        domain = next((d for d in domains if host == d or host.endswith(f".{d}")), None)
        if domain is not None:
            found.append({"url": url, "domain": domain})
    return found


def link_event(channel: Channel, message: Message, links: list[Json]) -> Json:
    """Slack's `link_shared`."""
    found: Json = {
        "type": "link_shared",
        "channel": channel.id,
        "is_bot_user_member": True,
        "user": message.user_id,
        "message_ts": message.ts,
        "unfurl_id": f"{channel.id}.{message.ts}",
        "source": "conversations_history",
        "links": links,
        "event_ts": message.ts,
    }
    return found | ({"thread_ts": to_ts(message.thread_us)} if message.is_reply else {})


async def unfurl(
    env: Env, call: Call, channel_id: str, ts: str, unfurls: Mapping[str, object]
) -> None:
    """Put an app's previews below a message. Raises cannot_unfurl_url and cannot_find_channel."""
    here, app = await calling_app(env, call)
    if not unfurls or len(unfurls) > MAX_UNFURLS:
        raise refused("missing_unfurls", f"unfurls has 1 to {MAX_UNFURLS} URLs.")
    previews: list[object] = []
    for url, preview in unfurls.items():
        if not isinstance(preview, dict):
            raise refused("cannot_parse_attachment", "A preview is an object.")
        blocks = preview.get("blocks")
        shown = {**preview, "blocks": require_blocks(env, blocks)} if blocks else dict(preview)
        shown |= {"from_url": url, "app_unfurl_url": url, "is_app_unfurl": True}
        previews.append(shown | {"app_id": app.id, "bot_id": here.me.bot_id})
    checked = require_attachments(previews)

    async def write(tx: Tx) -> Told:
        channel, _ = await get_readable(tx, here.me, channel_id)
        old = await get_message(tx, channel, ts)
        known = set(map(unescape_text, _LINK.findall(old.text)))
        if any(url not in known for url in unfurls):
            raise refused("cannot_unfurl_url", "A URL of unfurls is not in the message.")
        kept = old.body.get("attachments")
        others = [item for item in kept if isinstance(item, dict)] if isinstance(kept, list) else []
        others = [item for item in others if item.get("from_url") not in unfurls]
        changed = replace(old, body={**old.body, "attachments": [*others, *checked]})
        await rows.update_message(tx, changed)
        return await keep_in_channel(tx, env, channel, changed_json(here, changed, old))

    await send(env, await env.store.transact(write))
