"""A key scheduled for deletion goes when its window is over, with its aliases, and not before."""

import pytest

from volano.app.build import open_process
from volano.kernel.call import system_call
from volano.kernel.clock import ManualClock
from volano.kernel.config import Config
from volano.kernel.ids import AccountId
from volano.services.kms.logic import aliases, deletion, encryption, keys
from volano.services.kms.logic.access import find_named_key
from volano.services.kms.logic.errors import AccessDenied, KmsInvalidState, NotFoundException
from volano.services.kms.logic.metering import hand_over_uses

ACCOUNT = AccountId("123456789012")
DAY_S = 86_400


@pytest.fixture
async def clock_and_env(tmp_path, store_kind, request):
    url = "sqlite"
    if store_kind == "postgres":
        url = await request.getfixturevalue("postgres").create_database_async()
    clock = ManualClock()
    config = Config(data_dir=tmp_path, store=url, runtime="process", log_level="warning")
    async with open_process(config, clock=clock) as process:
        yield clock, process.env


async def test_a_key_is_deleted_when_its_window_is_over(clock_and_env):
    clock, env = clock_and_env
    call = system_call(env, ACCOUNT)
    key = await keys.create_key(env, call, keys.NewKey())
    kept = await keys.create_key(env, call, keys.NewKey())
    await aliases.create_alias(env, call, "alias/old", key.id)
    _, blob = await encryption.encrypt_with(env, call, key.id, b"x", {})
    for each in (key, kept):
        await deletion.schedule_key_deletion(env, call, each.id, 7)
    await deletion.cancel_key_deletion(env, call, kept.id)
    clock.advance(7 * DAY_S - 1)
    assert await deletion.delete_due_keys(env) == 0
    with pytest.raises(KmsInvalidState):
        await encryption.decrypt_blob(env, call, blob, {})
    clock.advance(1)
    assert await deletion.delete_due_keys(env) == 1
    assert await deletion.delete_due_keys(env) == 0
    for name in (key.id, "alias/old"):
        with pytest.raises(NotFoundException):
            await find_named_key(env, env.store.reader, call, name)
    with pytest.raises(AccessDenied):
        await encryption.decrypt_blob(env, call, blob, {})
    assert (await find_named_key(env, env.store.reader, call, kept.id)).deletion_us is None
    rows = await env.store.reader.rows("SELECT key_id FROM kms_material")
    assert [row[0] for row in rows] == [kept.id]


async def test_uses_are_on_the_bill_once(clock_and_env):
    _, env = clock_and_env
    call = system_call(env, ACCOUNT)
    key = await keys.create_key(env, call, keys.NewKey())
    for _ in range(3):
        await encryption.encrypt_with(env, call, key.id, b"x", {})
    hand_over_uses(env)
    hand_over_uses(env)
    await env.journal.flush()
    rows = await env.store.reader.rows("SELECT meter, quantity FROM billing_usage")
    assert rows == [("kms.requests", "3")]
