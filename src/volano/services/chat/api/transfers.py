"""Imports of other workplaces' archives and exports of this one, for administrators."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.kernel.errors import NotFound
from volano.services.chat.logic import files as file_logic
from volano.services.chat.logic import transfers
from volano.services.chat.logic.files import file_link
from volano.services.chat.logic.history import FOREVER_US
from volano.services.chat.logic.imports.attached import require_files_choice
from volano.services.chat.model.transfers import Transfer, TransferKind, TransferState
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env

TRANSFERS = "arn:aws:chat:{region}:{account}:transfer/*"
TRANSFER = "arn:aws:chat:{region}:{account}:transfer/{id}"
IMPORT = "chatadmin:Import"
EXPORT_PUBLIC = "chatadmin:ExportPublic"
EXPORT_EVERYTHING = "chatadmin:ExportEverything"


class NoFields(msgspec.Struct):
    pass


class TransferId(msgspec.Struct, kw_only=True):
    id: str


class ChatTransfer(msgspec.Struct, kw_only=True):
    """An import or export: what was done, what was skipped by reason, notes on it. `fraction` is
    0.0 to 1.0; `link` leads to an export's archive; times are in seconds.
    """

    id: str
    state: str
    fraction: float
    text: str
    counts: dict[str, int]
    skipped: dict[str, int]
    notes: list[str]
    error: str
    link: str
    by: str
    created: int
    ended: int


class ChatTransfers(msgspec.Struct, kw_only=True):
    items: list[ChatTransfer]


async def _shown(env: Env, call: Call, item: Transfer) -> ChatTransfer:
    state, error = item.state, item.report.error
    fraction, text = 1.0, ""
    if state is TransferState.RUNNING:
        try:
            job = await env.work.get_job(item.job_id)
        except NotFound:
            state, error = TransferState.FAILED, "It never began; start it again."
        else:
            fraction, text = job.fraction, job.text
            if job.state == "failed":
                state, error = TransferState.FAILED, job.result
    is_export = item.kind is TransferKind.EXPORT and state is TransferState.DONE
    return ChatTransfer(
        id=item.id,
        state=state.value,
        fraction=fraction,
        text=text,
        counts=item.report.counts,
        skipped=item.report.skipped,
        notes=item.report.notes,
        error=error,
        link=await file_link(env, call, item.file_id) if is_export else "",
        by=item.user_id,
        created=item.created_us // 1_000_000,
        ended=item.ended_us // 1_000_000,
    )


async def _listed(env: Env, call: Call, kind: TransferKind) -> ChatTransfers:
    found = await transfers.list_transfers(env, call, kind)
    return ChatTransfers(items=[await _shown(env, call, item) for item in found])


class ArchiveSize(msgspec.Struct, kw_only=True):
    name: str
    size_bytes: int


class ArchiveUpload(msgspec.Struct, kw_only=True):
    """POST the bytes to `upload_url`, then name `file` in the import."""

    file: str
    upload_url: str


@action(
    "volano:uploadChatArchive",
    method="POST",
    path="/volano/v1/chat/imports/uploads",
    permission=IMPORT,
    resource=TRANSFERS,
)
async def upload_archive(env: Env, call: Call, request: ArchiveSize) -> ArchiveUpload:
    """An address that takes an archive's bytes by POST, once."""
    file, ticket = await file_logic.get_upload_ticket(
        env,
        call,
        request.name,
        request.size_bytes,
        limit_bytes=transfers.MAX_ARCHIVE_BYTES,
    )
    url = f"{env.config.console_url}/slack/upload/{ticket}"
    return ArchiveUpload(file=file.id, upload_url=url)


class NewImport(msgspec.Struct, kw_only=True):
    """Either `file`, an uploaded archive, or `bucket` and `key`. `files` is links or fetch."""

    file: str = ""
    bucket: str = ""
    key: str = ""
    files: str = "links"


@action(
    "volano:startChatImport",
    method="POST",
    path="/volano/v1/chat/imports",
    permission=IMPORT,
    resource=TRANSFERS,
)
async def start_import(env: Env, call: Call, request: NewImport) -> ChatTransfer:
    """Import an archive of Slack, Mattermost or Zulip; repeating changes nothing."""
    files = require_files_choice(request.files)
    started = await transfers.start_import(
        env, call, file_id=request.file, bucket=request.bucket, key=request.key, files=files
    )
    return await _shown(env, call, started)


@action(
    "volano:listChatImports",
    method="GET",
    path="/volano/v1/chat/imports",
    permission=IMPORT,
    resource=TRANSFERS,
)
async def list_imports(env: Env, call: Call, request: NoFields) -> ChatTransfers:
    """The newest first."""
    return await _listed(env, call, TransferKind.IMPORT)


@action(
    "volano:getChatImport",
    method="GET",
    path="/volano/v1/chat/imports/{id}",
    permission=IMPORT,
    resource=TRANSFER,
)
async def get_import(env: Env, call: Call, request: TransferId) -> ChatTransfer:
    found = await transfers.get_transfer(env, call, request.id, TransferKind.IMPORT)
    return await _shown(env, call, found)


class ExportSpan(msgspec.Struct, kw_only=True):
    """What was said from `after` to before `before` (seconds, 0 for no limit)."""

    after: int = 0
    before: int = 0
    files: bool = True


async def _start_export(
    env: Env, call: Call, request: ExportSpan, *, everything: bool
) -> ChatTransfer:
    started = await transfers.start_export(
        env,
        call,
        everything=everything,
        after_us=request.after * 1_000_000,
        before_us=request.before * 1_000_000 or FOREVER_US,
        files=request.files,
    )
    return await _shown(env, call, started)


@action(
    "volano:exportPublicChannels",
    method="POST",
    path="/volano/v1/chat/exports/public",
    permission=EXPORT_PUBLIC,
    resource=TRANSFERS,
)
async def export_public(env: Env, call: Call, request: ExportSpan) -> ChatTransfer:
    """Export public channels in Slack's form."""
    return await _start_export(env, call, request, everything=False)


@action(
    "volano:exportEverything",
    method="POST",
    path="/volano/v1/chat/exports/everything",
    permission=EXPORT_EVERYTHING,
    resource=TRANSFERS,
)
async def export_everything(env: Env, call: Call, request: ExportSpan) -> ChatTransfer:
    """Export private and direct conversations too; needs the compliance switch."""
    return await _start_export(env, call, request, everything=True)


@action(
    "volano:listChatExports",
    method="GET",
    path="/volano/v1/chat/exports",
    permission=EXPORT_PUBLIC,
    resource=TRANSFERS,
)
async def list_exports(env: Env, call: Call, request: NoFields) -> ChatTransfers:
    """The newest first; a link is there for who asked for the export."""
    return await _listed(env, call, TransferKind.EXPORT)


@action(
    "volano:getChatExport",
    method="GET",
    path="/volano/v1/chat/exports/{id}",
    permission=EXPORT_PUBLIC,
    resource=TRANSFER,
)
async def get_export(env: Env, call: Call, request: TransferId) -> ChatTransfer:
    found = await transfers.get_transfer(env, call, request.id, TransferKind.EXPORT)
    return await _shown(env, call, found)


class Compliance(msgspec.Struct, kw_only=True):
    """Whether administrators may export what is private, since when (seconds) and by whose word."""

    enabled: bool
    by: str = ""
    since: int = 0


def _compliance(found: tuple[str, int] | None) -> Compliance:
    if found is None:
        return Compliance(enabled=False)
    return Compliance(enabled=True, by=found[0], since=found[1] // 1_000_000)


@action(
    "volano:getComplianceExport",
    method="GET",
    path="/volano/v1/chat/compliance",
    permission=EXPORT_PUBLIC,
    resource=TRANSFERS,
)
async def get_compliance(env: Env, call: Call, request: NoFields) -> Compliance:
    return _compliance(await transfers.find_compliance(env, call))


class ComplianceSwitch(msgspec.Struct, kw_only=True):
    enabled: bool


@action(
    "volano:setComplianceExport",
    method="PUT",
    path="/volano/v1/chat/compliance",
    permission="chatadmin:SetCompliance",
    resource=TRANSFERS,
)
async def set_compliance(env: Env, call: Call, request: ComplianceSwitch) -> Compliance:
    """Let administrators export private conversations, or not any more."""
    return _compliance(await transfers.set_compliance(env, call, enabled=request.enabled))
