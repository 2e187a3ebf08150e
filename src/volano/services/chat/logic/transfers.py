"""Imports into and exports out of the workplace: starting them and how they go."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from volano.kernel.errors import NotFound
from volano.services.chat.logic.errors import FileNotFound, conflict, refused
from volano.services.chat.logic.workspaces import enter
from volano.services.chat.model import FileState
from volano.services.chat.model.transfers import Report, Transfer, TransferKind, TransferState
from volano.services.chat.store import files as file_rows
from volano.services.chat.store import transfers as rows
from volano.services.objects import interface as objects

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

IMPORT_JOB = "chat:import"
EXPORT_JOB = "chat:export"
MAX_ARCHIVE_BYTES = 100 * 1024**3
MAX_LISTED = 50


class TransferNotFound(NotFound):
    code = "transfer_not_found"


async def start_import(
    env: Env, call: Call, *, file_id: str = "", bucket: str = "", key: str = "", files: str
) -> Transfer:
    """Import an archive that the caller uploaded (`file_id`) or may read in a bucket.

    Raises file_not_found, NoSuchKey and what reading the bucket raises.
    """
    here = await enter(env, call)
    if bool(file_id) == bool(bucket and key):
        raise refused("invalid_arguments", "Name the uploaded file, or a bucket and a key.")
    if file_id:
        file = await file_rows.find_file(env.store.reader, call.account, file_id)
        if file is None or file.user_id != here.me.id or file.state is FileState.WAITING:
            raise FileNotFound(f"There is no uploaded file {file_id[:40]} of yours.")
    else:
        await objects.open_object(env, call, bucket, key)  # the caller may read it, not only we
    options: dict[str, object] = {"files": files, "bucket": bucket, "key": key}
    return await _start(env, call, here.me.id, TransferKind.IMPORT, file_id, options)


async def _start(
    env: Env, call: Call, user_id: str, kind: TransferKind, file_id: str, options: dict[str, object]
) -> Transfer:
    transfer = Transfer(
        id=env.ids.slack("TR"),
        account=call.account,
        user_id=user_id,
        kind=kind,
        state=TransferState.RUNNING,
        file_id=file_id,
        options=options,
        report=Report(),
        job_id="",
        created_us=env.clock.now_us(),
    )

    async def write(tx: Tx) -> None:
        await rows.insert_transfer(tx, transfer)

    await env.store.transact(write)
    payload = json.dumps({"account": call.account, "transfer": transfer.id})
    job_kind = IMPORT_JOB if kind is TransferKind.IMPORT else EXPORT_JOB
    job = await env.work.submit(job_kind, key=transfer.id, account=call.account, payload=payload)

    async def note_job(tx: Tx) -> Transfer:
        current = await rows.find_transfer(tx, call.account, transfer.id)
        assert current is not None
        started = replace(current, job_id=job.id)
        await rows.update_transfer(tx, started)
        return started

    return await env.store.transact(note_job)


async def start_export(
    env: Env, call: Call, *, everything: bool, after_us: int, before_us: int, files: bool
) -> Transfer:
    """Export public channels, or with the compliance switch everything, between two moments.

    Raises compliance_export_off.
    """
    here = await enter(env, call)
    if everything and await rows.find_compliance(env.store.reader, call.account) is None:
        raise conflict(
            "compliance_export_off",
            "Private conversations are exported only while the compliance switch is on.",
        )
    if before_us <= after_us:
        raise refused("invalid_arguments", "The export ends before it begins.")
    options: dict[str, object] = {
        "everything": everything,
        "after_us": after_us,
        "before_us": before_us,
        "files": files,
    }
    return await _start(env, call, here.me.id, TransferKind.EXPORT, "", options)


async def get_transfer(env: Env, call: Call, transfer_id: str, kind: TransferKind) -> Transfer:
    """Raises transfer_not_found."""
    found = await rows.find_transfer(env.store.reader, call.account, transfer_id)
    if found is None or found.kind is not kind:
        raise TransferNotFound(f"There is no {kind.value} {transfer_id[:40]}.")
    return found


async def list_transfers(env: Env, call: Call, kind: TransferKind) -> list[Transfer]:
    """The newest first."""
    return await rows.select_transfers(env.store.reader, call.account, kind, MAX_LISTED)


async def find_compliance(env: Env, call: Call) -> tuple[str, int] | None:
    """Who let private conversations be exported, and when; None while nobody does."""
    return await rows.find_compliance(env.store.reader, call.account)


async def set_compliance(env: Env, call: Call, *, enabled: bool) -> tuple[str, int] | None:
    """Let administrators export private conversations, or not any more."""
    here = await enter(env, call)

    async def write(tx: Tx) -> None:
        if enabled:
            await rows.insert_compliance(tx, call.account, here.me.id, env.clock.now_us())
        else:
            await rows.delete_compliance(tx, call.account)

    await env.store.transact(write)
    return await find_compliance(env, call)
