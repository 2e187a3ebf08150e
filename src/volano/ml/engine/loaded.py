"""The models in memory: loaded by the first request that names them, the least used leave first."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from volano.ml.engine.embedder import Embedder
from volano.ml.engine.generator import KV_BYTES_MAX, Generator
from volano.ml.errors import BadModel, BadRequest, OutOfMemory
from volano.ml.models.builtin import find_builtin

if TYPE_CHECKING:
    from volano.ml.engine.protocol import ModelRef

MODELS_MAX = 4
# What must stay free for the rest of the machine once a model is loaded.
MEMORY_SPARE_BYTES = 256 * 1024 * 1024

Model: TypeAlias = Generator | Embedder


class LoadedModels:
    """Models by source, in order of their last use. Belongs to one event loop."""

    def __init__(self, cache: Path, *, kv_bytes: int = KV_BYTES_MAX) -> None:
        self._cache = cache
        self._kv_bytes = kv_bytes
        self._models: dict[tuple[str, str], tuple[str, Model]] = {}
        self._pinned: set[str] = set()
        self._loading = asyncio.Lock()

    async def generator(self, ref: ModelRef) -> Generator:
        """The generative model; raises BadRequest when it is one for embeddings."""
        model = await self.load(ref)
        if not isinstance(model, Generator):
            raise BadRequest(f"{ref.name} makes embeddings; it does not generate text.")
        return model

    async def embedder(self, ref: ModelRef) -> Embedder:
        """The embedding model; raises BadRequest when it is a generative one."""
        model = await self.load(ref)
        if not isinstance(model, Embedder):
            raise BadRequest(f"{ref.name} generates text; it does not make embeddings.")
        return model

    async def load(self, ref: ModelRef) -> Model:
        """Have the model in memory; one loads at a time. Raises BadModel or OutOfMemory."""
        key = (ref.source, ref.task)
        async with self._loading:
            found = self._models.pop(key, None)
            if found is None:
                if ref.task not in ("generate", "embed"):
                    raise BadRequest(f"A model's task is generate or embed, not {ref.task!r}.")
                folder = await asyncio.to_thread(self._find_folder, ref)
                self._make_room(folder, ref)
                found = (ref.name, await asyncio.to_thread(self._read, folder, ref.task))
            self._models[key] = found
            return found[1]

    def unload(self, name: str) -> bool:
        """Forget every model of this name; requests in progress finish and then free it."""
        keys = [key for key, (held, _) in self._models.items() if held == name]
        for key in keys:
            del self._models[key]
        return bool(keys)

    def pin(self, name: str, *, pinned: bool) -> None:
        """Keep models of this name once they are loaded, or no longer."""
        if pinned:
            self._pinned.add(name)
        else:
            self._pinned.discard(name)

    def status(self) -> list[dict[str, object]]:
        """What is loaded, with its load."""
        return [
            {**_describe(name, model), "pinned": name in self._pinned}
            for name, model in self._models.values()
        ]

    def _find_folder(self, ref: ModelRef) -> Path:
        if ref.source.startswith("builtin:"):
            return find_builtin(ref.source.removeprefix("builtin:"), self._cache)
        folder = Path(ref.source)
        if not (folder / "config.json").is_file():
            raise BadModel(f"The files of {ref.name} are not there. Pull the model again.")
        return folder

    def _read(self, folder: Path, task: str) -> Model:
        if task == "embed":
            return Embedder(folder)
        return Generator(folder, kv_bytes=self._kv_bytes)

    def _make_room(self, folder: Path, ref: ModelRef) -> None:
        while len(self._models) >= MODELS_MAX and self._put_one_out():
            pass
        file_bytes = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
        needed = 2 * file_bytes + MEMORY_SPARE_BYTES
        while (available := available_bytes()) is not None and available < needed:
            if not self._put_one_out():
                raise OutOfMemory(
                    f"{ref.name} needs about {needed / 1e9:.1f} GB of memory; "
                    f"{available / 1e9:.1f} GB are free."
                )

    def _put_one_out(self) -> bool:
        """Forget the least recently used model that is not pinned; False when there is none."""
        for key, (name, _) in self._models.items():
            if name not in self._pinned:
                del self._models[key]
                return True
        return False


def available_bytes() -> int | None:
    """Memory that can be had without swapping; None where the system does not say."""
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
    }
