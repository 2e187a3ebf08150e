"""What work does with secrets: deletion when the window is over, rotation by schedule and its retries."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tests.unit.services.kms.test_deletion import ACCOUNT, DAY_S, clock_and_env
from tests.unit.services.objects.conftest import call_as_root

from volano.kernel.egress import EgressFailed, EgressReply
from volano.services.kms.logic import keys
from volano.services.secrets.logic import rotation, secrets, values
from volano.services.secrets.logic.errors import InvalidRequest, ResourceNotFound
from volano.services.secrets.store import secrets as rows
from volano.services.secrets.work import rotate_secrets

__all__ = ["clock_and_env"]


async def make(env, call, name="db", value=b"one"):
    wanted = secrets.NewSecret(name=name, value=(value, False))
    return await secrets.create_secret(env, call, wanted)


async def test_a_secret_is_deleted_when_its_window_is_over(clock_and_env):
    clock, env = clock_and_env
    call = call_as_root(env, ACCOUNT)
    for name in ("gone", "kept"):
        await make(env, call, name)
        await secrets.delete_secret(env, call, name, days=7, force=False)
    await secrets.restore_secret(env, call, "kept")
    clock.advance(7 * DAY_S - 1)
    assert await secrets.delete_due_secrets(env) == 0
    clock.advance(1)
    assert await secrets.delete_due_secrets(env) == 1
    with pytest.raises(ResourceNotFound):
        await values.get_value(env, call, "gone", version_id=None, stage=None)
    assert (await values.get_value(env, call, "kept", version_id=None, stage=None))[2] == b"one"
    left = await env.store.reader.rows("SELECT name FROM secrets_version")
    assert [row[0] for row in left] == ["kept"]


async def test_no_value_stands_in_the_database(clock_and_env):
    _, env = clock_and_env
    await make(env, call_as_root(env, ACCOUNT), value=b"very-secret-value")
    for table in ("secrets_secret", "secrets_version"):
        assert (
            b"very-secret-value"
            not in repr(await env.store.reader.rows(f"SELECT * FROM {table}")).encode()
        )


async def test_a_password_rotates_when_its_time_has_come(clock_and_env):
    clock, env = clock_and_env
    call = call_as_root(env, ACCOUNT)
    await make(env, call, value=json.dumps({"user": "a", "password": "old"}).encode())
    rules = {"ScheduleExpression": "rate(10 days)"}
    wanted = rotation.RotationRequest(hook=rotation.RANDOM_PASSWORD, rules=rules, now=False)
    await rotation.rotate_secret(env, call, "db", wanted)
    seen = set()
    for day in range(1, 31):
        clock.advance(DAY_S)
        await rotate_secrets(env)
        _, _, value = await values.get_value(env, call, "db", version_id=None, stage=None)
        seen.add(json.loads(value)["password"])
        assert len(seen) == 1 + day // 10
    assert await env.store.reader.rows("SELECT * FROM secrets_rotation") == []


class Egress:
    """A web that answers as the test says."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.fails = 0

    async def require_allowed(self, url: str) -> None:
        return

    async def fetch(self, request):
        self.asked.append(json.loads(request.body)["Step"])
        if self.fails > 0:
            self.fails -= 1
            raise EgressFailed("nobody there")
        return EgressReply(status=200, headers={}, body=b"")


async def begin(env, call):
    await make(env, call)
    wanted = rotation.RotationRequest(hook="https://hooks.example/rotate")
    _, version_id = await rotation.rotate_secret(env, call, "db", wanted)
    return version_id


async def test_a_step_is_tried_again_later_and_then_given_up(clock_and_env):
    clock, env = clock_and_env
    env = replace(env, egress=Egress())
    call = call_as_root(env, ACCOUNT)
    version_id = await begin(env, call)
    with pytest.raises(InvalidRequest):  # one at a time
        await rotation.rotate_secret(env, call, "db", rotation.RotationRequest())
    with pytest.raises(ResourceNotFound):  # announced, without a value yet
        await values.get_value(env, call, "db", version_id=version_id, stage=None)
    env.egress.fails = 100
    for _ in range(3):
        await rotate_secrets(env)
    assert env.egress.asked == ["createSecret"]  # the second try waits
    for _ in range(10):
        clock.advance(3600)
        await rotate_secrets(env)
    assert env.egress.asked == ["createSecret"] * 6
    assert await rows.find_rotation(env.store.reader, ACCOUNT, "db") is None
    assert (await values.get_value(env, call, "db", version_id=None, stage=None))[2] == b"one"


async def test_a_hook_that_did_not_move_the_stage_is_not_done(clock_and_env):
    clock, env = clock_and_env
    env = replace(env, egress=Egress())
    call = call_as_root(env, ACCOUNT)
    version_id = await begin(env, call)
    await rotate_secrets(env)
    assert env.egress.asked == ["createSecret", "setSecret", "testSecret", "finishSecret"]
    running = await rows.find_rotation(env.store.reader, ACCOUNT, "db")
    assert running is not None
    assert (running.step, running.attempts) == ("finishSecret", 1)
    await values.put_value(
        env, call, "db", (b"two", False), token=version_id, stages=["AWSCURRENT"]
    )
    clock.advance(3600)
    await rotate_secrets(env)
    assert await rows.find_rotation(env.store.reader, ACCOUNT, "db") is None
    secret, version, value = await values.get_value(env, call, "db", version_id=None, stage=None)
    assert (version.id, version.stages, value) == (version_id, ("AWSCURRENT",), b"two")
    assert secret.rotated_us == clock.now_us()


async def test_old_versions_without_a_stage_are_forgotten(clock_and_env):
    clock, env = clock_and_env
    call = call_as_root(env, ACCOUNT)
    await make(env, call)
    for number in range(105):
        clock.advance(1)
        await values.put_value(env, call, "db", (f"{number}".encode(), False))
    _, versions = await values.list_versions(env, call, "db", deprecated=True)
    assert len(versions) == 100
    stages = {stage: version.id for version in versions for stage in version.stages}
    assert set(stages) == {"AWSCURRENT", "AWSPREVIOUS"}
    assert (await values.get_value(env, call, "db", version_id=None, stage=None))[2] == b"104"


async def test_another_account_cannot_read_by_arn(clock_and_env):
    _, env = clock_and_env
    secret, _ = await make(env, call_as_root(env, ACCOUNT))
    stranger = call_as_root(env, "222222222222")
    with pytest.raises(InvalidRequest, match="with the default KMS service key"):
        await values.get_value(env, stranger, secret.arn, version_id=None, stage=None)


async def test_a_key_that_is_disabled_stops_no_other_rotation(clock_and_env):
    clock, env = clock_and_env
    call = call_as_root(env, ACCOUNT)
    key = await keys.create_key(env, call, keys.NewKey())
    wanted = secrets.NewSecret(name="locked", value=(b"one", False), kms_key=key.id)
    await secrets.create_secret(env, call, wanted)
    await make(env, call, "free")
    for name in ("locked", "free"):
        hook = rotation.RotationRequest(hook=rotation.RANDOM_PASSWORD)
        await rotation.rotate_secret(env, call, name, hook)
    await keys.set_key_enabled(env, call, key.id, enabled=False)
    await rotate_secrets(env)
    assert (await values.get_value(env, call, "free", version_id=None, stage=None))[2] != b"one"
    running = await rows.find_rotation(env.store.reader, ACCOUNT, "locked")
    assert running is not None
    assert running.attempts == 1
    await keys.set_key_enabled(env, call, key.id, enabled=True)
    clock.advance(3600)
    await rotate_secrets(env)
    assert (await values.get_value(env, call, "locked", version_id=None, stage=None))[2] != b"one"
