"""Long work of the models service: pulling, packing, scaling, forgetting what is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.kernel.call import system_call
from volano.kernel.ids import AccountId
from volano.kernel.work import job_kind, reconciler
from volano.services.models.logic.answers import forget_old
from volano.services.models.logic.bucket_source import bucket_source, is_bucket
from volano.services.models.logic.limits import expire
from volano.services.models.logic.placing import QUANTISE_KIND, PackRequest
from volano.services.models.logic.registry import (
    PULL_KIND,
    PullRequest,
    get_model,
    model_folder,
    register_pulled,
)
from volano.services.models.logic.repeats import expire_kept
from volano.services.models.logic.scaling import look

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.inference import ModelSource
    from volano.kernel.work import JobContext

PULL_TIMEOUT_S = 24 * 3600.0
FORGET_EVERY_S = 600.0
LOOK_EVERY_S = 5.0


@job_kind(PULL_KIND)
async def pull(env: Env, context: JobContext, payload: str) -> str:
    """Fetch the files (resuming what is there), check them, register the model."""
    request = msgspec.json.decode(payload, type=PullRequest)
    folder = model_folder(env, request.account, request.name)
    source: str | ModelSource = request.source or env.config.model_mirror
    if is_bucket(request.source):
        reading = system_call(env, AccountId(request.account), timeout_s=PULL_TIMEOUT_S)
        source = bucket_source(env, reading, request.source)
    pulled = await env.inference.pull(request.name, folder, source, context.progress)
    model = await register_pulled(env, request, pulled)
    return msgspec.json.encode(
        {"model": model.name, "licence": model.licence, "size_bytes": model.size_bytes}
    ).decode()


@job_kind(QUANTISE_KIND)
async def quantise(env: Env, context: JobContext, payload: str) -> str:
    """Pack a model's weights; the next request is served by the packed ones."""
    request = msgspec.json.decode(payload, type=PackRequest)
    model = await get_model(env, request.account, request.name)
    size_bytes = await env.inference.quantise(model.files, request.form, context.progress)
    return msgspec.json.encode(
        {"model": model.name, "form": request.form, "size_bytes": size_bytes}
    ).decode()


@reconciler("models.scale", every_s=LOOK_EVERY_S)
async def scale(env: Env) -> None:
    """Have as many replicas of each model as its queue wants."""
    await look(env)


@reconciler("models.forget", every_s=FORGET_EVERY_S)
async def forget(env: Env) -> None:
    """Let go what is over: holds of dead processes, kept answers, old entries of the log."""
    await expire(env)
    await expire_kept(env)
    await forget_old(env)
