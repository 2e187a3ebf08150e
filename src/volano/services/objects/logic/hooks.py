"""Hooks: webhooks that bucket notifications name like functions.

`arn:aws:lambda:REGION:ACCOUNT:function:NAME` names a hook of the bucket's own account, because
there are no functions in this cloud. A hook gets the same JSON that a function would, by POST, with
a signature: `x-volano-signature: t=SECONDS,v1=HEX`, where HEX is the HMAC-SHA256 under the hook's
secret of `SECONDS.BODY`. It is tried again with growing pauses for a day.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from functools import partial
from typing import TYPE_CHECKING

from volano.kernel.egress import EgressFailed, EgressRefused, EgressRequest
from volano.kernel.errors import Invalid, NotFound, QuotaExceeded
from volano.kernel.ids import parse_arn
from volano.services.identity.interface import declare_quota, quota_value
from volano.services.objects.model import Hook, Notice
from volano.services.objects.store import notifications as rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

NOTICES = "objects:notices"
"""The reconciler that delivers to hooks."""
QUOTA = "s3.hooks"
DEFAULT_HOOKS = 100
MAX_PARALLEL = 32
MAX_OF_HOOK = 4
TIMEOUT_S = 15.0
MAX_ANSWER_BYTES = 64 * 1024
LONGEST_PAUSE_S = 3600.0
GIVE_UP_US = 86_400 * 1_000_000
LEASE_S = 60.0
LOOK_S = 0.2
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
declare_quota(QUOTA, DEFAULT_HOOKS)


class InvalidHook(Invalid):
    code = "InvalidHook"


class NoSuchHook(NotFound):
    code = "NoSuchHook"


class TooManyHooks(QuotaExceeded):
    code = "TooManyHooks"


def hook_arn(env: Env, account: str, name: str) -> str:
    return f"arn:aws:lambda:{env.region.name}:{account}:function:{name}"


async def find_hook(env: Env, text: str) -> Hook | None:
    """The hook that a function's ARN names."""
    arn = parse_arn(text)
    if arn is None or arn.service != "lambda" or not arn.resource.startswith("function:"):
        return None
    name = arn.resource.removeprefix("function:")
    if not _NAME.match(name) or "\x00" in arn.account:
        return None
    return await rows.select_hook(env.store.reader, arn.account, name)


async def put_hook(env: Env, call: Call, name: str, url: str) -> tuple[Hook, str]:
    """Make or replace a hook; the secret that signs is told only now. Raises InvalidHook and
    TooManyHooks."""
    if not _NAME.match(name):
        raise InvalidHook("A hook's name has 1 to 64 letters, digits, '-' and '_'.")
    try:
        await env.egress.require_allowed(url)
    except EgressRefused as error:
        raise InvalidHook(error.message) from error
    secret = "whsec_" + env.ids.token(32)
    hook = Hook(
        account=call.account,
        name=name,
        url=url,
        secret=env.secrets.seal(secret.encode(), context=f"hook {call.account} {name}"),
        created_us=env.clock.now_us(),
    )

    async def write(tx: Tx) -> None:
        if await rows.select_hook(tx, call.account, name) is None:
            held = await rows.count_hooks(tx, call.account)
            if held >= await quota_value(tx, call.account, QUOTA):
                raise TooManyHooks(f"The quota {QUOTA} of this account is used up: {held}.")
        await rows.upsert_hook(tx, hook)

    await env.store.transact(write)
    return hook, secret


async def list_hooks(
    env: Env, call: Call, *, after: str, limit: int
) -> tuple[list[Hook], str | None]:
    """The account's hooks by name, and where the next page begins."""
    found = await rows.select_hooks(env.store.reader, call.account, after=after, limit=limit + 1)
    return found[:limit], found[limit - 1].name if len(found) > limit else None


async def delete_hook(env: Env, call: Call, name: str) -> None:
    """The hook with what is on its way to it. Raises NoSuchHook."""

    async def write(tx: Tx) -> None:
        if "\x00" in name or not await rows.delete_hook(tx, call.account, name):
            raise NoSuchHook(f"There is no hook called {name[:64]}.")

    await env.store.transact(write)


def make_notice(env: Env, hook: Hook, document: str, *, notice_id: str) -> Notice:
    now_us = env.clock.now_us()
    return Notice(
        id=notice_id,
        account=hook.account,
        hook=hook.name,
        body=env.secrets.seal(document.encode(), context=f"notice {notice_id}"),
        attempts=0,
        due_us=now_us,
        created_us=now_us,
    )


async def deliver_notices(env: Env) -> int:
    """Deliver until nothing is due; returns how many were tried."""
    tried = 0
    under_way: dict[str, tuple[str, asyncio.Future[None]]] = {}
    try:
        while await _may_deliver(env):
            for notice in await _select(env, under_way):
                place = f"{notice.account}/{notice.hook}"
                under_way[notice.id] = (place, asyncio.ensure_future(_deliver(env, notice)))
                tried += 1
            if not under_way:
                return tried
            tasks = {task for _, task in under_way.values()}
            await asyncio.wait(tasks, timeout=LOOK_S, return_when=asyncio.FIRST_COMPLETED)
            for notice_id, (_, task) in list(under_way.items()):
                if task.done():
                    del under_way[notice_id]
                    task.result()
        return tried
    finally:
        for _, task in under_way.values():
            task.cancel()
        await asyncio.gather(*(task for _, task in under_way.values()), return_exceptions=True)


async def _may_deliver(env: Env) -> bool:
    if getattr(env.store, "exclusive", False):
        return True
    return await env.work.acquire_lease(NOTICES, ttl_s=LEASE_S) is not None


async def _select(env: Env, under_way: dict[str, tuple[str, asyncio.Future[None]]]) -> list[Notice]:
    """Due notices, a few of each hook: a slow one holds up only itself."""
    due = await rows.select_due_notices(
        env.store.reader, now_us=env.clock.now_us(), limit=MAX_PARALLEL * 4
    )
    busy: dict[str, int] = {}
    for place, _ in under_way.values():
        busy[place] = busy.get(place, 0) + 1
    chosen: list[Notice] = []
    for notice in due:
        place = f"{notice.account}/{notice.hook}"
        if notice.id in under_way or busy.get(place, 0) >= MAX_OF_HOOK:
            continue
        if len(chosen) + len(under_way) >= MAX_PARALLEL:
            break
        busy[place] = busy.get(place, 0) + 1
        chosen.append(notice)
    return chosen


async def _deliver(env: Env, notice: Notice) -> None:
    hook = await rows.select_hook(env.store.reader, notice.account, notice.hook)
    if hook is None:
        await env.store.transact(partial(rows.delete_notice, notice_id=notice.id))
        return
    body = env.secrets.open(notice.body, context=f"notice {notice.id}")
    secret = env.secrets.open(hook.secret, context=f"hook {hook.account} {hook.name}")
    request = EgressRequest(
        method="POST",
        url=hook.url,
        headers=_headers(env, notice, secret, body),
        body=body,
        timeout_s=TIMEOUT_S,
        max_bytes=MAX_ANSWER_BYTES,
    )
    try:
        reply = await env.egress.fetch(request)
    except (EgressFailed, EgressRefused) as error:
        await _try_again(env, notice, error.message)
    else:
        if 200 <= reply.status < 300:
            await env.store.transact(partial(rows.delete_notice, notice_id=notice.id))
        else:
            await _try_again(env, notice, f"it answered {reply.status}")


def _headers(env: Env, notice: Notice, secret: bytes, body: bytes) -> dict[str, str]:
    seconds = str(env.clock.now_us() // 1_000_000)
    digest = hmac.new(secret, seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {
        "content-type": "application/json",
        "x-volano-delivery": notice.id,
        "x-volano-signature": f"t={seconds},v1={digest}",
    }


async def _try_again(env: Env, notice: Notice, reason: str) -> None:
    now_us = env.clock.now_us()
    if now_us - notice.created_us >= GIVE_UP_US:
        env.log.warning("a hook did not take a notification", hook=notice.hook, reason=reason)
        env.metrics.count("volano_notifications_lost_total", (("target", "hook"),))
        await env.store.transact(partial(rows.delete_notice, notice_id=notice.id))
        return
    pause_s = min(2.0**notice.attempts, LONGEST_PAUSE_S)

    async def write(tx: Tx) -> None:
        await rows.update_notice(
            tx, notice.id, attempts=notice.attempts + 1, due_us=now_us + int(pause_s * 1e6)
        )

    await env.store.transact(write)
