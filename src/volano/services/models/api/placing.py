"""Volano's own API of the catalogue and of models in memory: load, pin, replicas, packing, live."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from volano.kernel.work import Job
from volano.services.models.api.aliases import MODELS, NoFields
from volano.services.models.api.upstreams import ModelName, PriceObject
from volano.services.models.logic import placing as logic
from volano.services.models.logic.costs import currency
from volano.services.models.logic.scaling import pulse_of
from volano.services.models.model import Scaling
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.inference import InferenceStatus, LoadedModel
    from volano.services.models.logic.placing import Entry
    from volano.services.models.model import Price

MODEL = "arn:aws:models:{region}:{account}:model/{model}"


class PullState(msgspec.Struct, kw_only=True):
    """A pull under way: poll `/jobs/{job}` or ask again."""

    job: str
    state: str
    fraction: float
    text: str


class LiveObject(msgspec.Struct, kw_only=True):
    """A model in memory. `tier` is resident or host; `zones` counts replicas by zone; `kv_used` is
    0 to 1; tokens a second are those of the last few seconds."""

    model: str
    tier: str
    replicas: int
    zones: dict[str, int]
    pinned: bool
    size_bytes: int
    running: int
    waiting: int
    kv_blocks: int
    kv_blocks_free: int
    kv_used: float
    tokens_per_s: float
    generated_tokens: int
    prompt_tokens: int
    cached_tokens: int
    late_tokens: int


class CatalogueObject(msgspec.Struct, kw_only=True):
    """A model. `kind` is built-in, pulled, upstream, route or available (to pull);
    `memory_bytes` is null for what others serve; `live` is null while it is not in memory."""

    id: str
    kind: str
    task: str
    description: str
    license: str
    owned_by: str
    engine: str
    size_bytes: int
    memory_bytes: int | None
    fits: bool
    price: PriceObject | None
    currency: str
    pinned: bool
    live: LiveObject | None
    pull: PullState | None


class MachineObject(msgspec.Struct, kw_only=True):
    """The engine (off, installing, starting, ready or failed) and the machine's memory."""

    state: str
    text: str
    memory_bytes: int
    memory_free_bytes: int
    engine_bytes: int


class Catalogue(msgspec.Struct, kw_only=True):
    items: list[CatalogueObject]
    machine: MachineObject
    next_cursor: str | None = None


class Live(msgspec.Struct, kw_only=True):
    items: list[LiveObject]
    machine: MachineObject
    next_cursor: str | None = None


class PullList(msgspec.Struct, kw_only=True):
    items: list[Job]
    next_cursor: str | None = None


class PinModel(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    model: str
    pinned: bool


class QuantizeModel(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`form` is bf16, int8 or int4."""

    model: str
    form: str


class PutScaling(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Between `replicas_min` and `replicas_max`, one for each `queue_per_replica` requests; with
    `deadline_ms` one more while the slowest twentieth of the last minute's answers begins later;
    none after `idle_s` when the least is 0."""

    model: str
    replicas_min: int = 0
    replicas_max: int = 1
    queue_per_replica: int = 8
    deadline_ms: int = 0
    idle_s: int = 900


class ScalingObject(msgspec.Struct, kw_only=True):
    model: str
    replicas_min: int
    replicas_max: int
    queue_per_replica: int
    deadline_ms: int
    idle_s: int
    pinned: bool


@action(
    "volano:getModelCatalogue",
    method="GET",
    path="/volano/v1/models/catalogue",
    permission="models:ListModels",
    resource=MODELS,
)
async def get_catalogue(env: Env, call: Call, request: NoFields) -> Catalogue:
    """Every model that can be asked or pulled: size, licence, memory, whether it fits, price."""
    entries, status = await logic.catalogue(env, call)
    money = currency(env)
    return Catalogue(
        items=[_object(env, entry, money) for entry in entries], machine=_machine(status)
    )


@action(
    "volano:getModelsLive",
    method="GET",
    path="/volano/v1/models/live",
    permission="models:ListModels",
    resource=MODELS,
)
async def get_live(env: Env, call: Call, request: NoFields) -> Live:
    """The models in memory: replicas, queue, keys and values, tokens a second."""
    return await _live_models(env, call)


@action(
    "volano:listModelPulls",
    method="GET",
    path="/volano/v1/models/pulls",
    permission="models:ListModels",
    resource=MODELS,
)
async def list_pulls(env: Env, call: Call, request: NoFields) -> PullList:
    """The account's pulls, newest first, with their progress."""
    return PullList(items=await logic.list_pulls(env, call))


@action(
    "volano:loadModel",
    method="POST",
    path="/volano/v1/models/{model}/load",
    permission="models:LoadModel",
    resource=MODEL,
    timeout_s=None,
)
async def load_model(env: Env, call: Call, request: ModelName) -> Live:
    """Have a model in memory now, so that its first request does not wait."""
    await logic.load(env, call, request.model)
    return await _live_models(env, call)


@action(
    "volano:unloadModel",
    method="POST",
    path="/volano/v1/models/{model}/unload",
    permission="models:LoadModel",
    resource=MODEL,
)
async def unload_model(env: Env, call: Call, request: ModelName) -> None:
    """Free a model's memory; its next request loads it again."""
    await logic.unload(env, call, request.model)


@action(
    "volano:pinModel",
    method="PUT",
    path="/volano/v1/models/{model}/pin",
    permission="models:ScaleModel",
    resource=MODEL,
    timeout_s=None,
)
async def pin_model(env: Env, call: Call, request: PinModel) -> ScalingObject:
    """Keep a model in memory, or no longer; the operator's permission is needed."""
    return _scaling(await logic.pin(env, call, request.model, pinned=request.pinned))


@action(
    "volano:quantizeModel",
    method="POST",
    path="/volano/v1/models/{model}/quantize",
    permission="models:QuantizeModel",
    resource=MODEL,
)
async def quantize_model(env: Env, call: Call, request: QuantizeModel) -> Job:
    """Pack a pulled model's weights into fewer bits; the answer is a job to poll."""
    return await logic.quantise(env, call, request.model, request.form)


@action(
    "volano:getModelScaling",
    method="GET",
    path="/volano/v1/models/{model}/scaling",
    permission="models:ListModels",
    resource=MODELS,
)
async def get_scaling(env: Env, call: Call, request: ModelName) -> ScalingObject:
    """How many replicas a model may have."""
    return _scaling(await logic.get_scaling(env, call, request.model))


@action(
    "volano:putModelScaling",
    method="PUT",
    path="/volano/v1/models/{model}/scaling",
    permission="models:ScaleModel",
    resource=MODEL,
)
async def put_scaling(env: Env, call: Call, request: PutScaling) -> ScalingObject:
    """Scale a model by its queue; the operator's permission is needed."""
    wanted = Scaling(account=call.account, **msgspec.structs.asdict(request))
    return _scaling(await logic.put_scaling(env, call, wanted))


@action(
    "volano:deleteModelScaling",
    method="DELETE",
    path="/volano/v1/models/{model}/scaling",
    permission="models:ScaleModel",
    resource=MODEL,
)
async def delete_scaling(env: Env, call: Call, request: ModelName) -> None:
    """Go back to one engine for all models, which leave when room is needed."""
    await logic.delete_scaling(env, call, request.model)


async def _live_models(env: Env, call: Call) -> Live:
    entries, status = await logic.catalogue(env, call)
    loaded = [entry.loaded for entry in entries if entry.loaded is not None]
    return Live(items=[_live(env, each) for each in loaded], machine=_machine(status))


def _object(env: Env, entry: Entry, money: str) -> CatalogueObject:
    model, pull, price = entry.model, entry.pull, entry.price
    return CatalogueObject(
        id=model.name,
        kind=entry.kind,
        task=model.task.value,
        description=model.note,
        license=model.licence,
        owned_by=model.owned_by,
        engine=entry.engine,
        size_bytes=model.size_bytes,
        memory_bytes=entry.memory_bytes,
        fits=entry.fits,
        price=None if price is None else _price(price),
        currency=money,
        pinned=entry.scaling is not None and entry.scaling.pinned,
        live=None if entry.loaded is None else _live(env, entry.loaded),
        pull=None if pull is None else _pull(pull),
    )


def _pull(job: Job) -> PullState:
    return PullState(job=job.id, state=job.state, fraction=job.fraction, text=job.text)


def _price(price: Price) -> PriceObject:
    return PriceObject(input=f"{price.input.normalize():f}", output=f"{price.output.normalize():f}")


def _live(env: Env, loaded: LoadedModel) -> LiveObject:
    pulse = pulse_of(env, loaded.name)
    used = loaded.blocks_total - loaded.blocks_free
    return LiveObject(
        model=loaded.name,
        tier=loaded.tier,
        replicas=loaded.replicas,
        zones=dict(sorted(Counter(loaded.zones).items())),
        pinned=loaded.pinned,
        size_bytes=loaded.size_bytes,
        running=loaded.running,
        waiting=loaded.waiting,
        kv_blocks=loaded.blocks_total,
        kv_blocks_free=loaded.blocks_free,
        kv_used=round(used / loaded.blocks_total, 4) if loaded.blocks_total else 0.0,
        tokens_per_s=0.0 if pulse is None else round(pulse.per_s, 2),
        generated_tokens=loaded.generated_tokens,
        prompt_tokens=loaded.prompt_tokens,
        cached_tokens=loaded.cached_tokens,
        late_tokens=loaded.late_tokens,
    )


def _machine(status: InferenceStatus) -> MachineObject:
    return MachineObject(
        state=status.state,
        text=status.text,
        memory_bytes=status.memory_bytes,
        memory_free_bytes=status.memory_free_bytes,
        engine_bytes=status.resident_bytes,
    )


def _scaling(scaling: Scaling) -> ScalingObject:
    return ScalingObject(
        model=scaling.model,
        replicas_min=scaling.replicas_min,
        replicas_max=scaling.replicas_max,
        queue_per_replica=scaling.queue_per_replica,
        deadline_ms=scaling.deadline_ms,
        idle_s=scaling.idle_s,
        pinned=scaling.pinned,
    )
