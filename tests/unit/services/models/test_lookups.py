"""Rows that every request reads are kept until a commit may have changed them."""

from __future__ import annotations

from volano.kernel.call import system_call
from volano.kernel.ids import AccountId
from volano.services.models.logic import aliases, limits, registry
from volano.services.models.logic.lookups import look_up, own_store
from volano.services.models.model import EMBEDDING_MODEL, TINY_MODEL, Limit

MINE = "111111111111"


async def test_a_change_is_seen_by_the_next_request(env):
    await registry.bootstrap(env)
    call = system_call(env, AccountId(MINE))
    for model in (TINY_MODEL, EMBEDDING_MODEL):
        await aliases.put_alias(env, call, "mine", model)
        assert await registry.resolve_name(env, MINE, "mine") == model
    await aliases.delete_alias(env, call, "mine")
    assert await registry.resolve_name(env, MINE, "mine") == "mine"

    assert await limits.list_limits(env, call) == []
    limit = Limit(account=MINE, scope="account", subject=MINE, requests_per_minute=7)
    await limits.put_limit(env, call, limit)
    assert await limits.list_limits(env, call) == [limit]


async def test_what_no_commit_changed_is_read_once_where_nobody_else_writes(env):
    reads = []

    async def load() -> None:
        reads.append(1)

    for _ in range(3):
        assert await look_up(env, ("nothing", MINE), load) is None
    assert len(reads) == (3 if own_store(env.store) is None else 1)
