"""The first account, its credentials, and that the database holds none of them in the clear."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from volano.kernel.call import Call, anonymous
from volano.kernel.errors import Denied, Unauthenticated
from volano.kernel.identity import PrincipalKind
from volano.kernel.ids import RequestId
from volano.services.identity import interface as identity
from volano.services.identity.logic.login import sign_in_by_link, sign_out


def call_of(env, principal, **changes) -> Call:
    made = Call(
        principal=principal,
        account=principal.account,
        region=env.region.name,
        request_id=RequestId("r"),
        deadline_s=env.clock.monotonic_s() + 60,
        door="rest",
    )
    return replace(made, **changes)


def nobody(env) -> Call:
    return call_of(env, anonymous())


async def test_bootstrap_makes_an_administrator_whose_credentials_work(env):
    first = await identity.bootstrap(env)
    assert first.created
    assert len(first.account) == 12
    assert first.account.isdigit()
    key = await env.authority.find_access_key(first.access_key_id, None)
    assert key is not None
    assert key.secret_access_key == first.secret_access_key
    assert key.principal.arn == f"arn:aws:iam::{first.account}:user/admin"
    by_token = await env.authority.find_token(first.api_key)
    assert by_token is not None
    assert by_token.id == key.principal.id
    await env.authority.authorize(call_of(env, by_token), "s3:PutObject", "arn:aws:s3:::b/k", {})


async def test_bootstrap_again_changes_nothing_and_shows_no_secret(env):
    first = await identity.bootstrap(env)
    again = await identity.bootstrap(env)
    assert not again.created
    assert again.account == first.account
    assert again.user == "admin"
    assert again.api_key == again.secret_access_key == ""


async def test_two_processes_bootstrap_one_account(env):
    first, second = await asyncio.gather(identity.bootstrap(env), identity.bootstrap(env))
    assert first.account == second.account
    assert first.created != second.created


async def test_unknown_credentials_are_nobody(env):
    first = await identity.bootstrap(env)
    assert await env.authority.find_access_key("AKIAUNKNOWN", None) is None
    assert await env.authority.find_access_key(first.access_key_id, "token") is None
    assert await env.authority.find_token("sk-vol-nothing") is None
    assert await env.authority.find_token(first.api_key + "x") is None
    assert await env.authority.find_token("x" * 10_000) is None
    assert await env.authority.find_session("cookie", None, safe=True) is None


async def test_login_link_works_once(env):
    first = await identity.bootstrap(env)
    token = await identity.create_login_link(env, first.account, first.user)
    signed_in = await sign_in_by_link(env, nobody(env), token)
    who = await env.authority.find_session(signed_in.cookie, None, safe=True)
    assert who is not None
    assert who.name == "admin"
    with pytest.raises(Unauthenticated):
        await sign_in_by_link(env, nobody(env), token)


async def test_session_needs_its_csrf_token_for_changes(env):
    first = await identity.bootstrap(env)
    token = await identity.create_login_link(env, first.account, first.user)
    signed_in = await sign_in_by_link(env, nobody(env), token)
    find = env.authority.find_session
    assert await find(signed_in.cookie, None, safe=False) is None
    assert await find(signed_in.cookie, "0" * 40, safe=False) is None
    assert await find(signed_in.cookie, signed_in.csrf, safe=False) is not None
    who = await find(signed_in.cookie, None, safe=True)
    await sign_out(env, call_of(env, who))
    assert await find(signed_in.cookie, signed_in.csrf, safe=False) is None


async def test_seed_makes_chosen_accounts_and_root_keys(env, tmp_path):
    await identity.bootstrap(env)
    file = tmp_path / "seed.json"
    key = {"access_key_id": "AKIAROOT0000000000", "secret_access_key": "root-secret"}
    user = {"name": "main", "key": [{"access_key_id": "AKIAMAIN", "secret_access_key": "s"}]}
    file.write_text(
        json.dumps({"account": [{"id": "123456789012", "root_key": [key], "user": [user]}]})
    )
    for _ in range(2):
        await identity.seed(env, file)
    found = await env.authority.find_access_key("AKIAROOT0000000000", None)
    assert found is not None
    assert found.principal.kind is PrincipalKind.ROOT
    assert found.principal.arn == "arn:aws:iam::123456789012:root"
    await env.authority.authorize(call_of(env, found.principal), "ec2:RunInstances", "*", {})
    main = await env.authority.find_access_key("AKIAMAIN", None)
    assert main is not None
    assert main.principal.name == "main"


async def test_operator_permissions_are_for_the_first_account_only(env, tmp_path):
    first = await identity.bootstrap(env)
    admin = await env.authority.find_token(first.api_key)
    await env.authority.authorize(call_of(env, admin), "operator:FailZone", "*", {})
    file = tmp_path / "seed.toml"
    file.write_text(
        '[[account]]\nid = "210987654321"\n[[account.user]]\nname = "x"\napi_key = "sk-other"\n'
    )
    await identity.seed(env, file)
    other = await env.authority.find_token("sk-other")
    with pytest.raises(Denied, match="runs this cloud"):
        await env.authority.authorize(call_of(env, other), "operator:FailZone", "*", {})


async def test_database_holds_no_usable_secret(env):
    first = await identity.bootstrap(env)
    link = await identity.create_login_link(env, first.account, first.user)
    open_link = await identity.create_login_link(env, first.account, first.user)
    signed_in = await sign_in_by_link(env, nobody(env), link)
    dump = await _dump(env)
    for secret in (
        first.secret_access_key,
        first.api_key,
        first.api_key.removeprefix("sk-vol-"),
        link,
        open_link,
        signed_in.cookie,
        signed_in.csrf,
    ):
        assert secret.encode() not in dump
    assert first.access_key_id.encode() in dump


async def _dump(env) -> bytes:
    """Every value of every identity table, and the database file where there is one."""
    tables = [
        "account",
        "user",
        "access_key",
        "token",
        "login",
        "login_link",
        "session",
        "temporary_key",
        "attachment",
    ]
    pieces: list[bytes] = []
    for table in tables:
        for row in await env.store.reader.rows(f"SELECT * FROM identity_{table}"):
            pieces += [v if isinstance(v, bytes) else str(v).encode() for v in row]
    pieces += [path.read_bytes() for path in env.config.data_dir.glob("volano.db*")]
    return b"\n".join(pieces)
