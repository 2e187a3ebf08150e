"""Models in memory: the catalogue, what each needs and whether it fits, loading, pinning, packing.

Memory is the machine's, shared by all accounts: what keeps it for one model (pinning, replicas),
or touches a model that everyone uses, needs the operator's `operator:PlaceModel`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from volano.kernel.errors import Conflict
from volano.services.models.logic.costs import listed_price
from volano.services.models.logic.parameters import invalid
from volano.services.models.logic.registry import PULL_KIND, get_model, list_models
from volano.services.models.model import AVAILABLE, LOCAL_ENGINE, Scaling, Task
from volano.services.models.store import routes as scaling_rows
from volano.services.models.store import upstreams as price_rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.inference import InferenceStatus, LoadedModel
    from volano.kernel.store import Tx
    from volano.kernel.work import Job
    from volano.services.models.model import Model, Price

QUANTISE_KIND = "models:quantise"
FORMS = ("bf16", "int8", "int4")
MAX_PRICES = 1000
MAX_JOBS = 200
MAX_REPLICAS = 16
MAX_QUEUE = 1024
MAX_DEADLINE_MS = 3_600_000
MAX_IDLE_S = 7 * 86_400
KV_BYTES = 1024 * 1024 * 1024
"""Keys and values of a served model, at most, on the processor."""
ENGINE_BYTES = 200 * 1024 * 1024
"""An engine process before it has a model."""
BUILT_IN_BYTES = 100 * 1024 * 1024


class PackRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of a job that packs weights."""

    account: str
    name: str
    form: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A model of the catalogue. `loaded` is what the engine says of it; `memory_bytes` what it
    needs to be served here, None for what others serve; `price` is for a million tokens."""

    model: Model
    kind: str
    engine: str
    memory_bytes: int | None
    fits: bool
    price: Price | None
    loaded: LoadedModel | None
    scaling: Scaling | None
    pull: Job | None


async def catalogue(env: Env, call: Call) -> tuple[list[Entry], InferenceStatus]:
    """Every model that can be asked or pulled here, and the state of the engine."""
    status = await env.inference.status()
    loaded = {each.name: each for each in status.models}
    prices = await price_rows.select_prices(env.store.reader, call.account, MAX_PRICES)
    pulls = {job.key.partition("/")[2]: job for job in await list_pulls(env, call, active=True)}
    known = await list_models(env, call)
    names = {model.name for model in known}
    entries = []
    for model in (*known, *(each for each in AVAILABLE if each.name not in names)):
        local = model.is_local
        need = memory_of(model, loaded.get(model.name)) if local else None
        entries.append(
            Entry(
                model=model,
                kind=_kind(model, names),
                engine=LOCAL_ENGINE if local else model.owned_by,
                memory_bytes=need,
                fits=need is None or not status.memory_bytes or need <= status.memory_bytes,
                price=_price(env, model, prices.get(model.name)),
                loaded=loaded.get(model.name) if local else None,
                scaling=await scaling_rows.select_scaling(
                    env.store.reader, call.account, model.name
                ),
                pull=pulls.get(model.name),
            )
        )
    return entries, status


def _kind(model: Model, names: set[str]) -> str:
    if model.name not in names:
        return "available"
    if model.is_route:
        return "route"
    if model.upstream is not None:
        return "upstream"
    return "pulled" if model.account else "built-in"


def _price(env: Env, model: Model, own: Price | None) -> Price | None:
    if own is not None:
        return own
    if not model.is_local:
        return None
    return listed_price(env, "embed" if model.task is Task.EMBED else "llm")


def memory_of(model: Model, loaded: LoadedModel | None) -> int:
    """What serving a model here takes: its weights, room for keys and values, the engine."""
    weights = loaded.size_bytes if loaded is not None else model.size_bytes or BUILT_IN_BYTES
    cache = 0 if model.task is Task.EMBED else KV_BYTES
    return weights + cache + ENGINE_BYTES


async def list_pulls(env: Env, call: Call, *, active: bool = False) -> list[Job]:
    """The account's pulls, newest first; only those under way with `active`."""
    jobs = await env.work.list_jobs(call.account, limit=MAX_JOBS)
    return [
        job
        for job in jobs
        if job.kind == PULL_KIND and (not active or job.state in ("queued", "running"))
    ]


async def load(env: Env, call: Call, name: str) -> Model:
    """Have a model in memory now. Raises Conflict for one that others serve, Unavailable."""
    model = await _get_local(env, call, name)
    await env.inference.load(model.files)
    return model


async def unload(env: Env, call: Call, name: str) -> Model:
    """Free a model's memory; its next request loads it again."""
    model = await _get_local(env, call, name)
    if not model.account:
        await _require_operator(env, call)
    await env.inference.unload(model.name)
    return model


async def pin(env: Env, call: Call, name: str, *, pinned: bool) -> Scaling:
    """Keep a model in memory whatever else is asked for, also after a restart, or no longer."""
    model = await _get_local(env, call, name)
    await _require_operator(env, call)
    held = await get_scaling(env, call, name)
    saved = await _save(env, replace(held, pinned=pinned))
    if pinned:
        await env.inference.load(model.files)
    await env.inference.pin(model.name, pinned=pinned)
    return saved


async def quantise(env: Env, call: Call, name: str, form: str) -> Job:
    """Start packing a pulled model's weights; it serves in that form afterwards."""
    model = await _get_local(env, call, name)
    if form not in FORMS:
        raise invalid("form", f"it is one of {', '.join(FORMS)}")
    if not model.account:
        raise Conflict(f"'{name}' is built in; pull a model to pack it.")
    if model.task is not Task.GENERATE:
        raise Conflict(f"'{name}' makes embeddings; only weights of text models are packed.")
    request = PackRequest(account=call.account, name=model.name, form=form)
    return await env.work.submit(
        QUANTISE_KIND,
        key=f"{call.account}/{model.name}",
        account=call.account,
        payload=msgspec.json.encode(request).decode(),
    )


async def get_scaling(env: Env, call: Call, name: str) -> Scaling:
    """How many replicas a model may have; the defaults when nothing was set."""
    model = await _get_local(env, call, name)
    held = await scaling_rows.select_scaling(env.store.reader, call.account, model.name)
    return held or Scaling(account=call.account, model=model.name)


async def put_scaling(env: Env, call: Call, wanted: Scaling) -> Scaling:
    """Set it, but whether it is pinned; the next look at the queues goes by it. Raises Invalid."""
    held = await get_scaling(env, call, wanted.model)
    await _require_operator(env, call)
    if not 0 <= wanted.replicas_min <= wanted.replicas_max <= MAX_REPLICAS:
        raise invalid("replicas_min", f"0 <= replicas_min <= replicas_max <= {MAX_REPLICAS}")
    if wanted.replicas_max < 1:
        raise invalid("replicas_max", "it is at least 1")
    if not 1 <= wanted.queue_per_replica <= MAX_QUEUE:
        raise invalid("queue_per_replica", f"it is 1 to {MAX_QUEUE}")
    if not 0 <= wanted.deadline_ms <= MAX_DEADLINE_MS:
        raise invalid("deadline_ms", f"it is 0 (none) to {MAX_DEADLINE_MS}")
    if not 1 <= wanted.idle_s <= MAX_IDLE_S:
        raise invalid("idle_s", f"it is 1 to {MAX_IDLE_S}")
    return await _save(env, replace(wanted, model=held.model, pinned=held.pinned))


async def delete_scaling(env: Env, call: Call, name: str) -> None:
    """Go back to the defaults: one engine for all, idle models leave when room is needed."""
    model = await _get_local(env, call, name)
    await _require_operator(env, call)

    async def write(tx: Tx) -> None:
        await scaling_rows.delete_scaling(tx, call.account, model.name)

    await env.store.transact(write)
    await env.inference.pin(model.name, pinned=False)


async def _save(env: Env, scaling: Scaling) -> Scaling:
    async def write(tx: Tx) -> None:
        await scaling_rows.upsert_scaling(tx, scaling)

    await env.store.transact(write)
    return scaling


async def _get_local(env: Env, call: Call, name: str) -> Model:
    model = await get_model(env, call.account, name)
    if not model.is_local:
        raise Conflict(f"'{name}' is served by {model.owned_by}; it has no place in memory here.")
    return model


async def _require_operator(env: Env, call: Call) -> None:
    await env.authority.authorize(call, "operator:PlaceModel", "*", {})
