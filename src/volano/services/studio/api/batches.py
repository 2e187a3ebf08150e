"""OpenAI's /v1/batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from volano.services.studio.api.files import ExpiresAfter, paging_of
from volano.services.studio.logic import batches
from volano.wire.action import action
from volano.wire.openai.paging import ListQuery, Page, page_of

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.studio.model.batches import Batch

BATCHES = "arn:aws:studio:{region}:{account}:batch/*"
BATCH = "arn:aws:studio:{region}:{account}:batch/{batch_id}"
_TIMES = ("in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled")


class CreateBatch(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    input_file_id: str
    endpoint: str
    completion_window: str
    metadata: dict[str, str] | None = None
    output_expires_after: ExpiresAfter | None = None


class BatchName(msgspec.Struct):
    batch_id: str


@action(
    "openai:createBatch",
    method="POST",
    path="/v1/batches",
    permission="studio:CreateBatch",
    resource=BATCHES,
    partial="Images and videos are no endpoints of batches.",
)
async def create_batch(env: Env, call: Call, request: CreateBatch) -> dict[str, Any]:
    """Have every line of a file answered within a day, at the price of batches."""
    after = request.output_expires_after
    made = await batches.create_batch(
        env,
        call,
        input_file_id=request.input_file_id,
        endpoint=request.endpoint,
        window=request.completion_window,
        metadata=request.metadata,
        output_life_s=after.seconds if after else 0,
    )
    return _object(made)


@action(
    "openai:listBatches",
    method="GET",
    path="/v1/batches",
    permission="studio:ListBatches",
    resource=BATCHES,
)
async def list_batches(env: Env, call: Call, request: ListQuery) -> Page:
    """The account's batches."""
    found = await batches.list_batches(env, call, paging_of(request))
    data = [_object(batch) for batch in found.items]
    return page_of([batch.id for batch in found.items], data, has_more=found.has_more)


@action(
    "openai:retrieveBatch",
    method="GET",
    path="/v1/batches/{batch_id}",
    permission="studio:GetBatch",
    resource=BATCH,
)
async def retrieve_batch(env: Env, call: Call, request: BatchName) -> dict[str, Any]:
    """How far a batch is."""
    return _object(await batches.get_batch(env, call, request.batch_id))


@action(
    "openai:cancelBatch",
    method="POST",
    path="/v1/batches/{batch_id}/cancel",
    permission="studio:CancelBatch",
    resource=BATCH,
)
async def cancel_batch(env: Env, call: Call, request: BatchName) -> dict[str, Any]:
    """Stop a batch; what was answered is in its output file."""
    return _object(await batches.cancel_batch(env, call, request.batch_id))


def _object(batch: Batch) -> dict[str, Any]:
    """OpenAI's batch object; what did not happen is left out."""
    made: dict[str, Any] = {
        "id": batch.id,
        "object": "batch",
        "endpoint": batch.endpoint,
        "input_file_id": batch.input_file_id,
        "completion_window": batch.window,
        "status": batch.state,
        "created_at": batch.created_us // 1_000_000,
        "expires_at": batch.ends_us // 1_000_000,
        "request_counts": msgspec.to_builtins(batch.counts),
        "metadata": batch.metadata,
    }
    optional = {
        "model": batch.model,
        "output_file_id": batch.output_file_id,
        "error_file_id": batch.error_file_id,
    }
    made |= {name: value for name, value in optional.items() if value}
    for state in _TIMES:
        if state in batch.times_us:
            made[f"{state}_at"] = batch.times_us[state] // 1_000_000
    if batch.errors:
        made["errors"] = {"object": "list", "data": msgspec.to_builtins(batch.errors)}
    if batch.tokens:
        given, made_tokens = batch.tokens["input"], batch.tokens["output"]
        made["usage"] = {
            "input_tokens": given,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": made_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": given + made_tokens,
        }
    return made
