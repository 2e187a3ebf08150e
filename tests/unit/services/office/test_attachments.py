"""Files of approvals: read by those whose turn it is, and by nobody else."""

from __future__ import annotations

import pytest
from tests.unit.services.chat.test_files import upload
from tests.unit.services.office.conftest import staff

from volano.kernel.errors import VolanoError
from volano.services.chat.logic import files, members
from volano.services.chat.logic.errors import FileNotFound
from volano.services.chat.logic.history import Span, read_history
from volano.services.office.logic import approvals, desk
from volano.services.office.logic.attachments import MAX_FILES

EXPENSE = {"purpose": "An oven", "amount": "20", "day": "2026-11-20", "category": "Equipment"}


async def read(company, who: str, file_id: str) -> bytes:
    _, chunks = await files.open_file(company.env, company.calls[who], file_id)
    return b"".join([chunk async for chunk in chunks])


async def ask(company, receipt: str):
    return await approvals.send(
        company.env, company.calls["ana"], "expense", {**EXPENSE, "receipt": receipt}
    )


async def test_who_decides_reads_the_files_and_others_do_not(live_company):
    company = await staff(live_company)
    first = await upload(company, "ana", "oven.pdf", b"an oven")
    second = await upload(company, "ana", "a <b>.txt", b"its door")
    approval = await ask(company, f"{first}, {second}")
    await company.env.events.settle()
    assert await read(company, "ben", first) == b"an oven"
    assert await read(company, "ben", second) == b"its door"
    for stranger in ("cleo", "dan"):
        with pytest.raises(FileNotFound):
            await read(company, stranger, first)
    bot = await desk.bot_of(company.env, company.account)
    direct = await members.open_direct(company.env, company.calls["ben"], [bot])
    page = await read_history(company.env, company.calls["ben"], direct.channel.id, Span(limit=5))
    card = str(page.messages[0]["blocks"])
    assert "|oven.pdf>" in card
    assert "|a &lt;b&gt;.txt>" in card
    dan = company.users["dan"].id
    await approvals.delegate(company.env, company.calls["ben"], approval.id, dan, "Yours")
    await company.env.events.settle()
    assert await read(company, "dan", first) == b"an oven"
    with pytest.raises(FileNotFound):
        await read(company, "cleo", first)


async def test_only_own_uploads_are_attached(staffed):
    bens = await upload(staffed, "ben", "secret.txt", b"not for ana")
    many = ",".join(["F0"] * (MAX_FILES + 1))
    for receipt in (bens, "F000NOTHING", many):
        with pytest.raises(VolanoError) as caught:
            await ask(staffed, receipt)
        assert caught.value.fields["param"] == "receipt"
    now_us = staffed.env.clock.now_us()
    sent = await approvals.list_sent(
        staffed.env, staffed.calls["ana"], before_us=now_us + 1, limit=5
    )
    assert sent == []
