"""Words where a key's policy belongs, as public suites write them: test mode takes them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.services.objects.conftest import call_as_root

from volano.kernel.errors import Denied
from volano.services.kms.logic import keys
from volano.services.kms.logic.access import find_named_key, require_access
from volano.services.kms.logic.errors import MalformedPolicy


async def test_test_mode_takes_words_for_a_policy(env):
    owner, stranger = call_as_root(env, "111111111111"), call_as_root(env, "222222222222")
    wanted = keys.NewKey(policy="my policy")
    with pytest.raises(MalformedPolicy):
        await keys.create_key(env, owner, wanted)
    lax = replace(env, config=replace(env.config, test_mode=True))
    key = await keys.create_key(lax, owner, wanted)
    assert key.policy == "my policy"
    await require_access(lax, owner, "kms:Encrypt", key)
    with pytest.raises(Denied):
        await require_access(lax, stranger, "kms:Encrypt", key)
    with pytest.raises(MalformedPolicy):
        await keys.create_key(lax, owner, keys.NewKey(policy='{"Statement": []}'))


async def test_test_mode_lets_an_owner_lock_a_key_away(env):
    owner = call_as_root(env, "111111111111")
    key = await keys.create_key(env, owner, keys.NewKey())
    deny = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*",'
        ' "Action": "kms:*", "Resource": "*"}]}'
    )
    with pytest.raises(MalformedPolicy, match="update the key policy in the future"):
        await keys.put_key_policy(env, owner, key.id, deny, skip_lockout_check=False)
    lax = replace(env, config=replace(env.config, test_mode=True))
    await keys.put_key_policy(lax, owner, key.id, deny, skip_lockout_check=False)
    changed = await find_named_key(env, env.store.reader, owner, key.id)
    with pytest.raises(Denied):
        await require_access(lax, owner, "kms:DescribeKey", changed)
