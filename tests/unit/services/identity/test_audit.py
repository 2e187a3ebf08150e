"""The audit trail: filters, pages, repetition, retention."""

from __future__ import annotations

import pytest

from volano.kernel.call import system_call
from volano.kernel.errors import Invalid
from volano.kernel.ids import AccountId
from volano.kernel.journal import AuditRecord
from volano.services.identity import interface as identity
from volano.services.identity.logic import audit
from volano.services.identity.logic.audit import RETENTION_DAYS, list_audit
from volano.services.identity.store.audit import AuditFilter
from volano.services.identity.work import reconcile_expired

ACCOUNT = AccountId("111122223333")


def record(number: int, now_us: int, **changes) -> AuditRecord:
    fields = {
        "id": f"r{number:03}", "time_us": now_us + number, "account": ACCOUNT,
        "principal_id": "AIDA1", "principal_arn": "arn:aws:iam::111122223333:user/a",
        "door": "aws", "action": "s3:GetObject", "resource": "*", "source_ip": "::1",
        "user_agent": "", "request_id": f"r{number:03}", "status": 200,
    } | changes  # fmt: skip
    return AuditRecord(**fields)


async def insert(env, *records: AuditRecord) -> None:
    await env.store.transact(lambda tx: identity.insert_audit(tx, list(records)))


async def listed(env, limit=100, account=ACCOUNT, **wanted) -> list[str]:
    call = system_call(env, AccountId(account))
    found, _ = await list_audit(env, call, AuditFilter(**wanted), limit=limit)
    return [one.id for one in found]


async def test_pages_are_newest_first_and_complete(env):
    now_us = env.clock.now_us()
    await insert(env, *(record(n, now_us) for n in range(7)))
    call, cursor, seen = system_call(env, ACCOUNT), "", []
    while True:
        found, cursor = await list_audit(env, call, AuditFilter(), limit=3, cursor=cursor)
        seen += [one.id for one in found]
        if not cursor:
            break
    assert seen == [f"r{n:03}" for n in reversed(range(7))]


async def test_writing_a_group_again_adds_nothing(env):
    one = record(1, env.clock.now_us())
    await insert(env, one)
    await insert(env, one, record(2, env.clock.now_us()))
    assert len(await listed(env)) == 2


async def test_filters(env):
    now_us = env.clock.now_us()
    await insert(
        env,
        record(1, now_us, principal_id="AIDA2"),
        record(2, now_us, action="s3:PutObject", read_only=False),
        record(3, now_us, status=403, error_code="AccessDenied"),
        record(4, now_us, resource="arn:aws:s3:::b"),
        record(5, now_us, account="444455556666"),
    )
    assert await listed(env, principal="AIDA2") == ["r001"]
    assert await listed(env, action="s3:PutObject") == ["r002"]
    assert await listed(env, writes_only=True) == ["r002"]
    assert await listed(env, errors_only=True) == ["r003"]
    assert await listed(env, resource="arn:aws:s3:::b") == ["r004"]
    assert await listed(env, since_us=now_us + 4) == ["r004"]
    assert await listed(env, account="444455556666") == ["r005"]
    assert await listed(env, account="000000000000") == []


@pytest.mark.parametrize("limit", [0, -1, 1001])
async def test_page_sizes_outside_the_limit_are_refused(env, limit):
    with pytest.raises(Invalid):
        await listed(env, limit=limit)


async def test_old_records_are_removed(env):
    now_us = env.clock.now_us()
    old_us = now_us - (RETENTION_DAYS * 24 * 3600 + 60) * 1_000_000
    await insert(env, record(1, old_us), record(2, now_us))
    await reconcile_expired(env)
    assert await listed(env) == ["r002"]


async def test_many_calls_lie_in_packs_and_are_listed_like_rows(env):
    now_us = env.clock.now_us()
    many = [record(n, now_us, action="s3:GetObject") for n in range(0, 60, 2)]
    await insert(env, *many[:20], record(7, now_us, action="iam:CreateUser", read_only=False))
    await insert(env, *many[15:])  # five of them again
    await insert(env, *(record(n, now_us, status=404) for n in (61, 63)))
    packs = await env.store.reader.rows("SELECT id FROM identity_audit_pack LIMIT 9")
    assert len(packs) == 1  # the second group is one record short of a pack
    expected = sorted([*range(0, 60, 2), 7, 61, 63], reverse=True)
    assert await listed(env) == [f"r{n:03}" for n in expected]
    assert await listed(env, errors_only=True) == ["r063", "r061"]
    assert await listed(env, writes_only=True) == ["r007"]


async def test_pages_over_overlapping_packs_are_complete(env, monkeypatch):
    monkeypatch.setattr(audit, "PACKS_AT_ONCE", 2)
    monkeypatch.setattr(audit, "MAX_PACKS", 2)
    now_us = env.clock.now_us()
    for start in range(5):
        await insert(
            env,
            *(
                record(n, now_us, resource=f"arn:aws:s3:::b/{n % 2}", principal_id=f"AIDA{start}")
                for n in range(start, 150, 5)
            ),
        )
    for wanted, every in (({}, 1), ({"resource": "arn:aws:s3:::b/1"}, 2)):
        call, cursor, seen = system_call(env, ACCOUNT), "", []
        while True:
            filters = AuditFilter(**wanted)
            found, cursor = await list_audit(env, call, filters, limit=40, cursor=cursor)
            seen += [one.id for one in found]
            if not cursor:
                break
        assert seen == [f"r{n:03}" for n in reversed(range(every - 1, 150, every))]
    assert len(await listed(env, principal="AIDA3")) == 30
    assert await listed(env, account="444455556666") == []


async def test_old_packs_are_removed(env):
    old_us = env.clock.now_us() - (RETENTION_DAYS + 1) * 24 * 3600 * 1_000_000
    await insert(env, *(record(n, old_us) for n in range(20)))
    await insert(env, *(record(n + 100, env.clock.now_us()) for n in range(20)))
    await reconcile_expired(env)
    assert len(await listed(env)) == 20
