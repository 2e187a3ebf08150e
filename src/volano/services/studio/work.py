"""Work of retrieval: objects into the index, and vectors for sentences that have none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.events import subscribe
from volano.kernel.work import reconciler
from volano.services.objects.interface import BucketDeleted, ObjectDeleted, ObjectWritten
from volano.services.studio.logic import documents
from volano.services.studio.logic.indexing import embed_waiting

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.events import Event


def _is_document(event: Event) -> bool:
    """Whether an event is about something that could be in the index."""
    return not isinstance(event, ObjectWritten) or documents.find_format(event.key, 1) is not None


@subscribe("studio:objects", ObjectWritten, ObjectDeleted, BucketDeleted, wants=_is_document)
async def on_object(env: Env, event: Event) -> None:
    """Index what was written, forget what is gone."""
    assert isinstance(event, ObjectWritten | ObjectDeleted | BucketDeleted)
    if isinstance(event, BucketDeleted):
        await documents.forget_bucket(env, event.account, event.bucket)
    elif isinstance(event, ObjectDeleted):
        if documents.find_format(event.key, 1) is not None:
            await documents.forget_object(env, event.account, event.bucket, event.key)
    elif _is_document(event):
        await documents.index_object(env, event.account, event.bucket, event.key, event.size_bytes)


@reconciler("studio:vectors", every_s=10.0)
async def reconcile_vectors(env: Env) -> None:
    """Embed sentences while the model runs."""
    await embed_waiting(env)
