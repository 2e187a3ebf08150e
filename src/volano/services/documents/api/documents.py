"""Documents over Volano's own API."""

from __future__ import annotations

import re

import msgspec

from volano.kernel.call import Call, Env
from volano.services.documents.api.live import tell_rights, tell_update
from volano.services.documents.logic import access, comments, documents, versions
from volano.services.documents.logic.access import Held
from volano.services.documents.model import Comment, Role
from volano.wire.action import action
from volano.wire.results import Raw, WithHeaders

DOCUMENTS = "arn:aws:documents:{region}:{account}:document/*"
ONE = "arn:aws:documents:{region}:{account}:document/{id}"


class DocumentId(msgspec.Struct):
    id: str


class Search(msgspec.Struct, kw_only=True):
    """`words` must all be in the title or text; the last may be a beginning."""

    words: str = ""


class NewDocument(msgspec.Struct, kw_only=True):
    """`text` is Markdown."""

    title: str
    text: str = ""


class Renamed(msgspec.Struct, kw_only=True):
    id: str
    title: str


class Rewritten(msgspec.Struct, kw_only=True):
    id: str
    text: str


class DocumentView(msgspec.Struct, kw_only=True):
    """`role` is the caller's: view, edit or own. Users are chat users."""

    id: str
    title: str
    owner: str
    role: str
    editor: str
    edited_us: int
    created_us: int


class DocumentList(msgspec.Struct):
    items: list[DocumentView]
    next_cursor: str | None = None


class ShareView(msgspec.Struct):
    """`target` is a chat user or a channel, `role` view or edit."""

    target: str
    role: str


class Shares(msgspec.Struct):
    id: str
    shares: list[ShareView]


class ShareList(msgspec.Struct):
    items: list[ShareView]


class VersionView(msgspec.Struct, kw_only=True):
    version: int
    editor: str
    characters: int
    created_us: int


class VersionList(msgspec.Struct):
    items: list[VersionView]


class VersionOf(msgspec.Struct, kw_only=True):
    id: str
    version: int


class Text(msgspec.Struct):
    text: str


class NewComment(msgspec.Struct, kw_only=True):
    id: str
    text: str
    quote: str = ""


class Resolution(msgspec.Struct, kw_only=True):
    id: str
    comment: str
    resolved: bool = True


class CommentView(msgspec.Struct, kw_only=True):
    id: str
    user: str
    quote: str
    text: str
    resolved: bool
    created_us: int


class CommentList(msgspec.Struct):
    items: list[CommentView]


def _view(held: Held) -> DocumentView:
    document = held.document
    return DocumentView(
        id=document.id,
        title=document.title,
        owner=document.owner_id,
        role=held.role.value,
        editor=document.editor_id,
        edited_us=document.edited_us,
        created_us=document.created_us,
    )


def _comment(item: Comment) -> CommentView:
    return CommentView(
        id=item.id,
        user=item.user_id,
        quote=item.quote,
        text=item.text,
        resolved=item.is_resolved,
        created_us=item.created_us,
    )


@action(
    "volano:listDocuments",
    method="GET",
    path="/volano/v1/documents",
    permission="documents:ListDocuments",
    resource=DOCUMENTS,
)
async def list_documents(env: Env, call: Call, request: Search) -> DocumentList:
    """Documents that the caller may see, the latest first, 200 at most; all, or by words."""
    found = await documents.list_documents(env, call, words=request.words)
    return DocumentList([_view(held) for held in found])


@action(
    "volano:createDocument",
    method="POST",
    path="/volano/v1/documents",
    permission="documents:CreateDocument",
    resource=DOCUMENTS,
)
async def create_document(env: Env, call: Call, request: NewDocument) -> DocumentView:
    """Make a document, shared with nobody yet."""
    return _view(await documents.create_document(env, call, request.title, request.text))


@action(
    "volano:getDocument",
    method="GET",
    path="/volano/v1/documents/{id}",
    permission="documents:GetDocument",
    resource=ONE,
)
async def get_document(env: Env, call: Call, request: DocumentId) -> DocumentView:
    """A document, without its text (`exportDocument`)."""
    return _view(await access.hold(env, call, request.id))


@action(
    "volano:renameDocument",
    method="PUT",
    path="/volano/v1/documents/{id}",
    permission="documents:EditDocument",
    resource=ONE,
)
async def rename_document(env: Env, call: Call, request: Renamed) -> DocumentView:
    """Give a document another title."""
    return _view(await documents.rename_document(env, call, request.id, request.title))


@action(
    "volano:deleteDocument",
    method="DELETE",
    path="/volano/v1/documents/{id}",
    permission="documents:DeleteDocument",
    resource=ONE,
)
async def delete_document(env: Env, call: Call, request: DocumentId) -> None:
    """Delete a document of the caller's own with all of its versions."""
    await documents.delete_document(env, call, request.id)
    tell_rights(env, request.id)


@action(
    "volano:exportDocument",
    method="GET",
    path="/volano/v1/documents/{id}/markdown",
    permission="documents:GetDocument",
    resource=ONE,
)
async def export_document(env: Env, call: Call, request: DocumentId) -> WithHeaders:
    """The text as a Markdown file."""
    document, text = await documents.export_document(env, call, request.id)
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", document.title).strip("-.") or "document"
    disposition = ("content-disposition", f'attachment; filename="{name}.md"')
    return WithHeaders(Raw("text/markdown; charset=utf-8", text.encode()), [disposition])


@action(
    "volano:writeDocument",
    method="PUT",
    path="/volano/v1/documents/{id}/text",
    permission="documents:EditDocument",
    resource=ONE,
)
async def write_document(env: Env, call: Call, request: Rewritten) -> None:
    """Put another text in its place; whoever edits now sees it at once."""
    update = await documents.write_document(env, call, request.id, request.text)
    tell_update(env, request.id, update)


@action(
    "volano:listDocumentShares",
    method="GET",
    path="/volano/v1/documents/{id}/shares",
    permission="documents:GetDocument",
    resource=ONE,
)
async def list_document_shares(env: Env, call: Call, request: DocumentId) -> ShareList:
    """With whom a document is shared."""
    found = await access.list_shares(env, call, request.id)
    return ShareList([ShareView(item.target, item.role.value) for item in found])


@action(
    "volano:shareDocument",
    method="PUT",
    path="/volano/v1/documents/{id}/shares",
    permission="documents:ShareDocument",
    resource=ONE,
)
async def share_document(env: Env, call: Call, request: Shares) -> ShareList:
    """Say anew with whom a document of the caller's own is shared."""
    roles = {item.target: _role(item.role) for item in request.shares}
    found = await access.share_document(env, call, request.id, roles)
    tell_rights(env, request.id)
    return ShareList([ShareView(item.target, item.role.value) for item in found])


def _role(name: str) -> Role:
    if name not in (Role.VIEW.value, Role.EDIT.value):
        raise access.wrong("role", "A role is view or edit.")
    return Role(name)


@action(
    "volano:listDocumentVersions",
    method="GET",
    path="/volano/v1/documents/{id}/versions",
    permission="documents:GetDocument",
    resource=ONE,
)
async def list_document_versions(env: Env, call: Call, request: DocumentId) -> VersionList:
    """What is kept of how the document was, the latest first, 100 at most."""
    found = await versions.list_versions(env, call, request.id)
    return VersionList(
        [
            VersionView(
                version=item.seq,
                editor=item.editor_id,
                characters=item.size_characters,
                created_us=item.created_us,
            )
            for item in found
        ]
    )


@action(
    "volano:getDocumentVersion",
    method="GET",
    path="/volano/v1/documents/{id}/versions/{version}",
    permission="documents:GetDocument",
    resource=ONE,
)
async def get_document_version(env: Env, call: Call, request: VersionOf) -> Text:
    """The text of a version."""
    return Text(await versions.read_version(env, call, request.id, request.version))


@action(
    "volano:restoreDocumentVersion",
    method="POST",
    path="/volano/v1/documents/{id}/versions/{version}/restore",
    permission="documents:EditDocument",
    resource=ONE,
)
async def restore_document_version(env: Env, call: Call, request: VersionOf) -> None:
    """Make the text what it was then; what it is now is kept as a version."""
    update = await versions.restore_version(env, call, request.id, request.version)
    tell_update(env, request.id, update)


@action(
    "volano:listDocumentComments",
    method="GET",
    path="/volano/v1/documents/{id}/comments",
    permission="documents:GetDocument",
    resource=ONE,
)
async def list_document_comments(env: Env, call: Call, request: DocumentId) -> CommentList:
    """Comments, the oldest first."""
    found = await comments.list_comments(env, call, request.id)
    return CommentList([_comment(item) for item in found])


@action(
    "volano:commentDocument",
    method="POST",
    path="/volano/v1/documents/{id}/comments",
    permission="documents:CommentDocument",
    resource=ONE,
)
async def comment_document(env: Env, call: Call, request: NewComment) -> CommentView:
    """Comment on a passage, or on the whole."""
    return _comment(await comments.add_comment(env, call, request.id, request.quote, request.text))


@action(
    "volano:resolveDocumentComment",
    method="POST",
    path="/volano/v1/documents/{id}/comments/{comment}",
    permission="documents:CommentDocument",
    resource=ONE,
)
async def resolve_document_comment(env: Env, call: Call, request: Resolution) -> CommentView:
    """Resolve a comment, or open it again."""
    return _comment(
        await comments.resolve_comment(
            env, call, request.id, request.comment, resolved=request.resolved
        )
    )
