"""Responses that are kept: saved, read, cancelled, deleted; made in the background.

A response of the background is a job: after a restart it is made again from its request. Streams
that follow it read its events from this process while it is made here, from its rows afterwards:
all at once, then, when another process makes it.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from volano.kernel.errors import Conflict, VolanoError
from volano.services.models.interface import invalid
from volano.services.studio.logic import records
from volano.services.studio.logic.acting import asker_of, call_as
from volano.services.studio.logic.responses.planning import plan_response
from volano.services.studio.logic.responses.running import run_response
from volano.services.studio.logic.responses.sealing import seal_tool_secrets
from volano.services.studio.model.responses import (
    CONVERSATION_ITEM,
    ENDED,
    ITEM_PLACE,
    KEPT_US,
    RESPONSE,
    RESPONSE_EVENTS,
    Asked,
    ConversationItem,
    ItemPlace,
    Json,
    ResponseEvents,
    StoredResponse,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.studio.logic.responses.planning import Plan
    from volano.services.studio.model.records import Paging

JOB = "studio:response"
JOB_TIMEOUT_S = 3600.0
LOOK_S = 0.5
"""How often a response in the background looks whether it was cancelled elsewhere, and who follows
it from another process whether it has ended."""
LOOKS_AFTER_END = 4


@dataclass(slots=True)
class _Live:
    """The events of a response that is made in this process."""

    events: list[Json] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    ended: bool = False
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, event: Json) -> None:
        self.events.append(event)
        self.changed.set()


_LIVE: dict[tuple[str, str], _Live] = {}


async def stream_response(env: Env, call: Call, asked: Asked) -> AsyncGenerator[Json, None]:
    """The events of a response, made while they are read; it is kept before its last is told."""
    plan = await plan_response(env, call, asked)
    final: Json = plan.body
    try:
        async with aclosing(run_response(env, call, plan)) as events:
            async for event in events:
                final = _final_of(event, final)
                if final["status"] in ENDED:
                    await _finish_all_the_same(env, call, plan, final)
                yield event
    except (GeneratorExit, asyncio.CancelledError):  # the client left
        if final["status"] not in ENDED:
            cancelled = {**final, "status": "cancelled"}
            await _finish_all_the_same(env, call, plan, cancelled)
        raise


async def make_response(env: Env, call: Call, asked: Asked) -> Json:
    """The whole response; one that fails raises what it failed of."""
    final: Json = {}
    async with aclosing(stream_response(env, call, asked)) as events:
        async for event in events:
            final = _final_of(event, final)
    return final


def _final_of(event: Json, before: Json) -> Json:
    response = event.get("response")
    return response if isinstance(response, dict) else before


async def _finish_all_the_same(env: Env, call: Call, plan: Plan, body: Json) -> None:
    """Keep an ended response also when the client leaves meanwhile."""
    await asyncio.shield(asyncio.ensure_future(_finish(env, call, plan, body)))


async def _finish(env: Env, call: Call, plan: Plan, body: Json) -> None:
    """Keep an ended response and what it adds to its conversation."""
    if body["store"]:
        await _save(env, call.account, _record(env, call, plan, body))
    if plan.conversation and body["status"] in ("completed", "incomplete"):
        output = body["output"]
        assert isinstance(output, list)
        await append_items(env, call.account, plan.conversation, [*plan.input_items, *output])


def _record(env: Env, call: Call, plan: Plan, body: Json) -> StoredResponse:
    now_us = env.clock.now_us()
    return StoredResponse(
        id=str(body["id"]),
        created_us=now_us,
        state=str(body["status"]),
        expires_us=0 if plan.conversation else now_us + KEPT_US,
        asked=replace(plan.asked, tools=seal_tool_secrets(env, call, plan.asked.tools)),
        input_items=plan.input_items,
        body=body,
        conversation=plan.conversation,
        asker=asker_of(call),
    )


async def _save(env: Env, account: str, item: StoredResponse) -> None:
    output = item.body["output"]
    assert isinstance(output, list)

    async def write(tx: Tx) -> None:
        await records.save(tx, RESPONSE, account, item)
        for made in output:
            place = ItemPlace(id=str(made["id"]), created_us=item.created_us, response_id=item.id)
            await records.save(tx, ITEM_PLACE, account, place)

    await env.store.transact(write)


async def append_items(
    env: Env, account: str, conversation: str, items: list[Json]
) -> list[ConversationItem]:
    """Add items to a conversation, in order."""
    now_us = env.clock.now_us()
    made = [
        ConversationItem(id=str(item["id"]), created_us=now_us + at // 1000, item=item)
        for at, item in enumerate(items)
        if item["type"] != "item_reference"
    ]

    async def write(tx: Tx) -> None:
        for at, item in enumerate(made):
            await records.save(
                tx, CONVERSATION_ITEM, account, item, parent=conversation, order=at % 1000
            )

    await env.store.transact(write)
    return made


async def begin_response(env: Env, call: Call, asked: Asked) -> Json:
    """Have a response made in the background; returns it as queued."""
    plan = await plan_response(env, call, asked)
    body = {**plan.body, "status": "queued"}
    await _save(env, call.account, _record(env, call, plan, body))
    id = str(body["id"])
    _LIVE[(call.account, id)] = _Live()
    payload = msgspec.json.encode([call.account, id]).decode()
    try:
        await env.work.submit(JOB, key=id, account=call.account, payload=payload)
    except VolanoError:
        del _LIVE[(call.account, id)]
        raise
    return body


async def run_in_background(env: Env, payload: str) -> str:
    """The job: make the response, and keep its events."""
    account, id = msgspec.json.decode(payload, type=tuple[str, str])
    item = await records.find(env.store.reader, RESPONSE, account, id)
    if item is None or item.state in ENDED:
        return "{}"
    live = _LIVE.setdefault((account, id), _Live())
    try:
        call = await call_as(env, item.asker, timeout_s=JOB_TIMEOUT_S)
        final = await _make(env, call, item, live)
    except VolanoError as error:
        wrong: Json = {"code": "server_error", "message": error.message}
        final = {**item.body, "status": "failed", "error": wrong}
        live.add(
            {"type": "response.failed", "sequence_number": len(live.events), "response": final}
        )
        await _save(env, account, replace(item, state="failed", body=final))
    finally:
        await _keep_events(env, account, item, live.events)
        live.ended = True
        live.changed.set()
        _LIVE.pop((account, id), None)
    return msgspec.json.encode({"status": final["status"]}).decode()


async def _keep_events(env: Env, account: str, item: StoredResponse, events: list[Json]) -> None:
    kept = ResponseEvents(id=item.id, created_us=item.created_us, events=events)

    async def write(tx: Tx) -> None:
        if await records.find(tx, RESPONSE, account, item.id) is not None:
            await records.save(tx, RESPONSE_EVENTS, account, kept)

    await env.store.transact(write)


async def _make(env: Env, call: Call, item: StoredResponse, live: _Live) -> Json:
    """Make the response until it ends or is cancelled, whatever its model does meanwhile."""
    making = asyncio.ensure_future(_make_events(env, call, item, live))
    watching = asyncio.ensure_future(_wait_for_stop(env, call.account, item.id, live))
    try:
        await asyncio.wait((making, watching), return_when=asyncio.FIRST_COMPLETED)
        if making.done():
            return making.result()
        return {**item.body, "status": "cancelled"}
    finally:
        for task in (making, watching):
            task.cancel()
        await asyncio.wait((making, watching))


async def _wait_for_stop(env: Env, account: str, id: str, live: _Live) -> None:
    """Return when the response was cancelled or deleted, here or by another process."""
    while True:
        now = await records.find(env.store.reader, RESPONSE, account, id)
        if now is None or now.state == "cancelled":
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await live.stop.wait()
                return


async def _make_events(env: Env, call: Call, item: StoredResponse, live: _Live) -> Json:
    plan = await plan_response(env, call, item.asked, items=item.input_items)
    plan.body.update(id=item.id, created_at=item.body["created_at"])
    final = plan.body
    async with aclosing(run_response(env, call, plan, queued=True)) as events:
        async for event in events:
            final = _final_of(event, final)
            live.add(event)
    await _keep_unless_cancelled(env, call, plan, item, final)
    return final


async def _keep_unless_cancelled(
    env: Env, call: Call, plan: Plan, item: StoredResponse, final: Json
) -> None:
    now = await records.find(env.store.reader, RESPONSE, call.account, item.id)
    if now is not None and now.state not in ENDED:
        await _finish(env, call, plan, final)


async def get_response(env: Env, call: Call, id: str) -> StoredResponse:
    """Raises RecordNotFound."""
    return await records.get(env.store.reader, RESPONSE, call.account, id, param="response_id")


async def follow_response(
    env: Env, call: Call, id: str, starting_after: int
) -> AsyncIterator[Json]:
    """The events of a response of the background after a number, until it ends."""
    item = await get_response(env, call, id)
    if not item.asked.background:
        raise invalid("stream", "only responses made in the background can be followed")
    live = _LIVE.get((call.account, id))
    if live is None:
        for event in await _kept_events(env, call.account, id):
            if _number(event) > starting_after:
                yield event
        return
    sent = 0
    while True:
        live.changed.clear()
        while sent < len(live.events):
            event, sent = live.events[sent], sent + 1
            if _number(event) > starting_after:
                yield event
        if live.ended:
            return
        await live.changed.wait()


async def _kept_events(env: Env, account: str, id: str) -> list[Json]:
    """All events of a response, once the process that makes it has ended it and kept them."""
    looks_left = LOOKS_AFTER_END
    while looks_left:
        item = await records.find(env.store.reader, RESPONSE, account, id)
        kept = await records.find(env.store.reader, RESPONSE_EVENTS, account, id)
        if item is None or item.state in ENDED:
            if kept is not None:
                return kept.events
            looks_left -= 1  # one that was cancelled before it began never has any
        await env.clock.sleep(LOOK_S)
    return []


def _number(event: Json) -> int:
    number = event["sequence_number"]
    assert isinstance(number, int)
    return number


async def cancel_response(env: Env, call: Call, id: str) -> Json:
    """Stop a response of the background; one that ended already stays as it is."""
    item = await get_response(env, call, id)
    if not item.asked.background:
        raise Conflict("Only responses made in the background can be cancelled.", status=400)
    if item.state in ENDED:
        return item.body
    body = {**item.body, "status": "cancelled"}
    await _save(env, call.account, replace(item, state="cancelled", body=body))
    live = _LIVE.get((call.account, id))
    if live is not None:
        live.stop.set()
    return body


async def delete_response(env: Env, call: Call, id: str) -> None:
    """Forget a response; one in the background stops."""
    item = await get_response(env, call, id)
    await remove_response(env, call.account, item)


async def remove_response(env: Env, account: str, item: StoredResponse) -> None:
    """Delete a response's rows; may be repeated."""
    output = item.body["output"]
    assert isinstance(output, list)

    async def write(tx: Tx) -> None:
        await records.remove(tx, RESPONSE, account, item.id)
        await records.remove(tx, RESPONSE_EVENTS, account, item.id)
        for made in output:
            await records.remove(tx, ITEM_PLACE, account, str(made["id"]))

    await env.store.transact(write)


async def list_input_items(
    env: Env, call: Call, id: str, paging: Paging
) -> tuple[list[Json], bool]:
    """A page of the items of a response's input, and whether there are more."""
    item = await get_response(env, call, id)
    items = list(item.input_items)
    if paging.newest_first:
        items.reverse()
    ids = [str(one["id"]) for one in items]
    for param, cursor in (("after", paging.after), ("before", paging.before)):
        if cursor and cursor not in ids:
            raise invalid(param, "it names no item of this response")
    start = ids.index(paging.after) + 1 if paging.after else 0
    end = ids.index(paging.before) if paging.before else len(ids)
    window = items[start:end]
    return window[: paging.limit], len(window) > paging.limit
