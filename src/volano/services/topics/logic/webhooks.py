"""Delivers messages to webhooks: many at once, each again after a while until its policy gives up.

An answer of 2xx is delivered; 429, 5xx and silence are tried again; anything else is final. What is
given up goes to the subscription's dead-letter queue, or is counted as lost. A delivery whose row
is deleted only after the answer came arrives at least once.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from volano.kernel.egress import EgressFailed, EgressRefused, EgressRequest
from volano.services.queues import interface as queues
from volano.services.topics.logic.attributes import parse_redrive, retry_rules
from volano.services.topics.logic.fanout import prepare_for_queue
from volano.services.topics.logic.metering import DELIVERIES, count
from volano.services.topics.logic.sealing import open_body
from volano.services.topics.model import topic_arn
from volano.services.topics.store import deliveries as rows
from volano.services.topics.store import subscriptions as subscription_rows
from volano.services.topics.store import topics as topic_rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Tx
    from volano.services.topics.model import Delivery

MAX_PARALLEL = 32
MAX_OF_SUBSCRIPTION = 4
"""Deliveries under way in all, and to one subscription: a slow webhook holds up only itself."""
TIMEOUT_S = 15.0
MAX_ANSWER_BYTES = 64 * 1024
LOOK_S = 0.2
"""How often to look for new deliveries while others are under way."""
LEASE = "topics:deliveries"
LEASE_S = 60.0


async def deliver_due(env: Env) -> int:
    """Deliver until nothing is due; returns how many were tried."""
    if not await _may_deliver(env):
        return 0
    tried = 0
    under_way: dict[str, tuple[str, asyncio.Task[None]]] = {}
    try:
        while True:
            for delivery in await _select(env, under_way):
                task = asyncio.ensure_future(_deliver(env, delivery))
                under_way[delivery.id] = (delivery.subscription_id, task)
                tried += 1
            if not under_way:
                return tried
            tasks = {task for _, task in under_way.values()}
            await asyncio.wait(tasks, timeout=LOOK_S, return_when=asyncio.FIRST_COMPLETED)
            for delivery_id, (_, task) in list(under_way.items()):
                if task.done():
                    del under_way[delivery_id]
                    task.result()
            if not await _may_deliver(env):
                return tried
    finally:
        for _, task in under_way.values():
            task.cancel()
        await asyncio.gather(*(task for _, task in under_way.values()), return_exceptions=True)


async def _may_deliver(env: Env) -> bool:
    if getattr(env.store, "exclusive", False):
        return True
    return await env.work.acquire_lease(LEASE, ttl_s=LEASE_S) is not None


async def _select(env: Env, under_way: dict[str, tuple[str, asyncio.Task[None]]]) -> list[Delivery]:
    free = MAX_PARALLEL - len(under_way)
    if free <= 0:
        return []
    due = await rows.select_due(env.store.reader, now_us=env.clock.now_us(), limit=MAX_PARALLEL * 4)
    busy: dict[str, int] = {}
    for subscription_id, _ in under_way.values():
        busy[subscription_id] = busy.get(subscription_id, 0) + 1
    chosen: list[Delivery] = []
    for delivery in due:
        held = busy.get(delivery.subscription_id, 0)
        if delivery.id in under_way or held >= MAX_OF_SUBSCRIPTION or len(chosen) == free:
            continue
        busy[delivery.subscription_id] = held + 1
        chosen.append(delivery)
    return chosen


async def _deliver(env: Env, delivery: Delivery) -> None:
    arn = topic_arn(env.region.name, delivery.topic_account, delivery.topic_name)
    count(env, delivery.topic_account, arn, DELIVERIES)
    request = EgressRequest(
        method="POST",
        url=delivery.url,
        headers=delivery.headers,
        body=open_body(env, delivery),
        timeout_s=TIMEOUT_S,
        max_bytes=MAX_ANSWER_BYTES,
    )
    try:
        reply = await env.egress.fetch(request)
    except EgressFailed:
        await _try_again(env, delivery)
    except EgressRefused as error:
        env.log.warning("a webhook is not to be called", url=delivery.url, error=error.message)
        await _give_up(env, delivery)
    else:
        if 200 <= reply.status < 300:
            await env.store.transact(lambda tx: rows.delete_delivery(tx, delivery.id))
        elif reply.status >= 500 or reply.status == 429:
            await _try_again(env, delivery)
        else:
            await _give_up(env, delivery)


async def _try_again(env: Env, delivery: Delivery) -> None:
    pause_s = next_pause_s(delivery.policy, delivery.attempts)
    if pause_s is None:
        await _give_up(env, delivery)
        return
    due_us = env.clock.now_us() + int(pause_s * 1e6)

    async def write(tx: Tx) -> None:
        await rows.update_due(tx, delivery.id, attempts=delivery.attempts + 1, due_us=due_us)

    await env.store.transact(write)


def next_pause_s(policy: str, attempts: int) -> float | None:
    """Seconds until the next try after `attempts` earlier ones and this; None to give up.

    First the immediate tries, then those at the least delay, then the backoff, then those at the
    longest (SNS developer guide, "Amazon SNS message delivery retries").
    """
    rules = retry_rules(json.loads(policy) if policy else {}, topic=False)
    if attempts >= rules["numRetries"]:
        return None
    low, high = float(rules["minDelayTarget"]), float(rules["maxDelayTarget"])
    if attempts < rules["numNoDelayRetries"]:
        return 0.0
    attempts -= rules["numNoDelayRetries"]
    if attempts < rules["numMinDelayRetries"]:
        return low
    attempts -= rules["numMinDelayRetries"]
    backoffs = rules["numRetries"] - sum(
        rules[f"num{kind}Retries"] for kind in ("NoDelay", "MinDelay", "MaxDelay")
    )
    if attempts >= backoffs:
        return high
    return _backoff_s(rules, attempts, backoffs, low, high)


def _backoff_s(rules: dict[str, Any], step: int, steps: int, low: float, high: float) -> float:
    part = step / max(steps - 1, 1)
    kind = rules["backoffFunction"]
    if kind in ("geometric", "exponential"):
        return float(low * (high / low) ** part)
    if kind == "arithmetic":
        return low + (high - low) * part * (part + 1) / 2
    return low + (high - low) * part


async def _give_up(env: Env, delivery: Delivery) -> None:
    """Delete the delivery; what it carried goes to the dead-letter queue when there is one."""
    topic = await topic_rows.select_topic(
        env.store.reader, delivery.topic_account, delivery.topic_name, region=env.region.name
    )
    subscription = await subscription_rows.select_subscription(
        env.store.reader,
        delivery.topic_account,
        delivery.topic_name,
        delivery.subscription_id,
        region=env.region.name,
    )
    made = None
    redrive = "" if subscription is None else subscription.attributes.get("RedrivePolicy", "")
    if topic is not None and redrive:
        draft = queues.Draft(body=open_body(env, delivery).decode())
        made = await prepare_for_queue(env, topic, parse_redrive(redrive), draft)

    async def write(tx: Tx) -> None:
        if not await rows.delete_delivery(tx, delivery.id) or made is None:
            return
        current = await queues.find_queue_by_arn(env, tx, made[0].arn)
        if current is not None:
            await queues.put_message(tx, env, current, made[1])

    await env.store.transact(write)
    if made is not None:
        queues.wake_receivers(env, made[0].arn)
    else:
        arn = topic_arn(env.region.name, delivery.topic_account, delivery.topic_name)
        env.metrics.count("volano_topic_copies_lost_total", (("topic", arn),))
        env.log.warning("a webhook did not take a message", url=delivery.url, topic=arn)
