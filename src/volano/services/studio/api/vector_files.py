"""OpenAI's files of vector stores, one by one and in batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from volano.services.models.interface import invalid
from volano.services.studio.api.files import paging_of
from volano.services.studio.api.vector_stores import (
    STORE,
    ChunkingStrategy,
    FileCounts,
    SearchContent,
    chunking_of,
)
from volano.services.studio.logic import file_batches, vector_files
from volano.services.studio.model.vector_stores import MAX_BATCH_FILES, FileBatch, StoreFile
from volano.wire.action import action
from volano.wire.openai.paging import Deleted, ListQuery, Page, page_of

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.studio.model.records import Listed

State = Literal["in_progress", "completed", "failed", "cancelled"]


class AddFile(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    vector_store_id: str
    file_id: str
    attributes: dict[str, Any] | None = None
    chunking_strategy: ChunkingStrategy | None = None


class BatchFile(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    file_id: str
    attributes: dict[str, Any] | None = None
    chunking_strategy: ChunkingStrategy | None = None


class AddBatch(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Either `file_ids`, all with the same options, or `files`, each with its own."""

    vector_store_id: str
    file_ids: Annotated[list[str], msgspec.Meta(max_length=MAX_BATCH_FILES)] | None = None
    files: Annotated[list[BatchFile], msgspec.Meta(max_length=MAX_BATCH_FILES)] | None = None
    attributes: dict[str, Any] | None = None
    chunking_strategy: ChunkingStrategy | None = None


class ListStoreFiles(ListQuery, kw_only=True):
    vector_store_id: str
    filter: State | None = None


class ListBatchFiles(ListStoreFiles, kw_only=True):
    batch_id: str


class StoreFileName(msgspec.Struct):
    vector_store_id: str
    file_id: str


class BatchName(msgspec.Struct):
    vector_store_id: str
    batch_id: str


class UpdateAttributes(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    vector_store_id: str
    file_id: str
    attributes: dict[str, Any] | None


class LastError(msgspec.Struct, kw_only=True):
    code: str
    message: str


class StoreFileObject(msgspec.Struct, kw_only=True):
    """OpenAI's vector store file, and on which of its pages no text was found."""

    id: str
    object: str = "vector_store.file"
    usage_bytes: int
    created_at: int
    vector_store_id: str
    status: str
    last_error: LastError | None
    chunking_strategy: dict[str, Any]
    attributes: dict[str, Any]
    pages: int
    pages_without_text: list[int]


class ContentPage(msgspec.Struct, kw_only=True):
    object: str = "vector_store.file_content.page"
    data: list[SearchContent]
    has_more: bool = False
    next_page: str | None = None


class BatchObject(msgspec.Struct, kw_only=True):
    """OpenAI's vector store file batch."""

    id: str
    object: str = "vector_store.files_batch"
    created_at: int
    vector_store_id: str
    status: str
    file_counts: FileCounts


@action(
    "openai:createVectorStoreFile",
    method="POST",
    path="/v1/vector_stores/{vector_store_id}/files",
    permission="studio:AddVectorStoreFile",
    resource=STORE,
)
async def create_vector_store_file(env: Env, call: Call, request: AddFile) -> StoreFileObject:
    """Put a file into a store; it is read and embedded soon after."""
    wanted = [(request.file_id, request.attributes, chunking_of(request.chunking_strategy))]
    added = await vector_files.add_files(env, call, request.vector_store_id, wanted)
    return _object(request.vector_store_id, added[0])


@action(
    "openai:listVectorStoreFiles",
    method="GET",
    path="/v1/vector_stores/{vector_store_id}/files",
    permission="studio:GetVectorStore",
    resource=STORE,
)
async def list_vector_store_files(env: Env, call: Call, request: ListStoreFiles) -> Page:
    """The files of a store."""
    found = await vector_files.list_store_files(
        env, call, request.vector_store_id, paging_of(request), state=request.filter
    )
    return _page(request.vector_store_id, found)


@action(
    "openai:getVectorStoreFile",
    method="GET",
    path="/v1/vector_stores/{vector_store_id}/files/{file_id}",
    permission="studio:GetVectorStore",
    resource=STORE,
)
async def get_vector_store_file(env: Env, call: Call, request: StoreFileName) -> StoreFileObject:
    """One file of a store: whether it was read, and why not."""
    found = await vector_files.get_store_file(env, call, request.vector_store_id, request.file_id)
    return _object(request.vector_store_id, found)


@action(
    "openai:updateVectorStoreFileAttributes",
    method="POST",
    path="/v1/vector_stores/{vector_store_id}/files/{file_id}",
    permission="studio:AddVectorStoreFile",
    resource=STORE,
)
async def update_attributes(env: Env, call: Call, request: UpdateAttributes) -> StoreFileObject:
    """Replace a file's attributes, by which searches filter."""
    changed = await vector_files.update_attributes(
        env, call, request.vector_store_id, request.file_id, request.attributes
    )
    return _object(request.vector_store_id, changed)


@action(
    "openai:deleteVectorStoreFile",
    method="DELETE",
    path="/v1/vector_stores/{vector_store_id}/files/{file_id}",
    permission="studio:RemoveVectorStoreFile",
    resource=STORE,
)
async def delete_vector_store_file(env: Env, call: Call, request: StoreFileName) -> Deleted:
    """Take a file out of a store; the file itself stays."""
    await vector_files.get_store_file(env, call, request.vector_store_id, request.file_id)
    await vector_files.remove_store_file(
        env, call.account, request.vector_store_id, request.file_id
    )
    return Deleted(id=request.file_id, object="vector_store.file.deleted")


@action(
    "openai:retrieveVectorStoreFileContent",
    method="GET",
    path="/v1/vector_stores/{vector_store_id}/files/{file_id}/content",
    permission="studio:GetFileContent",
    resource="arn:aws:studio:{region}:{account}:file/{file_id}",
)
async def file_content(env: Env, call: Call, request: StoreFileName) -> ContentPage:
    """The text of a file as it was cut into chunks."""
    await vector_files.get_store_file(env, call, request.vector_store_id, request.file_id)
    texts = await vector_files.list_texts(
        env, call.account, request.vector_store_id, request.file_id
    )
    return ContentPage(data=[SearchContent(text=text) for text in texts])


@action(
    "openai:createVectorStoreFileBatch",
    method="POST",
    path="/v1/vector_stores/{vector_store_id}/file_batches",
    permission="studio:AddVectorStoreFile",
    resource=STORE,
)
async def create_file_batch(env: Env, call: Call, request: AddBatch) -> BatchObject:
    """Put many files into a store."""
    if (request.file_ids is None) == (request.files is None):
        raise invalid("file_ids", "give either `file_ids` or `files`")
    chunking = chunking_of(request.chunking_strategy)
    wanted = [(file_id, request.attributes, chunking) for file_id in request.file_ids or ()]
    wanted += [
        (item.file_id, item.attributes, chunking_of(item.chunking_strategy))
        for item in request.files or ()
    ]
    batch = await file_batches.create_file_batch(env, call, request.vector_store_id, wanted)
    return await _batch_object(env, call, request.vector_store_id, batch)


@action(
    "openai:getVectorStoreFileBatch",
    method="GET",
    path="/v1/vector_stores/{vector_store_id}/file_batches/{batch_id}",
    permission="studio:GetVectorStore",
    resource=STORE,
)
async def get_file_batch(env: Env, call: Call, request: BatchName) -> BatchObject:
    """How far a batch is."""
    batch = await file_batches.get_file_batch(env, call, request.vector_store_id, request.batch_id)
    return await _batch_object(env, call, request.vector_store_id, batch)


@action(
    "openai:cancelVectorStoreFileBatch",
    method="POST",
    path="/v1/vector_stores/{vector_store_id}/file_batches/{batch_id}/cancel",
    permission="studio:AddVectorStoreFile",
    resource=STORE,
)
async def cancel_file_batch(env: Env, call: Call, request: BatchName) -> BatchObject:
    """Stop what of a batch was not read yet."""
    batch = await file_batches.cancel_file_batch(
        env, call, request.vector_store_id, request.batch_id
    )
    return await _batch_object(env, call, request.vector_store_id, batch)


@action(
    "openai:listFilesInVectorStoreBatch",
    method="GET",
    path="/v1/vector_stores/{vector_store_id}/file_batches/{batch_id}/files",
    permission="studio:GetVectorStore",
    resource=STORE,
)
async def list_batch_files(env: Env, call: Call, request: ListBatchFiles) -> Page:
    """The files of a batch."""
    found = await file_batches.list_batch_files(
        env,
        call,
        request.vector_store_id,
        request.batch_id,
        paging_of(request),
        state=request.filter,
    )
    return _page(request.vector_store_id, found)


def _page(store_id: str, found: Listed[StoreFile]) -> Page:
    data = [_object(store_id, file) for file in found.items]
    return page_of([file.id for file in found.items], data, has_more=found.has_more)


def _object(store_id: str, file: StoreFile) -> StoreFileObject:
    sizes = {
        "max_chunk_size_tokens": file.chunking.size_tokens,
        "chunk_overlap_tokens": file.chunking.overlap_tokens,
    }
    error = LastError(code=file.error_code, message=file.error) if file.error_code else None
    return StoreFileObject(
        id=file.id,
        usage_bytes=file.usage_bytes,
        created_at=file.created_us // 1_000_000,
        vector_store_id=store_id,
        status=file.state,
        last_error=error,
        chunking_strategy={"type": "static", "static": sizes},
        attributes=dict(file.attributes),
        pages=file.pages,
        pages_without_text=list(file.empty_pages),
    )


async def _batch_object(env: Env, call: Call, store_id: str, batch: FileBatch) -> BatchObject:
    files = await file_batches.batch_files(env, call.account, store_id, batch)
    counts = file_batches.count_of(batch, files)
    return BatchObject(
        id=batch.id,
        created_at=batch.created_us // 1_000_000,
        vector_store_id=store_id,
        status=file_batches.status_of(batch, counts),
        file_counts=FileCounts(**counts, total=len(batch.file_ids)),
    )
