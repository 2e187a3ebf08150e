"""OpenAI's /v1/uploads: files of up to 8 GiB in parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.studio.api.files import UPLOAD_TIMEOUT_S, ExpiresAfter, FileObject, file_object
from volano.services.studio.logic import uploads
from volano.wire.action import action
from volano.wire.form import UploadedFile

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.studio.model.files import Upload

UPLOADS = "arn:aws:studio:{region}:{account}:upload/*"
UPLOAD = "arn:aws:studio:{region}:{account}:upload/{upload_id}"


class CreateUpload(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    filename: str
    purpose: str
    bytes: int
    mime_type: str
    expires_after: ExpiresAfter | None = None


class UploadName(msgspec.Struct):
    upload_id: str


class AddPart(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    upload_id: str
    data: UploadedFile


class CompleteUpload(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    upload_id: str
    part_ids: list[str]
    md5: str | None = None


class UploadObject(msgspec.Struct, kw_only=True):
    """OpenAI's upload object; `file` is there once it is completed."""

    id: str
    object: str = "upload"
    bytes: int
    created_at: int
    expires_at: int
    filename: str
    purpose: str
    status: str
    file: FileObject | msgspec.UnsetType = msgspec.UNSET


class PartObject(msgspec.Struct, kw_only=True):
    id: str
    object: str = "upload.part"
    created_at: int
    upload_id: str


@action(
    "openai:createUpload",
    method="POST",
    path="/v1/uploads",
    permission="studio:CreateFile",
    resource=UPLOADS,
)
async def create_upload(env: Env, call: Call, request: CreateUpload) -> UploadObject:
    """Announce a file that comes in parts."""
    made = await uploads.create_upload(
        env,
        call,
        filename=request.filename,
        purpose=request.purpose,
        size_bytes=request.bytes,
        content_type=request.mime_type,
        life_s=request.expires_after.seconds if request.expires_after else 0,
    )
    return _object(made)


@action(
    "openai:addUploadPart",
    method="POST",
    path="/v1/uploads/{upload_id}/parts",
    permission="studio:CreateFile",
    resource=UPLOAD,
    timeout_s=UPLOAD_TIMEOUT_S,
)
async def add_upload_part(env: Env, call: Call, request: AddPart) -> PartObject:
    """Store one part."""
    part = await uploads.add_part(
        env, call, request.upload_id, request.data.chunks(), request.data.size_bytes
    )
    return PartObject(
        id=part.id, created_at=part.created_us // 1_000_000, upload_id=request.upload_id
    )


@action(
    "openai:completeUpload",
    method="POST",
    path="/v1/uploads/{upload_id}/complete",
    permission="studio:CreateFile",
    resource=UPLOAD,
    timeout_s=UPLOAD_TIMEOUT_S,
)
async def complete_upload(env: Env, call: Call, request: CompleteUpload) -> UploadObject:
    """Join the parts, in the order given, into a file."""
    done, file = await uploads.complete_upload(
        env, call, request.upload_id, request.part_ids, md5=request.md5 or ""
    )
    answer = _object(done)
    answer.file = file_object(file)
    return answer


@action(
    "openai:cancelUpload",
    method="POST",
    path="/v1/uploads/{upload_id}/cancel",
    permission="studio:CreateFile",
    resource=UPLOAD,
)
async def cancel_upload(env: Env, call: Call, request: UploadName) -> UploadObject:
    """Give an upload up."""
    return _object(await uploads.cancel_upload(env, call, request.upload_id))


def _object(upload: Upload) -> UploadObject:
    return UploadObject(
        id=upload.id,
        bytes=upload.size_bytes,
        created_at=upload.created_us // 1_000_000,
        expires_at=upload.created_us // 1_000_000 + 3600,
        filename=upload.filename,
        purpose=upload.purpose,
        status=upload.state,
    )
