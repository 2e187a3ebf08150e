"""Deleting channels: gone at once, emptied by work, refused under a legal hold."""

from __future__ import annotations

import pytest

from volano.kernel.errors import VolanoError
from volano.services.chat.logic import channels, deletions, rules
from volano.services.chat.store import deletions as rows
from volano.services.chat.store import messages as message_rows


async def test_a_deleted_channel_is_gone_with_everything_in_it(company):
    env, call = company.env, company.calls["admin"]
    await company.hire("ann")
    channel = await company.channel("plans", "ann", private=True)
    root = await company.say("ann", channel, "the first plan")
    reply = await company.say("ann", channel, "and an answer", thread_ts=root.ts)
    await deletions.delete_channel(env, call, channel)
    with pytest.raises(VolanoError, match="no channel"):
        await channels.get_channel(env, company.calls["ann"], channel)
    while await rows.select_deletions(env.store.reader):
        await deletions.remove_deleted(env)
    for message in (root, reply):
        assert await message_rows.find_message(env.store.reader, channel, message.ts_us) is None
    again = await company.channel("plans", "ann", private=True)
    assert again != channel


async def test_a_legal_hold_and_general_stay(company):
    env, call = company.env, company.calls["admin"]
    channel = await company.channel("held", "admin")
    await rules.put_hold(env, call, channel, held=True, why="Case 7")
    for stays in (channel, company.workspace.general_id):
        with pytest.raises(VolanoError) as refused:
            await deletions.delete_channel(env, call, stays)
        assert refused.value.wire_code in ("channel_on_hold", "cant_delete_general")
    assert await rows.select_deletions(env.store.reader) == []
