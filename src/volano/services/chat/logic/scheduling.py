"""Messages that are posted later, as whoever scheduled them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from volano.kernel.call import Call
from volano.kernel.errors import VolanoError
from volano.kernel.ids import AccountId, RequestId
from volano.services.chat.logic.access import get_visible
from volano.services.chat.logic.errors import ChannelNotFound, conflict, refused
from volano.services.chat.logic.messages import (
    Draft,
    compose,
    find_target,
    post_message,
    require_postable,
)
from volano.services.chat.logic.workspaces import enter
from volano.services.chat.model.items import Scheduled
from volano.services.chat.store import later as rows
from volano.services.identity import interface as identity

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Tx

MAX_AHEAD_US = 120 * 24 * 3600 * 1_000_000
MAX_SCHEDULED = 1000
"""Of one person or bot."""
BATCH = 100
SECOND_US = 1_000_000
POST_TIMEOUT_S = 60.0


async def schedule_message(env: Env, call: Call, draft: Draft, post_at: int) -> Scheduled:
    """Post `draft` at that second. Raises time_in_past, time_too_far and what posting raises."""
    here = await enter(env, call)
    channel_id = await find_target(env, call, here, draft.channel)
    channel, member = await get_visible(env.store.reader, here.me, channel_id)
    require_postable(channel, member, here, call.principal)
    composed = compose(env, here, draft)
    now_us, post_us = env.clock.now_us(), post_at * SECOND_US
    if post_us <= now_us:
        raise refused("time_in_past", "post_at is over.")
    if post_us > now_us + MAX_AHEAD_US:
        raise refused("time_too_far", "post_at is more than 120 days away.")
    item = Scheduled(
        id=env.ids.slack("Q"),
        account=call.account,
        user_id=here.me.id,
        principal_id=call.principal.id,
        channel_id=channel_id,
        post_us=post_us,
        draft={**asdict(draft), "channel": channel_id, "text": composed.text},
        created_us=now_us,
    )

    async def write(tx: Tx) -> None:
        known = await rows.select_scheduled(
            tx, here.me.id, channel_id="", after_us=0, before_us=2**62, limit=MAX_SCHEDULED
        )
        if len(known) >= MAX_SCHEDULED:
            raise conflict("restricted_too_many", f"At most {MAX_SCHEDULED} messages wait.")
        await rows.insert_scheduled(tx, item)

    await env.store.transact(write)
    return item


async def list_scheduled(
    env: Env, call: Call, *, channel: str, oldest: int, latest: int, after_us: int, limit: int
) -> list[Scheduled]:
    """The caller's waiting messages between two seconds, by when they are posted."""
    here = await enter(env, call)
    try:
        channel_id = await find_target(env, call, here, channel) if channel else ""
    except ChannelNotFound as error:
        raise refused("invalid_channel", error.message) from error
    return await rows.select_scheduled(
        env.store.reader,
        here.me.id,
        channel_id=channel_id,
        after_us=max(after_us, oldest * SECOND_US - 1),
        before_us=latest * SECOND_US + 1 if latest else 2**62,
        limit=limit,
    )


async def delete_scheduled(env: Env, call: Call, channel: str, scheduled_id: str) -> None:
    """Raises invalid_scheduled_message_id."""
    here = await enter(env, call)
    channel_id = await find_target(env, call, here, channel)

    async def write(tx: Tx) -> None:
        found = await rows.find_scheduled(tx, here.me.id, scheduled_id)
        if found is None or found.channel_id != channel_id:
            said = "There is no such message of yours waiting for this channel."
            raise refused("invalid_scheduled_message_id", said)
        await rows.delete_scheduled(tx, scheduled_id)

    await env.store.transact(write)


async def post_due(env: Env) -> None:
    """Post what is due. A message that cannot be posted any more is dropped with a line in the log.

    The message's `client_msg_id` is the schedule's id, so a crash between posting and forgetting
    posts nothing twice.
    """
    for item in await rows.select_due_scheduled(env.store.reader, env.clock.now_us(), BATCH):
        try:
            await _post(env, item)
        except VolanoError as error:
            env.log.warning("scheduled message dropped", id=item.id, error=error.wire_code)

        async def done(tx: Tx, name: str = item.id) -> None:
            await rows.delete_scheduled(tx, name)

        await env.store.transact(done)


async def _post(env: Env, item: Scheduled) -> None:
    principal = await identity.find_principal(env.store.reader, item.principal_id)
    if principal is None:
        raise refused("account_inactive", "Whoever scheduled it is gone.")
    call = Call(
        principal=principal,
        account=AccountId(item.account),
        region=env.region.name,
        request_id=RequestId(env.ids.uuid()),
        deadline_s=env.clock.monotonic_s() + POST_TIMEOUT_S,
        door="work",
    )
    draft = Draft(**{**item.draft, "client_msg_id": f"scheduled:{item.id}"})  # type: ignore[arg-type]
    await post_message(env, call, draft)
