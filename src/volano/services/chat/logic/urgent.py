"""Urgent messages: sent in the app at once, then by e-mail or webhook to who does not acknowledge.

Rows say what is due; the reconciler tries one way, writes down how it went and when the next is
due. A way is tried by the process that claims it first, and again when that process dies meanwhile:
an urgent message that comes twice is better than none.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from volano.kernel.egress import EgressFailed, EgressRefused, EgressRequest
from volano.kernel.errors import Denied, NotFound
from volano.services.chat.logic import live
from volano.services.chat.logic.access import get_readable
from volano.services.chat.logic.errors import UserNotFound, refused
from volano.services.chat.logic.mail import MailNotSent, send_mail
from volano.services.chat.logic.messages import get_message
from volano.services.chat.logic.mrkdwn import to_plain
from volano.services.chat.logic.web_push import Notice, push_notices
from volano.services.chat.logic.workspaces import enter
from volano.services.chat.model.urgent import (
    MAX_RECEIVERS,
    MAX_STEP_S,
    MAX_STEPS,
    MAX_URGENT_CHARACTERS,
    Receiver,
    Step,
    Told,
    Urgent,
)
from volano.services.chat.store import urgent as rows
from volano.services.chat.store import users as user_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.chat.model import ChatUser

MAX_SHOWN = 50
BATCH = 50
CLAIM_US = 120 * 1_000_000
"""How long one process may take to try a way before another does."""
WAYS = ("email", "webhook")


class UrgentNotFound(NotFound):
    code = "urgent_not_found"


async def send_urgent(
    env: Env,
    call: Call,
    *,
    channel_id: str,
    ts: str,
    text: str,
    users: Sequence[str],
    steps: Sequence[Step],
) -> Urgent:
    """Call people; `ts` names the message it is about, or is ''.

    Raises user_not_found, message_not_found and invalid_arguments.
    """
    here = await enter(env, call)
    stamp = 0
    if ts:
        channel, _ = await get_readable(env.store.reader, here.me, channel_id)
        stamp = (await get_message(env.store.reader, channel, ts)).ts_us
    wanted = tuple(dict.fromkeys(users))
    _require_sound(text, wanted, steps)
    await _require_people(env, call.account, wanted)
    for step in steps:
        if step.way == "webhook":
            await env.egress.require_allowed(step.url)
    now_us = env.clock.now_us()
    ordered = tuple(sorted(steps, key=lambda step: step.after_s))
    item = Urgent(
        id=env.ids.slack("Ur"),
        account=call.account,
        channel_id=channel_id if ts else "",
        ts_us=stamp,
        sender=here.me.id,
        text=text.strip(),
        steps=ordered,
        sent_us=now_us,
    )
    told = (Told(way="app", at=now_us // 1_000_000),)
    receivers = [
        Receiver(
            urgent_id=item.id,
            user_id=user,
            acknowledged_us=0,
            step=0,
            due_us=_due_us(item, 0),
            told=told,
        )
        for user in wanted
    ]

    async def write(tx: Tx) -> list[live.Told]:
        await rows.insert_urgent(tx, item, receivers)
        return await _keep(tx, env, item, wanted)

    await live.send(env, *await env.store.transact(write))
    notice = Notice(
        title=f"⚠ {here.me.real_name}",
        body=to_plain(item.text)[:200],
        path="/chat/urgent",
        tag=item.id,
    )
    await push_notices(env, wanted, notice)
    return item


def _require_sound(text: str, users: Sequence[str], steps: Sequence[Step]) -> None:
    if not text.strip() or len(text) > MAX_URGENT_CHARACTERS or "\x00" in text:
        raise refused(
            "invalid_arguments", f"An urgent message has 1 to {MAX_URGENT_CHARACTERS} characters."
        )
    if not 1 <= len(users) <= MAX_RECEIVERS:
        raise refused("invalid_arguments", f"Call 1 to {MAX_RECEIVERS} people.")
    if len(steps) > MAX_STEPS or any(step.way not in WAYS for step in steps):
        raise refused("invalid_arguments", f"There are {MAX_STEPS} steps, by email or webhook.")
    if not all(0 <= step.after_s <= MAX_STEP_S for step in steps):
        raise refused("invalid_arguments", f"A step comes within {MAX_STEP_S} seconds.")


async def _require_people(env: Env, account: str, users: Sequence[str]) -> None:
    known = await user_rows.select_users_by_id(env.store.reader, account, users)
    for user in users:
        if user not in known or known[user].is_bot or known[user].deleted:
            raise UserNotFound(f"There is nobody {user[:40]} to be called.")


def _due_us(item: Urgent, step: int) -> int:
    """When that step is due; 0 when there is none."""
    return item.sent_us + item.steps[step].after_s * 1_000_000 if step < len(item.steps) else 0


async def list_urgent(env: Env, call: Call) -> list[tuple[Urgent, list[Receiver]]]:
    """Those that the caller sent or received, the newest first, with who has acknowledged."""
    here = await enter(env, call)
    reader = env.store.reader
    found = await rows.select_of_user(reader, call.account, here.me.id, limit=MAX_SHOWN)
    return [(item, await rows.select_receivers(reader, item.id)) for item in found]


async def acknowledge(env: Env, call: Call, urgent_id: str) -> None:
    """The caller has seen it; repeating is harmless. Raises urgent_not_found."""
    here = await enter(env, call)
    item = await _get(env, call, urgent_id)
    receivers = await rows.select_receivers(env.store.reader, item.id)
    if here.me.id not in [receiver.user_id for receiver in receivers]:
        raise UrgentNotFound("There is no such urgent message for you.")

    async def write(tx: Tx) -> list[live.Told]:
        if not await rows.acknowledge(tx, item.id, here.me.id, env.clock.now_us()):
            return []
        return await _keep(tx, env, item, [receiver.user_id for receiver in receivers])

    await live.send(env, *await env.store.transact(write))


async def recall(env: Env, call: Call, urgent_id: str) -> None:
    """Take back what the caller sent: nobody is called any more. Raises access_denied."""
    here = await enter(env, call)
    item = await _get(env, call, urgent_id)
    if item.sender != here.me.id:
        raise Denied("Only its sender can take an urgent message back.", code="access_denied")
    receivers = await rows.select_receivers(env.store.reader, item.id)

    async def write(tx: Tx) -> list[live.Told]:
        await rows.recall(tx, item.id, env.clock.now_us())
        return await _keep(tx, env, item, [receiver.user_id for receiver in receivers])

    await live.send(env, *await env.store.transact(write))


async def _get(env: Env, call: Call, urgent_id: str) -> Urgent:
    found = await rows.find_urgent(env.store.reader, call.account, urgent_id)
    if found is None:
        raise UrgentNotFound(f"There is no urgent message {urgent_id[:40]}.")
    return found


async def _keep(tx: Tx, env: Env, item: Urgent, users: Sequence[str]) -> list[live.Told]:
    """The news of the message for everyone concerned, to be sent after the commit."""
    event: dict[str, object] = {"type": "volano_urgent", "id": item.id}
    told = dict.fromkeys((item.sender, *users))
    return [await live.keep_for(tx, env, item.account, user, event) for user in told]


async def escalate(env: Env) -> int:
    """Try the next way for everyone who has not acknowledged in time; how many were tried."""
    due = await rows.select_due(env.store.reader, env.clock.now_us(), limit=BATCH)
    tried = 0
    for account, receiver in due:
        item = await rows.find_urgent(env.store.reader, account, receiver.urgent_id)
        user = await user_rows.find_user(env.store.reader, account, receiver.user_id)
        if item is None or user is None or not await _claim(env, receiver):
            continue
        tried += 1
        step = item.steps[receiver.step]
        error = await _try(env, item, user, step)
        told = Told(way=step.way, at=env.clock.now_us() // 1_000_000, error=error)
        following = replace(
            receiver,
            step=receiver.step + 1,
            due_us=_due_us(item, receiver.step + 1),
            told=(*receiver.told, told),
        )

        async def write(
            tx: Tx, item: Urgent = item, following: Receiver = following
        ) -> list[live.Told]:
            await rows.update_told(tx, following)
            return await _keep(tx, env, item, [following.user_id])

        await live.send(env, *await env.store.transact(write))
    return tried


async def _claim(env: Env, receiver: Receiver) -> bool:
    until_us = env.clock.now_us() + CLAIM_US

    async def write(tx: Tx) -> bool:
        return await rows.claim(tx, receiver, until_us)

    return await env.store.transact(write)


async def _try(env: Env, item: Urgent, user: ChatUser, step: Step) -> str:
    """'' when the way went through, else why not."""
    sender = await user_rows.find_user(env.store.reader, item.account, item.sender)
    name = sender.real_name if sender else ""
    link = f"{env.config.console_url}/chat/urgent"
    try:
        if step.way == "email":
            if not user.email:
                return "This person has no e-mail address."
            text = f"{to_plain(item.text)}\n\n{link}\n"
            await send_mail(env, to=user.email, subject=f"Urgent: {name}", text=text)
            return ""
        body = {
            "type": "volano.urgent",
            "id": item.id,
            "text": item.text,
            "sender": {"id": item.sender, "name": name},
            "receiver": {"id": user.id, "name": user.real_name, "email": user.email},
            "link": link,
        }
        request = EgressRequest(
            method="POST",
            url=step.url,
            headers={"content-type": "application/json"},
            body=msgspec.json.encode(body),
        )
        reply = await env.egress.fetch(request)
    except (MailNotSent, EgressFailed, EgressRefused) as error:
        return str(error)[:200]
    return "" if reply.status < 300 else f"The webhook answered {reply.status}."
