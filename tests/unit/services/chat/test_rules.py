"""Retention and legal hold of channels."""

from __future__ import annotations

from dataclasses import replace

import pytest

from volano.kernel.errors import VolanoError
from volano.services.chat.logic import messages, rules
from volano.services.chat.logic.history import Span, read_history, read_thread
from volano.services.chat.store import messages as rows

DAY_US = 24 * 3600 * 1_000_000


async def say_long_ago(company, channel: str, text: str, *, days: int, **more) -> int:
    """A message with a `ts` of so many days ago."""
    message = await company.say("admin", channel, text, **more)
    at_us = message.ts_us - days * DAY_US

    async def write(tx) -> None:
        await rows.delete_message(tx, channel, message.ts_us)
        await rows.insert_message(tx, replace(message, ts_us=at_us))

    await company.env.store.transact(write)
    return at_us


async def texts(company, channel: str) -> list[str]:
    page = await read_history(company.env, company.calls["admin"], channel, Span())
    return [message["text"] for message in page.messages if not message.get("subtype")]


async def test_retention_removes_what_is_older_and_nothing_else(company):
    channel = await company.channel("short", "admin")
    other = await company.channel("long", "admin")
    call = company.calls["admin"]
    await say_long_ago(company, channel, "old", days=40)
    await say_long_ago(company, other, "old elsewhere", days=40)
    await company.say("admin", channel, "new")
    await rules.put_retention(company.env, call, channel, 30)
    assert await rules.remove_expired(company.env) == 1
    assert await texts(company, channel) == ["new"]
    assert await texts(company, other) == ["old elsewhere"]
    assert await rules.remove_expired(company.env) == 0


async def test_a_legal_hold_keeps_everything_and_what_was_deleted(company):
    channel = await company.channel("held", "admin")
    call = company.calls["admin"]
    await rules.put_retention(company.env, call, channel, 1)
    await say_long_ago(company, channel, "old", days=3)
    await rules.put_hold(company.env, call, channel, held=True, why="Case 7")
    assert await rules.remove_expired(company.env) == 0
    message = await company.say("admin", channel, "I take this back")
    await messages.delete_message(company.env, call, channel, message.ts)
    [(ts_us, kept)] = await rules.list_deleted(company.env, call, channel)
    assert (ts_us, kept.text) == (message.ts_us, "I take this back")
    with pytest.raises(VolanoError, match="legal hold"):
        await rules.put_retention(company.env, call, channel, 5)
    await rules.put_hold(company.env, call, channel, held=False, why="")
    assert await rules.remove_expired(company.env) == 1


async def test_a_thread_goes_message_by_message(company):
    channel = await company.channel("talk", "admin")
    root = await company.say("admin", channel, "root")
    await company.say("admin", channel, "reply", thread_ts=root.ts)
    call = company.calls["admin"]
    await rules.put_retention(company.env, call, channel, 1)
    assert await rules.remove_expired(company.env) == 0
    replies = await read_thread(company.env, call, channel, root.ts, Span())
    assert len(replies.messages) == 2


@pytest.mark.parametrize("days", [-1, 3651])
async def test_wrong_retention_is_refused(company, days):
    channel = await company.channel("any", "admin")
    with pytest.raises(VolanoError, match="3650"):
        await rules.put_retention(company.env, company.calls["admin"], channel, days)


async def test_a_hold_needs_a_reason(company):
    channel = await company.channel("any", "admin")
    with pytest.raises(VolanoError, match="reason"):
        await rules.put_hold(company.env, company.calls["admin"], channel, held=True, why=" ")
