"""OpenAI's /v1/files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import quote

import msgspec

from volano.kernel.errors import Invalid
from volano.services.studio.logic import files
from volano.services.studio.logic.file_bytes import open_file
from volano.services.studio.model.records import Paging
from volano.wire.action import action
from volano.wire.form import UploadedFile
from volano.wire.openai.paging import Deleted, ListQuery, Page, page_of, seconds
from volano.wire.results import Raw, WithHeaders

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.studio.model.files import File

FILES = "arn:aws:studio:{region}:{account}:file/*"
FILE = "arn:aws:studio:{region}:{account}:file/{file_id}"
UPLOAD_TIMEOUT_S = 3600.0


class ExpiresAfter(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    anchor: Literal["created_at"]
    seconds: int


class CreateFile(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A multipart form; `file` is its only file."""

    file: UploadedFile
    purpose: str
    expires_after: ExpiresAfter | None = None


class ListFiles(ListQuery, kw_only=True):
    limit: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 10_000
    purpose: str = ""


class FileName(msgspec.Struct):
    file_id: str


class FileObject(msgspec.Struct, kw_only=True):
    """OpenAI's file object."""

    id: str
    object: str = "file"
    bytes: int
    created_at: int
    expires_at: int | msgspec.UnsetType = msgspec.UNSET
    filename: str
    purpose: str
    status: str = "processed"


@action(
    "openai:createFile",
    method="POST",
    path="/v1/files",
    permission="studio:CreateFile",
    resource=FILES,
    timeout_s=UPLOAD_TIMEOUT_S,
)
async def create_file(env: Env, call: Call, request: CreateFile) -> FileObject:
    """Store a file for batches, vector stores and prompts."""
    sent = request.file
    if not sent.filename:
        raise Invalid("'file' is not a file.", code="invalid_value", fields={"param": "file"})
    made = await files.create_file(
        env,
        call,
        sent.chunks(),
        filename=sent.filename,
        purpose=request.purpose,
        size_bytes=sent.size_bytes,
        content_type=sent.content_type,
        life_s=request.expires_after.seconds if request.expires_after else 0,
    )
    return file_object(made)


@action(
    "openai:listFiles",
    method="GET",
    path="/v1/files",
    permission="studio:ListFiles",
    resource=FILES,
)
async def list_files(env: Env, call: Call, request: ListFiles) -> Page:
    """The account's files."""
    found = await files.list_files(env, call, paging_of(request), purpose=request.purpose)
    return page_of(
        [file.id for file in found.items],
        [file_object(file) for file in found.items],
        has_more=found.has_more,
    )


@action(
    "openai:retrieveFile",
    method="GET",
    path="/v1/files/{file_id}",
    permission="studio:GetFile",
    resource=FILE,
)
async def retrieve_file(env: Env, call: Call, request: FileName) -> FileObject:
    """What is known of a file."""
    return file_object(await files.get_file(env, call, request.file_id))


@action(
    "openai:downloadFile",
    method="GET",
    path="/v1/files/{file_id}/content",
    permission="studio:GetFileContent",
    resource=FILE,
    timeout_s=UPLOAD_TIMEOUT_S,
)
async def download_file(env: Env, call: Call, request: FileName) -> WithHeaders:
    """The bytes of a file, to be saved: a browser must never show them as a page of ours."""
    file = await files.get_file(env, call, request.file_id)
    chunks = await open_file(env, call.account, file.id)
    headers = [
        ("content-disposition", f"attachment; filename*=UTF-8''{quote(file.filename, safe='')}"),
        ("x-content-type-options", "nosniff"),
    ]
    return WithHeaders(Raw("application/octet-stream", chunks, length=file.size_bytes), headers)


@action(
    "openai:deleteFile",
    method="DELETE",
    path="/v1/files/{file_id}",
    permission="studio:DeleteFile",
    resource=FILE,
)
async def delete_file(env: Env, call: Call, request: FileName) -> Deleted:
    """Delete a file and take it out of every vector store."""
    file = await files.delete_file(env, call, request.file_id)
    return Deleted(id=file.id, object="file")


def paging_of(query: ListQuery) -> Paging:
    return Paging(
        limit=query.limit,
        after=query.after,
        before=query.before,
        newest_first=query.order == "desc",
    )


def file_object(file: File) -> FileObject:
    return FileObject(
        id=file.id,
        bytes=file.size_bytes,
        created_at=file.created_us // 1_000_000,
        expires_at=seconds(file.expires_us) or msgspec.UNSET,
        filename=file.filename,
        purpose=file.purpose,
    )
