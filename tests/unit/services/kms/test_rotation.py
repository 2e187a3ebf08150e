"""What work does with keys: rotation by period, and expiry of imported material."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_der_public_key
from tests.unit.services.kms.test_deletion import ACCOUNT, DAY_S, clock_and_env
from tests.unit.services.objects.conftest import call_as_root

from volano.kernel.call import system_call
from volano.kernel.errors import Denied
from volano.services.kms.interface import managed_key, require_access
from volano.services.kms.logic import deletion, encryption, grants, imports, keys, rotation
from volano.services.kms.logic.access import find_named_key
from volano.services.kms.logic.errors import (
    IncorrectKeyMaterial,
    InvalidImportToken,
    KmsInvalidState,
    LimitExceeded,
)
from volano.services.kms.model import KeyState

__all__ = ["clock_and_env"]


async def test_keys_rotate_when_their_period_is_over_and_not_while_disabled(clock_and_env):
    clock, env = clock_and_env
    call = system_call(env, ACCOUNT)
    busy, idle = [await keys.create_key(env, call, keys.NewKey()) for _ in range(2)]
    _, old = await encryption.encrypt_with(env, call, busy.id, b"old", {})
    for key in (busy, idle):
        await rotation.enable_rotation(env, call, key.id, 90)
    await keys.set_key_enabled(env, call, idle.id, enabled=False)
    clock.advance(90 * DAY_S - 1)
    assert await rotation.rotate_due_keys(env) == 0
    clock.advance(1)
    await rotation.rotate_due_keys(env)
    assert await rotation.rotate_due_keys(env) == 0
    versions = [
        (await find_named_key(env, env.store.reader, call, k.id)).version for k in (busy, idle)
    ]
    assert versions == [2, 1]
    _, found, after = await rotation.list_rotations(env, call, busy.id, after=0, limit=10)
    assert [(m.version, m.made_by) for m in found] == [(2, "AUTOMATIC")]
    assert after is None
    assert (await encryption.decrypt_blob(env, call, old, {}))[1] == b"old"
    clock.advance(90 * DAY_S)
    await rotation.rotate_due_keys(env)
    assert (await find_named_key(env, env.store.reader, call, busy.id)).version == 3


async def test_the_26th_rotation_on_demand_is_refused(clock_and_env):
    _, env = clock_and_env
    call = system_call(env, ACCOUNT)
    key = await keys.create_key(env, call, keys.NewKey())
    for _ in range(25):
        await rotation.rotate_key(env, call, key.id)
    with pytest.raises(LimitExceeded):
        await rotation.rotate_key(env, call, key.id)


async def _import(env, call, key, plain):
    made = await imports.get_parameters(
        env, call, key.id, algorithm="RSAES_OAEP_SHA_256", spec="RSA_2048"
    )
    method = hashes.SHA256()
    wrapped = load_der_public_key(made.public_key).encrypt(
        plain, padding.OAEP(padding.MGF1(method), method, None)
    )
    return made.token, wrapped


async def test_imported_material_expires_by_the_clock_and_by_work(clock_and_env):
    clock, env = clock_and_env
    call = system_call(env, ACCOUNT)
    key = await keys.create_key(env, call, keys.NewKey(origin="EXTERNAL"))
    token, wrapped = await _import(env, call, key, b"k" * 32)
    until_us = clock.now_us() + 5 * DAY_S * 1_000_000
    await imports.import_material(env, call, key.id, token, wrapped, valid_until_us=until_us)
    _, blob = await encryption.encrypt_with(env, call, key.id, b"x", {})
    clock.advance(5 * DAY_S)
    with pytest.raises(KmsInvalidState):  # at once, before work came by
        await encryption.decrypt_blob(env, call, blob, {})
    assert await imports.delete_expired_material(env) == 1
    assert await imports.delete_expired_material(env) == 0
    sealed = await env.store.reader.rows("SELECT sealed FROM kms_material")
    assert [bytes(row[0]) for row in sealed] == [b""]
    with pytest.raises(InvalidImportToken):  # work forgot the token when its day was over
        await imports.import_material(env, call, key.id, token, wrapped, valid_until_us=None)
    token, other = await _import(env, call, key, b"o" * 32)
    with pytest.raises(IncorrectKeyMaterial):
        await imports.import_material(env, call, key.id, token, other, valid_until_us=None)
    token, wrapped = await _import(env, call, key, b"k" * 32)
    await imports.import_material(env, call, key.id, token, wrapped, valid_until_us=None)
    assert (await encryption.decrypt_blob(env, call, blob, {}))[1] == b"x"


async def test_a_cancelled_deletion_of_an_empty_key_waits_for_its_import(clock_and_env):
    _, env = clock_and_env
    call = system_call(env, ACCOUNT)
    key = await keys.create_key(env, call, keys.NewKey(origin="EXTERNAL"))
    await deletion.schedule_key_deletion(env, call, key.id, 7)
    assert (await deletion.cancel_key_deletion(env, call, key.id)).state is KeyState.PENDING_IMPORT


async def test_a_deleted_key_leaves_no_rows_behind(clock_and_env):
    clock, env = clock_and_env
    call = system_call(env, ACCOUNT)
    key = await keys.create_key(env, call, keys.NewKey(origin="EXTERNAL"))
    await _import(env, call, key, b"k" * 32)
    grant = grants.parse_grant(call, key, ["Encrypt"], {})
    await grants.create_grant(env, call, key, replace(grant, id="g", grantee=str(ACCOUNT)))
    await deletion.schedule_key_deletion(env, call, key.id, 7)
    clock.advance(7 * DAY_S)
    await deletion.delete_due_keys(env)
    for table in ("kms_key", "kms_material", "kms_alias", "kms_grant", "kms_import"):
        assert await env.store.reader.rows(f"SELECT * FROM {table}") == [], table


async def test_a_services_own_key_is_made_once_and_opens_only_through_it(clock_and_env):
    _, env = clock_and_env
    call = call_as_root(env, ACCOUNT)
    key = await managed_key(env, ACCOUNT, "secretsmanager")
    assert (await managed_key(env, ACCOUNT, "secretsmanager")).id == key.id
    assert (
        await find_named_key(env, env.store.reader, call, "alias/aws/secretsmanager")
    ).id == key.id
    await require_access(env, call, "kms:Decrypt", key, via="secretsmanager")
    await require_access(env, call, "kms:DescribeKey", key)
    for permission, via in (
        ("kms:Decrypt", ""),
        ("kms:Decrypt", "s3"),
        ("kms:ScheduleKeyDeletion", ""),
    ):
        with pytest.raises(Denied):
            await require_access(env, call, permission, key, via=via)
    stranger = call_as_root(env, "222222222222")
    with pytest.raises(Denied):
        await require_access(env, stranger, "kms:Decrypt", key, via="secretsmanager")
