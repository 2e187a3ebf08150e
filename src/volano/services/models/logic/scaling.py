"""Replicas by need: as many as a model's queue wants, none when nobody asks.

Every process looks at its own engines every few seconds. The decision is a pure function of what
was set, what the engine says and when the model was last busy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from volano.kernel.errors import VolanoError
from volano.services.models.logic.routes import figures_of
from volano.services.models.store import answers as answer_rows
from volano.services.models.store import registry as model_rows
from volano.services.models.store import routes as rows
from volano.services.regions import interface as regions

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.inference import LoadedModel
    from volano.kernel.metrics import Metrics
    from volano.services.models.model import Model, Scaling

BATCH = 200
CALM_S = 60.0
"""A replica is taken away only after its queue was short for so long."""
LATELY_US = 60_000_000
MAX_LATELY = 200


@dataclass(slots=True)
class Pulse:
    """What a model did lately: tokens at `at_s`, tokens a second before that, when it was busy."""

    at_s: float
    tokens: int = 0
    per_s: float = 0.0
    busy_s: float = 0.0
    high_s: float = 0.0


_PULSES: WeakKeyDictionary[Metrics, dict[str, Pulse]] = WeakKeyDictionary()
"""By process and model."""


def pulse_of(env: Env, name: str) -> Pulse | None:
    """What a model did lately, as this process saw it."""
    return _PULSES.get(env.metrics, {}).get(name)


def wanted_replicas(
    scaling: Scaling, loaded: LoadedModel | None, *, idle_s: float, calm_s: float, is_late: bool
) -> int:
    """How many replicas a model should have now.

    `idle_s` is how long nothing was asked of it, `calm_s` how long fewer replicas would have done;
    `is_late` that first tokens came after the deadline lately.
    """
    now = 0 if loaded is None else loaded.replicas
    least = max(scaling.replicas_min, 1 if scaling.pinned else 0)
    if loaded is None:
        return least
    queue = loaded.running + loaded.waiting
    if not queue and idle_s >= scaling.idle_s:
        return least
    needed = -(-queue // scaling.queue_per_replica)
    if is_late and queue:
        needed = max(needed, now + 1)
    needed = max(needed, least, 1)
    if needed < now and calm_s < CALM_S:
        needed = now
    return min(needed, scaling.replicas_max)


async def look(env: Env) -> None:
    """Note how busy models are, and have as many replicas of each as it should have."""
    await env.inference.use_zones(await regions.zones_up(env.store.reader, env.region))
    status = await env.inference.status()
    loaded = {model.name: model for model in status.models}
    now_s = env.clock.monotonic_s()
    known = _PULSES.setdefault(env.metrics, {})
    for name in set(known) - set(loaded):
        del known[name]
    for model in loaded.values():
        _note(known, model, now_s)
    after = ("", "")
    while found := await rows.select_scalings(env.store.reader, after, BATCH):
        for scaling in found:
            model_row = await model_rows.select_model(
                env.store.reader, scaling.account, scaling.model
            )
            if model_row is not None and model_row.is_local:
                await _follow(env, scaling, model_row, loaded.get(model_row.name))
        after = (found[-1].account, found[-1].model)


def _note(known: dict[str, Pulse], model: LoadedModel, now_s: float) -> None:
    """Bring a model's pulse up to date."""
    pulse = known.get(model.name)
    tokens = model.generated_tokens
    if pulse is None:
        known[model.name] = Pulse(at_s=now_s, tokens=tokens, busy_s=now_s, high_s=now_s)
        return
    spent_s = max(now_s - pulse.at_s, 1e-3)
    # A replica that left takes its counts with it; the sum must not seem to run backwards.
    pulse.per_s = max(0, tokens - pulse.tokens) / spent_s
    if tokens != pulse.tokens or model.running or model.waiting:
        pulse.busy_s = now_s
    pulse.at_s, pulse.tokens = now_s, tokens


async def _is_late(env: Env, scaling: Scaling) -> bool:
    """Whether the slowest twentieth of the account's last answers began after the deadline."""
    if not scaling.deadline_ms:
        return False
    since_us = env.clock.now_us() - LATELY_US
    answers = await answer_rows.select_since(
        env.store.reader, scaling.account, scaling.model, since_us, MAX_LATELY
    )
    return figures_of(scaling.model, answers).first_s_p95 * 1000 > scaling.deadline_ms


async def _follow(env: Env, scaling: Scaling, model: Model, loaded: LoadedModel | None) -> None:
    now_s = env.clock.monotonic_s()
    pulse = pulse_of(env, model.name) or Pulse(at_s=now_s, busy_s=now_s, high_s=now_s)
    now = 0 if loaded is None else loaded.replicas
    queue = 0 if loaded is None else loaded.running + loaded.waiting
    if queue > (now - 1) * scaling.queue_per_replica:
        pulse.high_s = now_s
    wanted = wanted_replicas(
        scaling,
        loaded,
        idle_s=now_s - pulse.busy_s,
        calm_s=now_s - pulse.high_s,
        is_late=await _is_late(env, scaling),
    )
    if wanted == now:
        return
    try:
        if scaling.pinned:
            await env.inference.pin(model.name, pinned=True)
        made = await env.inference.scale(model.files, wanted)
    except VolanoError as error:
        env.log.warning("a model could not be scaled", model=model.name, error=error.message)
        return
    env.log.info("a model was scaled", model=model.name, wanted=wanted, replicas=made)
