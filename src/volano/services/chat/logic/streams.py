"""Messages that grow while they are written: `chat.startStream`, `appendStream`, `stopStream`.

The Markdown so far is kept in the message; each piece is told live. What hears of messages (apps,
retrieval, search) hears of the whole when it is done.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from volano.services.chat.logic.access import get_readable
from volano.services.chat.logic.blocks import require_blocks
from volano.services.chat.logic.errors import WrongTokenType, conflict, denied, refused
from volano.services.chat.logic.live import keep_in_channel
from volano.services.chat.logic.messages import Draft, changed_json, get_message, post_message
from volano.services.chat.logic.mrkdwn import from_markdown
from volano.services.chat.logic.posting import Posted, announce
from volano.services.chat.logic.workspaces import Here, enter
from volano.services.chat.model import MAX_TEXT_CHARACTERS, MessageChanged
from volano.services.chat.store import messages as rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.chat.model import Json, Message

STATE = "streaming_state"
GROWING, DONE = "in_progress", "completed"
MARKDOWN = "markdown_text"
TASKS = "stream_tasks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What is added: Markdown, and chunks (`markdown_text`, `task_update`, `plan_update`)."""

    markdown: str = ""
    chunks: Sequence[Mapping[str, object]] = ()

    def added(self) -> str:
        texts = [str(c.get("text") or "") for c in self.chunks if c.get("type") == "markdown_text"]
        return self.markdown + "".join(texts)


async def start_stream(env: Env, call: Call, draft: Draft, piece: Piece) -> Posted:
    """Begin a message in a thread. Raises what posting raises."""
    here = await enter(env, call)
    if not here.me.is_bot:
        raise WrongTokenType("Streams are for the bot tokens of apps.")
    if not draft.thread_ts:
        raise refused("invalid_thread_ts", "A stream answers a message: thread_ts is needed.")
    body = _grown({STATE: GROWING, MARKDOWN: ""}, piece)
    text = from_markdown(str(body[MARKDOWN]))
    # A message needs words; a stream may begin without: what holds its place is taken away after.
    return await post_message(env, call, replace(draft, text=text or "…", body=body))


def _grown(body: Mapping[str, object], piece: Piece) -> dict[str, object]:
    found = dict(body)
    markdown = str(found.get(MARKDOWN) or "") + piece.added()
    if len(markdown) > MAX_TEXT_CHARACTERS:
        raise refused("msg_too_long", f"Text has at most {MAX_TEXT_CHARACTERS} characters.")
    found[MARKDOWN] = markdown
    known = found.get(TASKS)
    tasks: dict[str, object] = dict(known) if isinstance(known, dict) else {}
    for chunk in piece.chunks:
        if chunk.get("type") in ("task_update", "plan_update"):
            key = str(chunk.get("id") or chunk["type"])
            before = tasks.get(key)
            tasks[key] = {**(before if isinstance(before, dict) else {}), **chunk}
        elif chunk.get("type") not in ("markdown_text", "blocks"):
            raise refused("invalid_chunks", "A chunk is markdown_text, task_update or plan_update.")
    return found | ({TASKS: tasks} if tasks else {})


async def append_stream(env: Env, call: Call, channel_id: str, ts: str, piece: Piece) -> Posted:
    """Add a piece. Raises message_not_in_streaming_state and message_not_owned_by_app."""
    return await _change(env, call, channel_id, ts, piece, None, finished=False)


async def stop_stream(
    env: Env,
    call: Call,
    channel_id: str,
    ts: str,
    piece: Piece,
    blocks: Sequence[object] | None,
) -> Posted:
    """Add the last piece; `blocks` stand below what was written."""
    return await _change(env, call, channel_id, ts, piece, blocks, finished=True)


async def _change(
    env: Env,
    call: Call,
    channel_id: str,
    ts: str,
    piece: Piece,
    blocks: Sequence[object] | None,
    *,
    finished: bool,
) -> Posted:
    here = await enter(env, call)
    below = require_blocks(env, blocks) if blocks else []

    async def write(tx: Tx) -> Posted:
        channel, _ = await get_readable(tx, here.me, channel_id)
        old = await get_message(tx, channel, ts)
        _require_growing(here, old)
        body = _grown(old.body, piece)
        text = from_markdown(str(body[MARKDOWN])) or ("" if finished else "…")
        if finished:
            body = _finished(env, body, below)
        changed = replace(old, text=text, body=body, indexed=old.indexed and not finished)
        await rows.update_message(tx, changed)
        if finished:
            tx.publish(
                MessageChanged(
                    account=channel.account,
                    channel=channel.id,
                    ts_us=old.ts_us,
                    edited_us=env.clock.now_us(),
                    previous=old.text,
                )
            )
        told = await keep_in_channel(tx, env, channel, changed_json(here, changed, old))
        return Posted(here=here, channel=channel, message=changed, told=(told,))

    posted = await env.store.transact(write)
    await announce(env, posted)
    return posted


def _require_growing(here: Here, message: Message) -> None:
    if message.user_id != here.me.id:
        raise denied("message_not_owned_by_app", "The message is another app's.")
    if message.body.get(STATE) != GROWING:
        raise conflict("message_not_in_streaming_state", "The message is not being streamed.")


def _finished(env: Env, body: Mapping[str, object], below: Sequence[Json]) -> dict[str, object]:
    """The body once it is whole: its Markdown as a block, the tasks, and the app's blocks."""
    markdown = str(body.get(MARKDOWN) or "")
    shown: list[object] = []
    if body.get(TASKS):
        shown += _task_blocks(body[TASKS])
    if markdown:
        shown += [
            {"type": "markdown", "text": markdown[at : at + 12_000]}
            for at in range(0, len(markdown), 12_000)
        ]
    kept = {key: value for key, value in body.items() if key not in (MARKDOWN, TASKS)}
    return kept | {STATE: DONE, "blocks": [*require_blocks(env, shown), *below]}


def _task_blocks(tasks: object) -> list[object]:
    items = tasks.values() if isinstance(tasks, dict) else ()
    found: list[object] = []
    for task in items:
        if task.get("type") != "task_update":
            continue
        card: Json = {
            "type": "task_card",
            "task_id": str(task.get("id") or "task"),
            "title": str(task.get("title") or "Task"),
            "status": task.get("status") or "complete",
        }
        found.append(card)
    return found
