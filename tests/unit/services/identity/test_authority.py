"""What the authority believes, for how long, and what ends a credential."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from volano.app.build import open_process
from volano.kernel.call import Call, anonymous
from volano.kernel.clock import ManualClock
from volano.kernel.config import Config
from volano.kernel.errors import Denied
from volano.kernel.ids import RequestId
from volano.services.identity import interface as identity
from volano.services.identity.logic import attachments, keys, roles, session_tokens, users
from volano.services.identity.logic.access_keys import create_access_key
from volano.services.identity.logic.attachments import Target
from volano.services.identity.logic.bootstrap import add_account, make_account_id
from volano.services.identity.logic.login import create_login_link, sign_in, sign_in_by_link
from volano.services.identity.logic.passwords import MAX_ATTEMPTS_BY_NAME, set_password
from volano.services.identity.logic.uses import write_uses
from volano.services.identity.work import reconcile_expired, reconcile_uses

HOUR_S = 3600


@pytest.fixture
async def clocked(tmp_path):
    """An Env on SQLite whose clock stands still until it is moved."""
    clock = ManualClock()
    config = Config(data_dir=tmp_path / "data", runtime="process", log_level="error")
    async with open_process(config, clock=clock) as process:
        yield process.env


@pytest.fixture
async def admin(clocked) -> Call:
    first = await identity.bootstrap(clocked)
    return call_of(clocked, await clocked.authority.find_token(first.api_key))


def call_of(env, principal, **changes) -> Call:
    made = Call(
        principal=principal,
        account=principal.account,
        region=env.region.name,
        request_id=RequestId(env.ids.uuid()),
        deadline_s=env.clock.monotonic_s() + 60,
        door="rest",
    )
    return replace(made, **changes)


def allow(action: str, resource: str = "*") -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


async def make_user(env, call, name="ada"):
    return await users.create_user(env, call, users.make_user(env, call.account, name))


async def api_key(env, user, **more) -> str:
    _, plain = await keys.create_key(env, user, keys.WantedKey(kind="api", name="k", **more))
    return plain


async def test_change_made_here_is_seen_by_the_next_decision(clocked, admin):
    user = await make_user(clocked, admin)
    own = call_of(clocked, user.principal())
    with pytest.raises(Denied):
        await clocked.authority.authorize(own, "s3:GetObject", "arn:aws:s3:::b/k", {})
    target = Target("user", "ada")
    await attachments.put_inline(clocked, admin, target, "p", allow("s3:GetObject"))
    await clocked.authority.authorize(own, "s3:GetObject", "arn:aws:s3:::b/k", {})
    await attachments.delete_inline(clocked, admin, target, "p")
    with pytest.raises(Denied):
        await clocked.authority.authorize(own, "s3:GetObject", "arn:aws:s3:::b/k", {})


async def test_change_made_by_another_process_is_seen_within_five_seconds(clocked, admin):
    user = await make_user(clocked, admin)
    plain = await api_key(clocked, user)
    other = identity.open_authority(
        store=clocked.store,
        secrets=clocked.secrets,
        clock=clocked.clock,
        region=clocked.region,
        log=clocked.log,
        ids=clocked.ids,
    )
    assert await other.find_token(plain) is not None
    await users.set_user_disabled(clocked, admin, "ada", disabled=True)
    assert await clocked.authority.find_token(plain) is None
    clocked.clock.advance(5.1)
    assert await other.find_token(plain) is None


async def test_expired_token_is_nobody(clocked, admin):
    user = await make_user(clocked, admin)
    plain = await api_key(clocked, user, expires_days=1)
    assert await clocked.authority.find_token(plain) is not None
    clocked.clock.advance(24 * HOUR_S + 1)
    assert await clocked.authority.find_token(plain) is None


async def test_deleting_a_user_ends_every_credential(clocked, admin):
    user = await make_user(clocked, admin)
    plain = await api_key(clocked, user)
    _, key, _ = await create_access_key(clocked, admin, "ada")
    temporary = await session_tokens.get_session_token(
        clocked, call_of(clocked, user.principal()), None
    )
    link = await create_login_link(clocked, user.account, "ada")
    nobody = call_of(clocked, anonymous())
    session = await sign_in_by_link(clocked, nobody, link)
    unused = await create_login_link(clocked, user.account, "ada")
    await users.delete_user(clocked, admin, "ada", force=True)
    authority = clocked.authority
    assert await authority.find_token(plain) is None
    assert await authority.find_access_key(key.id, None) is None
    assert await authority.find_access_key(temporary.access_key_id, temporary.session_token) is None
    assert await authority.find_session(session.cookie, None, safe=True) is None
    with pytest.raises(Exception, match="ask for a new one"):
        await sign_in_by_link(clocked, nobody, unused)


async def test_session_ends_when_idle_and_lives_while_used(clocked, admin):
    await make_user(clocked, admin)
    link = await create_login_link(clocked, admin.account, "ada")
    session = await sign_in_by_link(clocked, call_of(clocked, anonymous()), link)
    find = clocked.authority.find_session
    for _ in range(3):
        clocked.clock.advance(20 * HOUR_S)
        assert await find(session.cookie, None, safe=True) is not None
        await reconcile_uses(clocked)
        clocked.clock.advance(10)
    clocked.clock.advance(24 * HOUR_S)
    assert await find(session.cookie, None, safe=True) is None
    await reconcile_expired(clocked)
    assert await clocked.store.reader.rows("SELECT id FROM identity_session") == []


async def test_login_link_ends(clocked, admin):
    await make_user(clocked, admin)
    link = await create_login_link(clocked, admin.account, "ada")
    clocked.clock.advance(15 * 60)
    with pytest.raises(Exception, match="ask for a new one"):
        await sign_in_by_link(clocked, call_of(clocked, anonymous()), link)


async def test_attempts_are_throttled_by_name_and_forgotten_after_the_window(clocked, admin):
    user = await make_user(clocked, admin)
    await set_password(clocked, user, "correct horse")
    nobody = call_of(clocked, anonymous())

    async def attempt(password: str) -> str:
        try:
            await sign_in(clocked, nobody, account="home", user_name="ada", password=password)
        except Exception as error:
            return type(error).__name__
        return "in"

    assert await attempt("correct horse") == "in"
    for _ in range(MAX_ATTEMPTS_BY_NAME):
        assert await attempt("wrong horse") == "Unauthenticated"
    assert await attempt("correct horse") == "Throttled"
    clocked.clock.advance(15 * 60 + 1)
    assert await attempt("correct horse") == "in"


async def test_expired_temporary_key_is_told_as_expired_for_a_day(clocked, admin):
    user = await make_user(clocked, admin)
    made = await session_tokens.get_session_token(clocked, call_of(clocked, user.principal()), 900)
    clocked.clock.advance(901)
    await reconcile_expired(clocked)
    found = await clocked.authority.find_access_key(made.access_key_id, made.session_token)
    assert found is not None
    assert found.expires_us < clocked.clock.now_us()
    clocked.clock.advance(24 * HOUR_S)
    await reconcile_expired(clocked)
    assert await clocked.authority.find_access_key(made.access_key_id, made.session_token) is None


async def test_instance_gets_credentials_only_when_the_role_trusts_the_service(clocked, admin):
    def trust(service: str) -> str:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sts:AssumeRole",
        }
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    good = roles.make_role(clocked, admin.account, "web", trust("ec2.amazonaws.com"))
    bad = roles.make_role(clocked, admin.account, "fun", trust("lambda.amazonaws.com"))
    for role in (good, bad):
        await roles.create_role(clocked, role)
    made = await identity.assume_role_for_instance(clocked, good, "i-0123")
    key = await clocked.authority.find_access_key(made.access_key_id, made.session_token)
    assert key.principal.arn == f"arn:aws:sts::{admin.account}:assumed-role/web/i-0123"
    with pytest.raises(Denied):
        await identity.assume_role_for_instance(clocked, bad, "i-0123")


async def test_scopes_of_a_slack_token_open_no_other_door(clocked, admin):
    first = await clocked.authority.find_access_key("AKIANONE", None)
    assert first is None
    store = clocked.store
    _, plain = await store.transact(
        lambda tx: identity.create_slack_token(
            tx,
            clocked,
            admin.principal.id,
            kind=identity.TokenKind.SLACK_USER,
            name="x",
            scopes=["chat:write"],
        )
    )
    assert plain.startswith("xoxp-")
    who = await clocked.authority.find_token(plain)
    await clocked.authority.authorize(
        call_of(clocked, who, door="slack"), "chat:PostMessage", "*", {}
    )
    with pytest.raises(Denied, match="restrictions"):
        await clocked.authority.authorize(call_of(clocked, who), "s3:GetObject", "*", {})


async def test_bucket_policy_and_account_of_the_resource_decide(clocked, admin):
    other = await clocked.store.transact(
        lambda tx: add_account(tx, clocked, make_account_id(clocked), name="O", alias=None)
    )
    context = {identity.RESOURCE_ACCOUNT: other[0].id}
    ask = ("s3:GetObject", "arn:aws:s3:::theirs/k")
    with pytest.raises(Denied, match="no resource-based policy"):
        await clocked.authority.authorize(admin, *ask, context)
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": str(admin.account)},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::theirs/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    context[identity.RESOURCE_POLICY] = policy
    await clocked.authority.authorize(admin, *ask, context)
    nobody = call_of(clocked, anonymous())
    with pytest.raises(Denied, match="Access Denied"):
        await clocked.authority.authorize(nobody, *ask, context)
    statement["Principal"] = "*"
    context[identity.RESOURCE_POLICY] = json.dumps(
        {"Version": "2012-10-17", "Statement": [statement]}
    )
    await clocked.authority.authorize(nobody, *ask, context)


async def test_unreadable_stored_policy_denies_everything(clocked, admin):
    user = await make_user(clocked, admin)
    await attachments.put_inline(clocked, admin, Target("user", "ada"), "ok", allow("*"))
    own = call_of(clocked, user.principal())
    await clocked.authority.authorize(own, "s3:GetObject", "*", {})
    broken = allow("*").replace('"Resource"', '"Condition": {"New": {"a": "b"}}, "Resource"')
    await clocked.store.transact(
        lambda tx: tx.execute(
            "INSERT INTO identity_inline_policy (target_id, name, document) VALUES (?, ?, ?)",
            user.id,
            "newer",
            broken,
        )
    )
    identity.forget_caches(clocked)
    with pytest.raises(Denied, match="explicit deny"):
        await clocked.authority.authorize(own, "s3:GetObject", "*", {})


async def test_last_use_of_a_key_is_written(clocked, admin):
    await make_user(clocked, admin)
    _, key, _ = await create_access_key(clocked, admin, "ada")
    found = await clocked.authority.find_access_key(key.id, None)
    context = {identity.ACCESS_KEY_ID: key.id}
    with pytest.raises(Denied):
        await clocked.authority.authorize(
            call_of(clocked, found.principal, context=context), "s3:GetObject", "*", {}
        )
    await write_uses(clocked)
    row = await clocked.store.reader.row(
        "SELECT last_used_us, last_used_service, last_used_region FROM identity_access_key "
        "WHERE id = ?",
        key.id,
    )
    assert row == (clocked.clock.now_us(), "s3", clocked.region.name)


async def test_disabling_oneself_is_refused(clocked, admin):
    with pytest.raises(Exception, match="cannot disable yourself"):
        await users.set_user_disabled(clocked, admin, "admin", disabled=True)


async def test_other_authority_on_an_own_database_sees_a_commit_at_once(clocked, admin):
    user = await make_user(clocked, admin)
    plain = await api_key(clocked, user)
    other = identity.open_authority(
        store=clocked.store,
        secrets=clocked.secrets,
        clock=clocked.clock,
        region=clocked.region,
        log=clocked.log,
        ids=clocked.ids,
    )
    assert await other.find_token(plain) is not None
    clocked.clock.advance(3600)
    assert await other.find_token(plain) is not None
    await users.set_user_disabled(clocked, admin, "ada", disabled=True)
    assert await other.find_token(plain) is None
