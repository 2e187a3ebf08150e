"""OpenAI's /v1/containers/{container_id}/files."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from volano.services.models.interface import invalid
from volano.services.studio.api.containers import CONTAINER
from volano.services.studio.api.files import UPLOAD_TIMEOUT_S, paging_of
from volano.services.studio.logic.containers import containers, files
from volano.services.studio.logic.file_bytes import open_file
from volano.services.studio.model.containers import MAX_FILE_BYTES
from volano.wire.action import action
from volano.wire.form import UploadedFile
from volano.wire.openai.paging import Deleted, ListQuery, Page, page_of
from volano.wire.results import Raw, WithHeaders

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.studio.model.containers import ContainerFile


class AddContainerFile(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A form with a `file`, or JSON with the `file_id` of a file that is copied."""

    container_id: str
    file: UploadedFile | None = None
    file_id: str | None = None


class ContainerFileName(msgspec.Struct):
    container_id: str
    file_id: str


class ListContainerFiles(ListQuery, kw_only=True):
    container_id: str


class ContainerFileObject(msgspec.Struct, kw_only=True):
    """OpenAI's container file object."""

    id: str
    object: str = "container.file"
    container_id: str
    created_at: int
    bytes: int
    path: str
    source: str


@action(
    "openai:createContainerFile",
    method="POST",
    path="/v1/containers/{container_id}/files",
    permission="studio:CreateContainerFile",
    resource=CONTAINER,
    timeout_s=UPLOAD_TIMEOUT_S,
)
async def create_container_file(
    env: Env, call: Call, request: AddContainerFile
) -> ContainerFileObject:
    """Put a file into a container; one of the same name is replaced."""
    if (request.file is None) == (request.file_id is None):
        raise invalid("file", "give either a file or a `file_id`")
    container = await containers.use_container(env, call, request.container_id)
    if request.file_id is not None:
        made = await files.copy_file(env, call, container, request.file_id)
    else:
        assert request.file is not None
        made = await files.add_file(
            env,
            call,
            container,
            filename=request.file.filename,
            data=await request.file.read(MAX_FILE_BYTES),
        )
    return _object(request.container_id, made)


@action(
    "openai:listContainerFiles",
    method="GET",
    path="/v1/containers/{container_id}/files",
    permission="studio:ListContainerFiles",
    resource=CONTAINER,
)
async def list_container_files(env: Env, call: Call, request: ListContainerFiles) -> Page:
    """The files of a container: the user's and those that code made."""
    await containers.get_container(env, call, request.container_id)
    found = await files.list_files(env, call, request.container_id, paging_of(request))
    return page_of(
        [file.id for file in found.items],
        [_object(request.container_id, file) for file in found.items],
        has_more=found.has_more,
    )


@action(
    "openai:retrieveContainerFile",
    method="GET",
    path="/v1/containers/{container_id}/files/{file_id}",
    permission="studio:GetContainerFile",
    resource=CONTAINER,
)
async def retrieve_container_file(
    env: Env, call: Call, request: ContainerFileName
) -> ContainerFileObject:
    """What is known of a container's file."""
    found = await files.get_file(env, call, request.container_id, request.file_id)
    return _object(request.container_id, found)


@action(
    "openai:downloadContainerFile",
    method="GET",
    path="/v1/containers/{container_id}/files/{file_id}/content",
    permission="studio:GetContainerFileContent",
    resource=CONTAINER,
    timeout_s=UPLOAD_TIMEOUT_S,
)
async def download_container_file(env: Env, call: Call, request: ContainerFileName) -> WithHeaders:
    """The bytes of a container's file, to be saved."""
    file = await files.get_file(env, call, request.container_id, request.file_id)
    chunks = await open_file(env, call.account, file.id)
    headers = [
        ("content-disposition", f"attachment; filename*=UTF-8''{quote(file.filename, safe='')}"),
        ("x-content-type-options", "nosniff"),
    ]
    return WithHeaders(Raw("application/octet-stream", chunks, length=file.size_bytes), headers)


@action(
    "openai:deleteContainerFile",
    method="DELETE",
    path="/v1/containers/{container_id}/files/{file_id}",
    permission="studio:DeleteContainerFile",
    resource=CONTAINER,
)
async def delete_container_file(env: Env, call: Call, request: ContainerFileName) -> Deleted:
    """Delete a file, also where code sees it."""
    await files.delete_file(env, call, request.container_id, request.file_id)
    return Deleted(id=request.file_id, object="container.file.deleted")


def _object(container_id: str, file: ContainerFile) -> ContainerFileObject:
    return ContainerFileObject(
        id=file.id,
        container_id=container_id,
        created_at=file.created_us // 1_000_000,
        bytes=file.size_bytes,
        path=file.path,
        source=file.source,
    )
