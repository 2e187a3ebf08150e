"""The models in memory: more of them than fit, the least used out of the way, nobody refused.

A model is *resident* (its weights are in memory), *parked* (its weights are packed in a file that
the system caches; see `parking.py`) or gone. Requests hold a model while they run. When weights of
another model are wanted and the limit is reached, idle models go first, least recently used; then,
if all are busy, the one that has been resident longest and for RESIDENT_S_MIN at least is paused:
its requests wait where they are, and it queues to come back. Pinned models stay. Who waits is
served in the order of coming.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from volano.ml.engine.embedder import Embedder
from volano.ml.engine.generator import Generator
from volano.ml.engine.parking import ParkedWeights
from volano.ml.errors import BadModel, BadRequest, EngineError, OutOfMemory
from volano.ml.load import card_memory, default_form, weight_bytes
from volano.ml.models.builtin import find_builtin
from volano.ml.models.gguf_import import unpack_gguf

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine

    from volano.ml.engine.compute import Compute
    from volano.ml.engine.protocol import ModelRef
    from volano.ml.gpu.choice import Device
    from volano.ml.load import Form
    from volano.ml.models.batch import Movable

MODELS_MAX = 256
# How long a busy model keeps its place once it has it: this, or so many times what its last return
# took, so that a slow machine does not spend its time on switching.
RESIDENT_S_MIN = 2.0
SWITCHES_WORTH = 5
# What must stay free for the rest of the machine once a model is loaded.
MEMORY_SPARE_BYTES = 256 * 1024 * 1024
# Switches whose time and size are remembered.
SWITCHES_KEPT = 1024

Model: TypeAlias = Generator | Embedder


@dataclass(frozen=True, slots=True)
class Switch:
    """Weights that came back: how many bytes in how many seconds."""

    name: str
    size_bytes: int
    seconds: float


@dataclass(slots=True, kw_only=True, eq=False)
class _Held:
    """A loaded model; `users` counts the requests that hold it."""

    name: str
    model: Model
    parked: Movable | None
    users: int = 0
    resident: bool = True
    resident_since_s: float = 0.0
    switch_s: float = 0.0

    @property
    def size_bytes(self) -> int:
        return self.model.size_bytes


@dataclass(slots=True, kw_only=True)
class PoolLimits:
    """`weight_bytes` None means what the device has free; `kv_bytes` is for each model."""

    weight_bytes: int | None = None
    kv_bytes: int | None = None
    resident_s_min: float = RESIDENT_S_MIN
    form: Form | None = None
    device: Device = "auto"


@dataclass(slots=True)
class _Counts:
    switches: deque[Switch] = field(default_factory=lambda: deque(maxlen=SWITCHES_KEPT))
    pauses: int = 0
    total: int = 0
    total_bytes: int = 0
    total_s: float = 0.0

    def note(self, switch: Switch) -> None:
        self.switches.append(switch)
        self.total += 1
        self.total_bytes += switch.size_bytes
        self.total_s += switch.seconds


class LoadedModels:
    """Models by source, in order of their last use. Belongs to one event loop."""

    def __init__(self, cache: Path, compute: Compute, limits: PoolLimits | None = None) -> None:
        self._cache = cache
        self._compute = compute
        self._limits = limits or PoolLimits()
        self._models: dict[tuple[str, str], _Held] = {}
        self._pinned: set[str] = set()
        self._changing = asyncio.Lock()  # fair: who waits is served in order
        self._released = asyncio.Event()
        self._moving: set[asyncio.Task[None]] = set()
        self._counts = _Counts()

    @property
    def switches(self) -> list[Switch]:
        """The last returns of weights."""
        return list(self._counts.switches)

    @property
    def pauses(self) -> int:
        """How often a busy model had to make room."""
        return self._counts.pauses

    @contextlib.asynccontextmanager
    async def generator(self, ref: ModelRef) -> AsyncGenerator[Generator, None]:
        """The generative model, held; raises BadRequest when it is one for embeddings."""
        async with self._hold(ref) as model:
            if not isinstance(model, Generator):
                raise BadRequest(f"{ref.name} makes embeddings; it does not generate text.")
            yield model

    @contextlib.asynccontextmanager
    async def embedder(self, ref: ModelRef) -> AsyncGenerator[Embedder, None]:
        """The embedding model, held; raises BadRequest when it is a generative one."""
        async with self._hold(ref) as model:
            if not isinstance(model, Embedder):
                raise BadRequest(f"{ref.name} generates text; it does not make embeddings.")
            yield model

    async def load(self, ref: ModelRef) -> Model:
        """Have the model in memory; one loads at a time. Raises BadModel or OutOfMemory."""
        async with self._hold(ref) as model:
            return model

    def unload(self, name: str) -> bool:
        """Forget every model of this name; requests in progress finish and then free it."""
        keys = [key for key, held in self._models.items() if held.name == name]
        for key in keys:
            held = self._models.pop(key)
            # Requests that wait for parked weights still need the file.
            if held.resident or not held.users:
                self._forget(held)
        return bool(keys)

    def pin(self, name: str, *, pinned: bool) -> None:
        """Keep models of this name once they are loaded, or no longer."""
        if pinned:
            self._pinned.add(name)
        else:
            self._pinned.discard(name)

    def counts(self) -> dict[str, float]:
        """How often weights came back, their bytes and seconds, and how often a model paused."""
        return {
            "switches": self._counts.total,
            "switch_bytes": self._counts.total_bytes,
            "switch_s": self._counts.total_s,
            "pauses": self._counts.pauses,
        }

    def status(self) -> list[dict[str, object]]:
        """What is loaded, with its load."""
        return [
            {
                **_describe(held.name, held.model),
                "tier": "resident" if held.resident else "host",
                "pinned": held.name in self._pinned,
            }
            for held in self._models.values()
        ]

    @contextlib.asynccontextmanager
    async def _hold(self, ref: ModelRef) -> AsyncGenerator[Model, None]:
        held = await self._find(ref)
        try:
            if not held.resident:
                await self._to_the_end(self._return(held))
            yield held.model
        finally:
            held.users -= 1
            self._released.set()

    async def _find(self, ref: ModelRef) -> _Held:
        """The model, loaded if need be, last in the order of use and with one more user."""
        if ref.task not in ("generate", "embed"):
            raise BadRequest(f"A model's task is generate or embed, not {ref.task!r}.")
        key = (ref.source, ref.task)
        while key not in self._models:
            await self._to_the_end(self._add(key, ref))
        held = self._models.pop(key)
        self._models[key] = held
        held.users += 1
        return held

    async def _to_the_end(self, moving: Coroutine[None, None, None]) -> None:
        """Wait for weights to move; who leaves meanwhile does not leave them half moved."""
        task = asyncio.get_running_loop().create_task(moving)
        self._moving.add(task)
        task.add_done_callback(self._moved)
        await asyncio.shield(task)

    def _moved(self, task: asyncio.Task[None]) -> None:
        self._moving.discard(task)
        if not task.cancelled():
            task.exception()  # who waited for it, if anyone still does, was told

    async def _add(self, key: tuple[str, str], ref: ModelRef) -> None:
        async with self._changing:
            if key not in self._models:
                self._models[key] = await self._read(ref)

    async def _read(self, ref: ModelRef) -> _Held:
        folder = await asyncio.to_thread(self._find_folder, ref)
        while len(self._models) >= MODELS_MAX and self._drop_one():
            pass
        form = self._limits.form or default_form(self._limits.device)
        await self._make_room(await asyncio.to_thread(weight_bytes, folder, form), ref.name)
        model = await asyncio.to_thread(self._open, folder, ref.task)
        arena = model.arena if isinstance(model, Generator) else None
        parked = ParkedWeights(arena, self._cache) if isinstance(arena, np.ndarray) else arena
        return _Held(name=ref.name, model=model, parked=parked, resident_since_s=time.monotonic())

    async def _return(self, held: _Held) -> None:
        """Have a parked model's weights in memory again."""
        async with self._changing:
            if held.resident:
                return
            await self._make_room(held.size_bytes, held.name)
            assert held.parked is not None
            begun_s = time.monotonic()
            await asyncio.to_thread(held.parked.restore)
            held.resident_since_s = time.monotonic()
            held.switch_s = held.resident_since_s - begun_s
            self._counts.note(Switch(held.name, held.size_bytes, held.switch_s))
            held.resident = True
            if isinstance(held.model, Generator):
                self._compute.resume(held.model.engine)

    async def _come_back(self, held: _Held) -> None:
        """Bring a paused model back in its turn; its requests end with the error if it cannot."""
        try:
            await self._return(held)
        except EngineError as error:
            assert isinstance(held.model, Generator)
            self._compute.fail(held.model.engine, error)

    async def _make_room(self, wanted_bytes: int, name: str) -> None:
        """Put models out until the weights fit; waits for busy ones. Raises OutOfMemory."""
        while (lacking := self._lacking_bytes(wanted_bytes)) > 0:
            movable = [each for each in self._models.values() if self._may_leave(each)]
            idle = next((each for each in movable if not each.users), None)
            if idle is not None:
                await self._put_out(idle)
                continue
            busy = min(movable, key=lambda each: each.resident_since_s, default=None)
            if busy is None:
                raise OutOfMemory(
                    f"{name} needs about {wanted_bytes / 1e9:.1f} GB of memory; "
                    f"{(wanted_bytes - lacking) / 1e9:.1f} GB are free."
                )
            stays_s = max(self._limits.resident_s_min, SWITCHES_WORTH * busy.switch_s)
            left_s = busy.resident_since_s + stays_s - time.monotonic()
            if left_s > 0:
                self._released.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(left_s):
                        await self._released.wait()
                continue
            self._counts.pauses += 1
            await self._put_out(busy)
            returning = asyncio.get_running_loop().create_task(self._come_back(busy))
            self._moving.add(returning)
            returning.add_done_callback(self._moved)

    def _lacking_bytes(self, wanted_bytes: int) -> int:
        limit = self._limits.weight_bytes
        if limit is None:
            available = available_bytes(self._limits.device)
            return 0 if available is None else wanted_bytes + MEMORY_SPARE_BYTES - available
        used = sum(each.size_bytes for each in self._models.values() if each.resident)
        return used + wanted_bytes - limit

    def _may_leave(self, held: _Held) -> bool:
        parkable = held.parked is not None or not held.users
        return held.resident and parkable and held.name not in self._pinned

    async def _put_out(self, held: _Held) -> None:
        """Park a model, or forget it when it cannot be parked."""
        if held.parked is None:
            assert not held.users
            self._drop(held)
            return
        assert isinstance(held.model, Generator)
        held.resident = False  # from here on, who comes for it waits
        loop = asyncio.get_running_loop()
        paused = asyncio.Event()
        self._compute.pause(held.model.engine, lambda: loop.call_soon_threadsafe(paused.set))
        await paused.wait()
        try:
            if not held.users:
                held.model.engine.drop_cache()
            await asyncio.to_thread(held.parked.park)
        except BaseException:  # its weights are where they were
            held.resident = True
            self._compute.resume(held.model.engine)
            raise

    def _drop_one(self) -> bool:
        """Forget the least recently used model; False when every one is pinned or busy."""
        for held in self._models.values():
            if not held.users and held.name not in self._pinned:
                self._drop(held)
                return True
        return False

    def _drop(self, held: _Held) -> None:
        self._models = {key: each for key, each in self._models.items() if each is not held}
        self._forget(held)

    def _forget(self, held: _Held) -> None:
        if held.parked is not None:
            held.parked.close()
        if isinstance(held.model, Generator):
            self._compute.resume(held.model.engine)

    def _find_folder(self, ref: ModelRef) -> Path:
        if ref.source.startswith("builtin:"):
            return find_builtin(ref.source.removeprefix("builtin:"), self._cache)
        folder = Path(ref.source)
        unpack_gguf(folder)
        if not (folder / "config.json").is_file():
            raise BadModel(f"The files of {ref.name} are not there. Pull the model again.")
        return folder

    def _open(self, folder: Path, task: str) -> Model:
        if task == "embed":
            return Embedder(folder, device=self._limits.device)
        limits = self._limits
        return Generator(folder, kv_bytes=limits.kv_bytes, form=limits.form, device=limits.device)


def available_bytes(device: Device = "cpu") -> int | None:
    """Memory that models can have without swapping; None where the system does not say."""
    memory = card_memory(device)
    if memory is not None:
        return memory.free
    try:
        with Path("/proc/meminfo").open(encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        return None
    return None


def resident_bytes() -> int:
    """Memory of this process; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _describe(name: str, model: Model) -> dict[str, object]:
    if isinstance(model, Embedder):
        return {"name": name, "task": "embed", "size_bytes": model.size_bytes}
    engine = model.engine
    return {
        "name": name,
        "task": "generate",
        "size_bytes": model.size_bytes,
        "running": len(engine.scheduler.running),
        "waiting": len(engine.scheduler.waiting),
        "blocks_free": engine.blocks.free,
        "blocks_total": engine.blocks.total,
        "context_tokens": engine.context_tokens,
        "prompt_tokens": engine.prompt_tokens,
        "cached_tokens": engine.cached_tokens,
        "generated_tokens": engine.generated_tokens,
        "late_tokens": engine.late_tokens,
        "drafted_tokens": engine.drafted_tokens,
        "accepted_tokens": engine.accepted_tokens,
    }
