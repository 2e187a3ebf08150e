"""Replicas by need: as many as a model's queue wants, none when nobody asks.

Every process looks at its own engines every few seconds. The decision is a pure function of what
was set, what the engine says and when the model was last busy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from volano.kernel.errors import VolanoError
from volano.services.models.store import registry as model_rows
from volano.services.models.store import routes as rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.inference import LoadedModel
    from volano.kernel.metrics import Metrics
    from volano.services.models.model import Model, Scaling

BATCH = 200
CALM_S = 60.0
"""A replica is taken away only after its queue was short for so long."""


@dataclass(slots=True)
class Pulse:
    """What a model did lately: tokens at `at_s`, tokens a second before that, when it was busy."""

    at_s: float
    tokens: int = 0
    per_s: float = 0.0
    busy_s: float = 0.0
    high_s: float = 0.0
    late_tokens: int = 0


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
    `is_late` that tokens came after their time since the last look.
    """
    now = 0 if loaded is None else loaded.replicas
    least = max(scaling.replicas_min, 1 if scaling.pinned else 0)
    if loaded is None:
        return least
    queue = loaded.running + loaded.waiting
    if not queue and idle_s >= scaling.idle_s:
        return least
    needed = -(-queue // scaling.queue_per_replica)
    if scaling.deadline_ms and is_late and loaded.waiting:
        needed = max(needed, now + 1)
    needed = max(needed, least, 1)
    if needed < now and calm_s < CALM_S:
        needed = now
    return min(needed, scaling.replicas_max)


async def look(env: Env) -> None:
    """Note how busy models are, and have as many replicas of each as it should have."""
    status = await env.inference.status()
    loaded = {model.name: model for model in status.models}
    now_s = env.clock.monotonic_s()
    known = _PULSES.setdefault(env.metrics, {})
    for name in set(known) - set(loaded):
        del known[name]
    after = ("", "")
    late = {name for name, model in loaded.items() if _note(known, model, now_s)}
    while found := await rows.select_scalings(env.store.reader, after, BATCH):
        for scaling in found:
            model = await model_rows.select_model(env.store.reader, scaling.account, scaling.model)
            if model is not None and model.is_local:
                held = loaded.get(model.name)
                await _follow(env, scaling, model, held, is_late=model.name in late)
        after = (found[-1].account, found[-1].model)


def _note(known: dict[str, Pulse], model: LoadedModel, now_s: float) -> bool:
    """Bring a model's pulse up to date; whether tokens came late since the last look."""
    pulse = known.get(model.name)
    tokens = model.generated_tokens
    if pulse is None:
        known[model.name] = Pulse(
            at_s=now_s, tokens=tokens, busy_s=now_s, high_s=now_s, late_tokens=model.late_tokens
        )
        return False
    spent_s = max(now_s - pulse.at_s, 1e-3)
    # A replica that left takes its counts with it; the sum must not seem to run backwards.
    pulse.per_s = max(0, tokens - pulse.tokens) / spent_s
    if tokens != pulse.tokens or model.running or model.waiting:
        pulse.busy_s = now_s
    was_late = model.late_tokens > pulse.late_tokens
    pulse.at_s, pulse.tokens, pulse.late_tokens = now_s, tokens, model.late_tokens
    return was_late


async def _follow(
    env: Env, scaling: Scaling, model: Model, loaded: LoadedModel | None, *, is_late: bool
) -> None:
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
        is_late=is_late,
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
