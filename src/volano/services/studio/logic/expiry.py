"""What has an end: files, uploads, vector stores, responses, containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.studio.logic.containers.containers import expire_container
from volano.services.studio.logic.files import remove_file
from volano.services.studio.logic.responses.keeping import remove_response
from volano.services.studio.logic.uploads import expire_upload
from volano.services.studio.logic.vector_stores import expire_store
from volano.services.studio.model.containers import CONTAINER, Container
from volano.services.studio.model.files import FILE, UPLOAD, Upload
from volano.services.studio.model.responses import RESPONSE, StoredResponse
from volano.services.studio.model.vector_stores import VECTOR_STORE, VectorStore
from volano.services.studio.store import records as rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.services.studio.store.records import RecordRow

BATCH = 100


async def expire_records(env: Env) -> None:
    """Let everything end whose time is over."""
    while True:
        due = await rows.select_due(env.store.reader, env.clock.now_us(), BATCH)
        if not due:
            return
        for row in due:
            await _expire(env, row)


async def _expire(env: Env, row: RecordRow) -> None:
    if row.kind == FILE.name:
        await remove_file(env, row.account, row.id)
    elif row.kind == UPLOAD.name:
        await expire_upload(env, row.account, msgspec.json.decode(row.body, type=Upload))
    elif row.kind == VECTOR_STORE.name:
        await expire_store(env, row.account, msgspec.json.decode(row.body, type=VectorStore))
    elif row.kind == RESPONSE.name:
        await remove_response(env, row.account, msgspec.json.decode(row.body, type=StoredResponse))
    elif row.kind == CONTAINER.name:
        await expire_container(env, row.account, msgspec.json.decode(row.body, type=Container))
    else:
        raise AssertionError(f"records of kind {row.kind} do not expire")
