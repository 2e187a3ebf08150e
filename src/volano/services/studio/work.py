"""Work of the studio: objects and files into the indexes, vectors for sentences, ends of lives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.events import subscribe
from volano.kernel.work import job_kind, reconciler
from volano.services.objects.interface import BucketDeleted, ObjectDeleted, ObjectWritten
from volano.services.studio.logic import documents
from volano.services.studio.logic.batch_running import run_batch
from volano.services.studio.logic.batches import JOB as BATCH_JOB
from volano.services.studio.logic.containers.sandbox import remove_strays
from volano.services.studio.logic.expiry import expire_records
from volano.services.studio.logic.indexing import embed_waiting
from volano.services.studio.logic.responses.keeping import JOB, run_in_background
from volano.services.studio.logic.vector_files import RECONCILER
from volano.services.studio.logic.vector_indexing import index_waiting

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.events import Event
    from volano.kernel.work import JobContext


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


@reconciler(RECONCILER, every_s=15.0)
async def reconcile_vector_files(env: Env) -> None:
    """Read, cut and embed files that were put into vector stores."""
    await index_waiting(env)


@reconciler("studio:expiry", every_s=60.0)
async def reconcile_expiry(env: Env) -> None:
    """End what has an end."""
    await expire_records(env)


@reconciler("studio:containers", every_s=60.0)
async def reconcile_containers(env: Env) -> None:
    """End what an earlier process left running of containers."""
    await remove_strays(env)


@job_kind(JOB)
async def make_response(env: Env, context: JobContext, payload: str) -> str:
    """Make a response that nobody waits for."""
    return await run_in_background(env, payload)


@job_kind(BATCH_JOB)
async def answer_batch(env: Env, context: JobContext, payload: str) -> str:
    """Answer the lines of a batch."""
    return await run_batch(env, payload)
