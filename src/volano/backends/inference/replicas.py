"""Port `inference` with several engines: one that serves every model, and replicas of busy ones.

A replica is an engine process of its own that serves one model. A request of a model with replicas
goes to the engine with the fewest open requests of it. A replica that is taken away serves what it
has and is closed then. Engines are spread over the zones of this machine; when a zone goes, so do
its engines, at once.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from volano.backends.inference.quantising import quantise_files
from volano.kernel.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence

    from volano.backends.inference.engine import EngineInference
    from volano.kernel.inference import (
        Delta,
        Embeddings,
        Generate,
        InferenceStatus,
        LoadedModel,
        ModelFiles,
        ModelSource,
        PulledModel,
    )

MAX_REPLICAS = 16
_SUMS = (
    "size_bytes",
    "running",
    "waiting",
    "blocks_total",
    "blocks_free",
    "generated_tokens",
    "cached_tokens",
    "prompt_tokens",
    "late_tokens",
    "drafted_tokens",
    "accepted_tokens",
)


@dataclass(slots=True, eq=False)
class _Replica:
    """An engine for one model in a zone. `is_leaving` takes no new requests."""

    engine: EngineInference
    zone: str
    open: int = 0
    is_leaving: bool = False
    idle: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True, eq=False)
class _Model:
    """A model's replicas beside the engine for all; `open` counts what that one has of it."""

    name: str
    replicas: list[_Replica] = field(default_factory=list)
    open: int = 0


class ReplicatedInference:
    """Engines of one machine; belongs to one event loop."""

    def __init__(
        self, make: Callable[[], EngineInference], data_dir: Path, zones: Sequence[str]
    ) -> None:
        """`make` opens an engine; nothing is started before it is needed."""
        self._zones = tuple(zones)
        self._main_zone = self._zones[0]
        self._make = make
        self._data_dir = data_dir
        self._main = make()
        self._models: dict[str, _Model] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._changing = asyncio.Lock()

    def generate(self, request: Generate) -> AsyncIterator[Delta]:
        """See the port."""
        model = self._models.get(request.model.source)
        if model is None:
            return self._main.generate(request)
        return self._through(model, request)

    async def _through(self, model: _Model, request: Generate) -> AsyncGenerator[Delta, None]:
        began = False
        while not began:
            least = min(model.replicas, key=lambda replica: replica.open, default=None)
            holder: _Model | _Replica = model
            engine = self._main
            if least is not None and least.open < model.open:
                holder, engine = least, least.engine
            holder.open += 1
            try:
                async with aclosing(engine.generate(request)) as deltas:
                    async for delta in deltas:
                        began = True
                        yield delta
                return
            except Unavailable:
                # Where its zone went before a word was said, another one answers.
                if began or not (isinstance(holder, _Replica) and holder.is_leaving):
                    raise
            finally:
                holder.open -= 1
                if isinstance(holder, _Replica) and not holder.open:
                    holder.idle.set()

    async def embed(self, model: ModelFiles, inputs: Sequence[str | tuple[int, ...]]) -> Embeddings:
        """See the port; embeddings have no replicas."""
        return await self._main.embed(model, inputs)

    async def count_tokens(self, model: ModelFiles, text: str) -> int:
        """See the port."""
        return await self._main.count_tokens(model, text)

    async def count_prompt(self, request: Generate) -> int:
        """See the port."""
        return await self._main.count_prompt(request)

    async def status(self) -> InferenceStatus:
        """See the port; starts nothing."""
        status = await self._main.status()
        here = (self._main_zone,)
        models = {model.name: replace(model, zones=here) for model in status.models}
        for each in self._models.values():
            for replica in each.replicas:
                for copy in (await replica.engine.status()).models:
                    if copy.name == each.name:
                        placed = replace(copy, zones=(replica.zone,))
                        models[copy.name] = _sum(models.get(copy.name), placed)
        total, free = await asyncio.to_thread(_memory)
        return replace(
            status, models=tuple(models.values()), memory_bytes=total, memory_free_bytes=free
        )

    async def pull(
        self,
        name: str,
        folder: Path,
        source: str | ModelSource,
        progress: Callable[[float, str], Awaitable[None]],
    ) -> PulledModel:
        """See the port."""
        return await self._main.pull(name, folder, source, progress)

    async def load(self, model: ModelFiles) -> None:
        """See the port."""
        await self._main.load(model)

    async def pin(self, name: str, *, pinned: bool) -> None:
        """See the port."""
        await self._main.pin(name, pinned=pinned)

    async def unload(self, name: str) -> None:
        """See the port; its replicas end, too."""
        for source, model in list(self._models.items()):
            if model.name == name:
                self._shrink(source, model, 0)
        await self._main.unload(name)

    async def scale(self, model: ModelFiles, replicas: int) -> int:
        """See the port; one change at a time."""
        async with self._changing:
            if replicas < 1:
                await self.unload(model.name)
                return 0
            await self._main.load(model)
            known = self._models.setdefault(model.source, _Model(model.name))
            await self._grow(known, model, min(replicas, MAX_REPLICAS) - 1)
            self._shrink(model.source, known, min(replicas, MAX_REPLICAS) - 1)
            return 1 + len(known.replicas)

    async def use_zones(self, zones: Sequence[str]) -> None:
        """See the port."""
        self._zones = tuple(zones)
        for source, model in list(self._models.items()):
            gone = [replica for replica in model.replicas if replica.zone not in zones]
            model.replicas = [replica for replica in model.replicas if replica.zone in zones]
            for replica in gone:
                replica.is_leaving = True
                await replica.engine.close()
            if not model.replicas:
                self._models.pop(source, None)
        if self._main_zone not in zones:
            self._main_zone = self._emptiest_zone()
            await self._main.end_process("Its zone is away; the next request starts it elsewhere.")

    def _emptiest_zone(self) -> str:
        """The zone with the fewest engines, the first of them."""
        taken = [each.zone for model in self._models.values() for each in model.replicas]
        taken.append(self._main_zone)
        return min(self._zones, key=taken.count)

    async def _grow(self, known: _Model, model: ModelFiles, wanted: int) -> None:
        while len(known.replicas) < wanted:
            engine, zone = self._make(), self._emptiest_zone()
            try:
                await engine.load(model)
            except Unavailable:  # no memory for another: those that are there go on
                await engine.close()
                return
            except BaseException:
                await engine.close()
                raise
            if zone not in self._zones:  # it went meanwhile
                await engine.close()
                continue
            known.replicas.append(_Replica(engine, zone))

    def _shrink(self, source: str, known: _Model, wanted: int) -> None:
        while len(known.replicas) > max(wanted, 0):
            replica = known.replicas.pop()
            replica.is_leaving = True
            task = asyncio.get_running_loop().create_task(_leave(replica))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)
        if not known.replicas:
            self._models.pop(source, None)

    async def quantise(
        self, model: ModelFiles, form: str, progress: Callable[[float, str], Awaitable[None]]
    ) -> int:
        """See the port; the packing runs in a process of its own."""
        size_bytes = await quantise_files(self._data_dir, Path(model.source), form, progress)
        await self.unload(model.name)
        return size_bytes

    async def close(self) -> None:
        """Stop every engine; may be repeated."""
        replicas = [each for model in self._models.values() for each in model.replicas]
        self._models.clear()
        for task in list(self._leaving):
            task.cancel()
        await asyncio.gather(*self._leaving, return_exceptions=True)
        for replica in replicas:
            await replica.engine.close()
        await self._main.close()


async def _leave(replica: _Replica) -> None:
    """Close a replica once its last request ended."""
    try:
        while replica.open:
            replica.idle.clear()
            await replica.idle.wait()
    finally:
        await replica.engine.close()


def _sum(one: LoadedModel | None, other: LoadedModel) -> LoadedModel:
    if one is None:
        return other
    sums = {name: getattr(one, name) + getattr(other, name) for name in _SUMS}
    return replace(one, replicas=one.replicas + 1, zones=one.zones + other.zones, **sums)


def _memory() -> tuple[int, int]:
    """The machine's memory, and what of it can be had without swapping."""
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        return 0, 0
    lines = (line.split() for line in text.splitlines())
    sizes = {words[0]: int(words[1]) * 1024 for words in lines if len(words) > 1}
    return sizes.get("MemTotal:", 0), sizes.get("MemAvailable:", 0)
