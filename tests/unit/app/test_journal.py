"""The journal loses nothing on a graceful stop, and no record can stop or drown the others."""

import asyncio

import pytest

from volano.app import journal as journal_module
from volano.app.journal import MAX_GROUP, MAX_UNPROVEN_PER_S, MAX_WAITING, GroupJournal
from volano.kernel.errors import Unavailable
from volano.kernel.journal import AuditRecord, UsageRecord
from volano.services.billing import interface as billing
from volano.services.identity import interface as identity

ACCOUNT = "111111111111"


def audit(number, **changes):
    fields = {
        "id": f"r{number}",
        "time_us": 1_700_000_000_000_000 + number,
        "account": ACCOUNT,
        "principal_id": "p",
        "principal_arn": "a",
        "door": "aws",
        "action": "iam:GetUser",
        "resource": "r",
        "source_ip": "::1",
        "user_agent": "u",
        "request_id": f"r{number}",
        "status": 200,
    }
    return AuditRecord(**(fields | changes))


def usage(number, **changes):
    fields = {
        "id": f"u{number}",
        "account": ACCOUNT,
        "meter": "s3.requests.read",
        "quantity": "1",
        "start_us": 1_700_000_000_000_000,
        "end_us": 1_700_000_000_000_000,
    }
    return UsageRecord(**(fields | changes))


class FailingStore:
    def __init__(self, store):
        self.store, self.away, self.tries = store, False, 0

    async def transact(self, work):
        self.tries += 1
        if self.away:
            raise Unavailable("away")
        return await self.store.transact(work)


@pytest.fixture
def journal(env):
    store = FailingStore(env.store)
    made = GroupJournal(
        store,
        env.log,
        env.metrics,
        insert_audit=identity.insert_audit,
        insert_usage=billing.insert_usage,
    )
    made.failing = store
    return made


async def stored(env):
    rows = await env.store.reader.rows("SELECT id FROM identity_audit ORDER BY time_us LIMIT 20000")
    return [row[0] for row in rows]


async def test_everything_handed_over_is_there_after_flush(env, journal):
    for number in range(3 * MAX_GROUP // 2):
        journal.audit(audit(number))
        journal.usage(usage(number))
    await journal.flush()
    assert await stored(env) == [f"r{n}" for n in range(3 * MAX_GROUP // 2)]
    row = await env.store.reader.row("SELECT quantity FROM billing_day")
    assert row == (str(3 * MAX_GROUP // 2),)
    assert journal.failing.tries == 2


async def test_a_closed_process_has_written_its_journal(process, tmp_path):
    from volano.app.build import open_process

    async with (
        open_process(process.env.config)
        if not process.store.exclusive
        else _again(process) as other
    ):
        other.env.journal.audit(audit(1))
    assert "r1" in await stored(process.env)


def _again(process):
    import contextlib

    @contextlib.asynccontextmanager
    async def same():
        yield process
        await process.journal.flush()

    return same()


async def test_records_wait_while_the_database_is_away(env, journal, monkeypatch):
    monkeypatch.setattr(journal_module, "RETRY_S", 0.01)
    monkeypatch.setattr(journal_module, "FLUSH_EVERY_S", 0.0)
    journal.failing.away = True
    loop = asyncio.create_task(journal.run())
    for number in range(20):
        journal.audit(audit(number))
    while journal.failing.tries < 3:
        await asyncio.sleep(0.01)
    with pytest.raises(Unavailable):
        await journal.flush()
    journal.failing.away = False
    while len(await stored(env)) < 20:
        await asyncio.sleep(0.01)
    loop.cancel()


async def test_what_waits_is_bounded_and_the_oldest_goes_first(env, journal):
    for number in range(MAX_WAITING + 7):
        journal.audit(audit(number))
    await journal.flush()
    kept = await stored(env)
    assert len(kept) == MAX_WAITING
    assert kept[0] == "r7"
    assert "volano_journal_dropped_total 7" in env.metrics.render()


@pytest.mark.parametrize(
    "bad",
    [
        audit(5, resource="arn:aws:s3:::b/\0"),
        audit(5, user_agent="\ud800"),
    ],
)
async def test_text_that_databases_refuse_is_made_storable(env, journal, bad):
    for number in range(10):
        journal.audit(bad if number == 5 else audit(number))
    await journal.flush()
    assert await stored(env) == [f"r{n}" for n in range(10)]


async def test_a_record_that_cannot_be_written_takes_none_with_it(env, journal):
    for number in range(10):
        journal.audit(audit(number))
        journal.usage(usage(number, quantity="many" if number == 5 else "1"))
    await journal.flush()
    assert len(await stored(env)) == 10
    assert await env.store.reader.row("SELECT quantity, records FROM billing_day") == ("9", 9)
    assert "volano_journal_dropped_total 1" in env.metrics.render()


async def test_refused_credentials_are_kept_up_to_a_rate(env, journal):
    for number in range(MAX_UNPROVEN_PER_S + 30):
        journal.audit(audit(number, status=403, unproven=True))
    journal.audit(audit(9_000_000, status=403, unproven=True))
    journal.audit(audit(500))
    await journal.flush()
    assert len(await stored(env)) == MAX_UNPROVEN_PER_S + 2
    assert "volano_refusals_unrecorded_total 30" in env.metrics.render()
