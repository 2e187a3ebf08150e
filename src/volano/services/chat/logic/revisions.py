"""What messages said before they were changed or deleted.

Whoever may read a message may see what it said before. What a deleted message said is for those
who may moderate only; it stays while its channel is on legal hold, and else goes at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.chat.logic.access import get_readable
from volano.services.chat.logic.workspaces import enter
from volano.services.chat.model import Message, parse_ts
from volano.services.chat.model.desk import Revision
from volano.services.chat.store import desk as rows
from volano.services.chat.store import rules as rule_rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx


async def keep_revision(
    tx: Tx, old: Message, *, at_us: int, by: str, deleted: bool = False
) -> None:
    """Note what `old` said, in the caller's transaction."""
    if deleted and not await rule_rows.is_held(tx, old.channel_id):
        await rows.delete_revisions(tx, old.channel_id, old.ts_us)
        return
    revision = Revision(revised_us=at_us, user_id=by, text=old.text, deleted=deleted)
    await rows.insert_revision(tx, old.channel_id, old.ts_us, revision)


async def list_revisions(env: Env, call: Call, channel_id: str, ts: str) -> list[Revision]:
    """What a message said before, the newest first; the texts of deleted ones are not among it."""
    here = await enter(env, call)
    channel, _ = await get_readable(env.store.reader, here.me, channel_id)
    stamp = parse_ts(ts, code="message_not_found")
    found = await rows.select_revisions(env.store.reader, channel.id, stamp)
    if any(item.deleted for item in found):
        return []
    return found
