"""Long work of the models service: pulling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.kernel.work import job_kind
from volano.services.models.logic.registry import (
    PULL_KIND,
    PullRequest,
    model_folder,
    register_pulled,
)

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.work import JobContext


@job_kind(PULL_KIND)
async def pull(env: Env, context: JobContext, payload: str) -> str:
    """Fetch the files (resuming what is there), check them, register the model."""
    request = msgspec.json.decode(payload, type=PullRequest)
    folder = model_folder(env, request.account, request.name)
    source = request.source or env.config.model_mirror
    pulled = await env.inference.pull(request.name, folder, source, context.progress)
    model = await register_pulled(env, request, pulled)
    return msgspec.json.encode(
        {"model": model.name, "licence": model.licence, "size_bytes": model.size_bytes}
    ).decode()
