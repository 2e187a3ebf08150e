"""Port `inference` on Volano's own engine, in a process that is started when first needed.

The first request installs the `ml` extra when it is missing (visible in `status`), then starts the
process; requests that come meanwhile wait for the same start. A process that dies is replaced by
the next request, up to CRASHES_MAX in CRASH_WINDOW_S; a request of which nothing was delivered yet
is tried once more. Closing an iterator of `generate` cancels the request in the engine at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
import sys
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from volano.backends.inference.connection import ConnectionLost
from volano.backends.inference.extras import has_extra, install_extra
from volano.backends.inference.hub import pull_model
from volano.backends.inference.worker import WorkerSettings, start_worker
from volano.kernel.errors import Unavailable
from volano.kernel.inference import (
    Delta,
    Embeddings,
    InferenceStatus,
    LoadedModel,
    PulledModel,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

    from volano.backends.inference.connection import Connection, Reply
    from volano.backends.inference.worker import Worker
    from volano.kernel.clock import Clock
    from volano.kernel.inference import Generate, ModelFiles, ModelSource
    from volano.kernel.log import Log

EXTRA = "ml"
CRASHES_MAX = 5
CRASH_WINDOW_S = 300.0
INSTALL_RETRY_S = 20.0
IDLE_S = 1800.0
TRIES_MAX = 2
_COUNTS = ("resident_bytes", "switches", "switch_bytes", "switch_s", "pauses")


class EngineInference:
    """Serves every model of this machine from one process; belongs to one event loop."""

    def __init__(
        self,
        data_dir: Path,
        log: Log,
        clock: Clock,
        python: str = sys.executable,
        *,
        idle_s: float | None = IDLE_S,
        device: str = "auto",
    ) -> None:
        """Starts nothing. `idle_s` stops the process after that long unused; None never.

        `device` is the setting `model_device`.
        """
        self._log = log
        self._clock = clock
        self._idle_s = idle_s
        self._extra_dir = data_dir / "extras" / EXTRA
        source = Path(__file__).parents[3]
        self._settings = WorkerSettings(
            python=python,
            cache=data_dir / "models" / "builtin",
            run_dir=data_dir / "run",
            import_paths=(source, self._extra_dir),
            device=device,
        )
        self._worker: Worker | None = None
        self._closed = False
        self._pinned: set[str] = set()
        self._starting: asyncio.Task[Worker] | None = None
        self._idling: asyncio.Task[None] | None = None
        self._crashes: deque[float] = deque(maxlen=CRASHES_MAX)
        self._install_failed: tuple[float, Unavailable] | None = None
        self._last_used_s = clock.monotonic_s()
        self._status = InferenceStatus(state="off", fraction=0.0, text="Not started.")

    async def generate(self, request: Generate) -> AsyncGenerator[Delta, None]:
        """See the port."""
        message = _message("generate", request)
        for left in reversed(range(TRIES_MAX)):
            delivered = False
            try:
                connection = await self._connection()
                async with contextlib.aclosing(connection.stream(message)) as replies:
                    async for reply in replies:
                        delivered = True
                        delta = msgspec.convert(reply, Delta)
                        yield delta
                        if delta.last:
                            return
            except ConnectionLost as error:
                await self._note_crash()
                if delivered or not left:
                    raise _stopped() from error

    async def embed(self, model: ModelFiles, inputs: Sequence[str | tuple[int, ...]]) -> Embeddings:
        """See the port; a text longer than the model reads is cut to its `max_seq_length`."""
        request: Reply = {"op": "embed", "model": model, "inputs": list(inputs)}
        reply = await self._ask(request)
        vectors, width = reply["vectors"], reply["width"]
        assert isinstance(vectors, bytes)
        assert isinstance(width, int)
        rows = tuple(struct.iter_unpack(f"<{width}f", vectors))
        assert len(rows) == len(inputs)
        return Embeddings(vectors=rows, prompt_tokens=_whole(reply["prompt_tokens"]))

    async def count_tokens(self, model: ModelFiles, text: str) -> int:
        """See the port; special tokens around the text are not counted."""
        request: Reply = {"op": "count_tokens", "model": model, "text": text}
        return _whole((await self._ask(request))["tokens"])

    async def count_prompt(self, request: Generate) -> int:
        """See the port."""
        return _whole((await self._ask(_message("count_prompt", request)))["tokens"])

    async def status(self) -> InferenceStatus:
        """See the port; starts nothing."""
        worker = self._worker
        if worker is None or worker.connection.lost.is_set():
            return self._status
        try:
            reply = await worker.connection.ask({"op": "status"})
        except ConnectionLost:
            return self._status
        loaded = reply["loaded"]
        assert isinstance(loaded, list)
        models = tuple(msgspec.convert(entry, LoadedModel) for entry in loaded)
        names = tuple(model.name for model in models)
        counts = {name: reply[name] for name in _COUNTS}
        return msgspec.structs.replace(self._status, loaded=names, models=models, **counts)

    async def pull(
        self,
        name: str,
        folder: Path,
        source: str | ModelSource,
        progress: Callable[[float, str], Awaitable[None]],
    ) -> PulledModel:
        """See the port; the engine's process is not needed for it."""
        where = source if isinstance(source, str) else source.text
        local = where.startswith((".", "/", "~"))
        pulled = await pull_model(
            where if local else name,
            folder,
            mirror=None if local else where or None,
            source=None if isinstance(source, str) else source,
            progress=progress,
            clock=self._clock,
        )
        return PulledModel(
            folder=str(pulled.folder),
            task=pulled.task,
            licence=pulled.licence or "",
            size_bytes=pulled.size_bytes,
            origin=where or "the public hub",
        )

    async def load(self, model: ModelFiles) -> None:
        """See the port."""
        await self._ask({"op": "load", "model": model})

    async def pin(self, name: str, *, pinned: bool) -> None:
        """See the port; a process that starts anew is told again."""
        if pinned:
            self._pinned.add(name)
        else:
            self._pinned.discard(name)
        await self._ask({"op": "pin", "name": name, "pinned": pinned})

    async def unload(self, name: str) -> None:
        """See the port; nothing to do when the process is not running."""
        worker = self._worker
        if worker is not None:
            with contextlib.suppress(ConnectionLost):
                await worker.connection.ask({"op": "unload", "name": name})

    async def end_process(self, why: str) -> None:
        """Stop the process now; the next request starts another."""
        self._log.info("The inference engine is stopped.", why=why)
        await self._stop(why)

    async def close(self) -> None:
        """Stop the process and wait for its end; may be repeated. No other is started."""
        self._closed = True
        for task in (self._starting, self._idling):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        await self._stop("Stopped.")

    async def _ask(self, request: Reply) -> Reply:
        for left in reversed(range(TRIES_MAX)):
            try:
                return await (await self._connection()).ask(request)
            except ConnectionLost as error:
                await self._note_crash()
                if not left:
                    raise _stopped() from error
        raise AssertionError("the last try returns or raises")

    async def _connection(self) -> Connection:
        """The connection to a running process, started when there is none."""
        if self._closed:
            raise _stopped()
        self._last_used_s = self._clock.monotonic_s()
        worker = self._worker
        if worker is not None and not worker.connection.lost.is_set():
            return worker.connection
        if self._starting is None:
            self._starting = asyncio.get_running_loop().create_task(self._start())
            self._starting.add_done_callback(self._started)
        # Shielded: who leaves while it installs must not stop it for those who still wait.
        return (await asyncio.shield(self._starting)).connection

    def _started(self, task: asyncio.Task[Worker]) -> None:
        self._starting = None
        if not task.cancelled() and task.exception() is not None:
            self._log.error("The inference engine did not start.", error=str(task.exception()))

    async def _start(self) -> Worker:
        await self._note_crash()
        self._require_few_crashes()
        try:
            if not await asyncio.to_thread(has_extra, EXTRA, self._extra_dir):
                await self._install()
            self._show("starting", 0.9, "Starting the inference engine.")
            self._worker = await start_worker(self._settings, self._log)
        except Unavailable as error:
            self._show("failed", 0.0, error.message)
            raise
        except asyncio.CancelledError:
            self._show("off", 0.0, "Not started.")
            raise
        for name in self._pinned:
            await self._worker.connection.ask({"op": "pin", "name": name, "pinned": True})
        self._show("ready", 1.0, "Ready.")
        self._log.info("The inference engine is ready.", pid=self._worker.pid)
        if self._idle_s is not None and self._idling is None:
            idling = self._stop_when_idle(self._idle_s)
            self._idling = asyncio.get_running_loop().create_task(idling)
        return self._worker

    async def _install(self) -> None:
        failed = self._install_failed
        if failed is not None and self._clock.monotonic_s() - failed[0] < INSTALL_RETRY_S:
            raise failed[1]

        async def show(fraction: float, text: str) -> None:
            self._show("installing", fraction * 0.9, text)

        await show(0.0, "Installing the ml extra.")
        try:
            await install_extra(EXTRA, self._extra_dir, show)
        except Unavailable as error:
            self._install_failed = (self._clock.monotonic_s(), error)
            raise

    def _require_few_crashes(self) -> None:
        if len(self._crashes) < CRASHES_MAX:
            return
        left_s = self._crashes[0] + CRASH_WINDOW_S - self._clock.monotonic_s()
        if left_s > 0:
            message = (
                f"The inference engine stopped {CRASHES_MAX} times within "
                f"{CRASH_WINDOW_S:.0f} seconds; it rests. The log says why."
            )
            self._show("failed", 0.0, message)
            raise Unavailable(message, retry_after_s=left_s)

    async def _note_crash(self) -> None:
        """Count a process that went away by itself and clear it; once for each process."""
        worker = self._worker
        if worker is None or not worker.connection.lost.is_set():
            return
        self._worker = None
        self._crashes.append(self._clock.monotonic_s())
        self._show("off", 0.0, "The inference engine stopped unexpectedly.")
        self._log.error("The inference engine stopped unexpectedly.", pid=worker.pid)
        await worker.stop()

    async def _stop_when_idle(self, idle_s: float) -> None:
        while True:
            unused_s = self._clock.monotonic_s() - self._last_used_s
            await self._clock.sleep(max(idle_s - unused_s, 1.0))
            worker = self._worker
            if worker is None:
                continue
            if worker.connection.open_requests:
                self._last_used_s = self._clock.monotonic_s()
            elif self._clock.monotonic_s() - self._last_used_s >= idle_s:
                self._log.info("The inference engine was idle and is stopped.", pid=worker.pid)
                await self._stop("Stopped after being idle; the next request starts it.")

    async def _stop(self, text: str) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            self._show("off", 0.0, text)
            await worker.stop()

    def _show(self, state: str, fraction: float, text: str) -> None:
        self._status = InferenceStatus(state=state, fraction=fraction, text=text)


def _stopped() -> Unavailable:
    return Unavailable("The inference engine stopped while it worked on this request. Try again.")


def _message(op: str, request: Generate) -> Reply:
    """A request of the port as the engine reads it."""
    message = {"op": op, **msgspec.structs.asdict(request)}
    del message["request_id"]
    return message | {"model": msgspec.structs.asdict(request.model)}


def _whole(value: object) -> int:
    assert isinstance(value, int)
    return value
