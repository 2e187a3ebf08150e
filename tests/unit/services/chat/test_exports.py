"""An export has Slack's form and holds what it may; what is private needs the switch."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from volano.kernel.errors import Conflict, Invalid
from volano.services.chat.api import transfers as api
from volano.services.chat.logic import files as file_logic
from volano.services.chat.logic.members import open_direct
from volano.services.chat.logic.transfers import get_transfer, set_compliance
from volano.services.chat.model.transfers import TransferKind

if TYPE_CHECKING:
    from tests.unit.services.chat.conftest import Company


async def export(company: Company, *, everything: bool, **span: int) -> zipfile.ZipFile:
    """What an administrator's export holds, once it is done."""
    env, call = company.env, company.calls["admin"]
    start = api.export_everything if everything else api.export_public
    started = await start(env, call, api.ExportSpan(**span))
    running = await get_transfer(env, call, started.id, TransferKind.EXPORT)
    await env.work.wait_job(running.job_id, timeout_s=60)
    done = await api.get_export(env, call, api.TransferId(id=started.id))
    assert (done.state, done.error) == ("done", "")
    _, chunks = await file_logic.open_file(env, call, done.link.split("/")[-2].partition("-")[2])
    return zipfile.ZipFile(io.BytesIO(b"".join([chunk async for chunk in chunks])))


def read(archive: zipfile.ZipFile, name: str) -> list[dict]:
    return json.loads(archive.read(name))


def said_in(archive: zipfile.ZipFile, folder: str) -> list[str]:
    days = sorted(name for name in archive.namelist() if name.startswith(f"{folder}/"))
    return [message["text"] for day in days for message in read(archive, day)]


async def furnish(company: Company) -> str:
    await company.hire("ann")
    lobby = await company.channel("lobby", "admin", "ann")
    root = await company.say("ann", lobby, "Welcome")
    await company.say("admin", lobby, "Thanks", thread_ts=root.ts)
    await company.share("ann", lobby, "plan.txt", b"the plan")
    board = await company.channel("board", "admin", "ann", private=True)
    await company.say("ann", board, "The merger")
    joined = await open_direct(company.env, company.calls["ann"], [company.users["admin"].id])
    await company.say("ann", joined.channel.id, "Between us")
    return joined.channel.id


async def test_everything_in_slacks_form_while_the_switch_is_on(live_company) -> None:
    company = live_company
    direct = await furnish(company)
    with pytest.raises(Conflict, match="compliance switch"):
        await export(company, everything=True)
    await set_compliance(company.env, company.calls["admin"], enabled=True)
    archive = await export(company, everything=True)
    names = [user["name"] for user in read(archive, "users.json")]
    assert {"ann", "copilot"} <= set(names)
    assert {item["name"] for item in read(archive, "channels.json")} == {"general", "lobby"}
    [board] = read(archive, "groups.json")
    assert company.users["ann"].id in board["members"]
    assert [item["id"] for item in read(archive, "dms.json")] == [direct]
    assert "The merger" in said_in(archive, "board")
    assert said_in(archive, direct) == ["Between us"]
    lobby = [
        message
        for name in archive.namelist()
        if name.startswith("lobby/")
        for message in read(archive, name)
    ]
    root = next(message for message in lobby if message["text"] == "Welcome")
    assert [reply["user"] for reply in root["replies"]] == [company.users["admin"].id]
    [upload] = [name for name in archive.namelist() if name.startswith("__uploads/")]
    assert archive.read(upload) == b"the plan"
    await set_compliance(company.env, company.calls["admin"], enabled=False)
    with pytest.raises(Conflict, match="compliance switch"):
        await export(company, everything=True)


async def test_a_public_export_holds_nothing_private_and_only_its_days(live_company) -> None:
    company = live_company
    await furnish(company)
    archive = await export(company, everything=False)
    names = archive.namelist()
    assert not {"groups.json", "dms.json", "mpims.json"} & set(names)
    whole = b"".join(archive.read(name) for name in names)
    assert b"Welcome" in whole
    assert b"merger" not in whole
    assert b"Between us" not in whole
    tomorrow = company.env.clock.now_us() // 1_000_000 + 86_400
    later = await export(company, everything=False, after=tomorrow)
    assert said_in(later, "lobby") == []
    with pytest.raises(Invalid, match="before it begins"):
        await export(company, everything=False, after=2, before=1)


async def test_only_who_asked_may_fetch_an_export(live_company) -> None:
    company, env = live_company, live_company.env
    await furnish(company)
    await export(company, everything=False)
    [done] = (await api.list_exports(env, company.calls["admin"], api.NoFields())).items
    assert done.link
    [seen] = (await api.list_exports(env, company.calls["ann"], api.NoFields())).items
    assert seen.link == ""
