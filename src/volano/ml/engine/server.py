"""The engine's process: `python -m volano.ml.engine.server --socket PATH --cache DIR`.

It serves the protocol of `protocol.py` on a local socket that only its user can open and says
`{"ready": true}` on standard output. With `--exit-with-stdin` it ends when its standard input does:
a parent that dies, however it dies, takes it along.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from volano.ml.engine import protocol
from volano.ml.engine.compute import Compute, hand_over
from volano.ml.engine.loaded import LoadedModels, PoolLimits, resident_bytes
from volano.ml.engine.prepare import count_prompt, prepare
from volano.ml.engine.sequence import Output
from volano.ml.errors import BadRequest, EngineError, QueueFull, deadline_passed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from volano.ml.engine.detokenizer import TokenLogprob
    from volano.ml.engine.embedder import Embedder
    from volano.ml.engine.tool_calls import ToolCallPiece
    from volano.ml.layers.arrays import Floats

ENGINE_NAME = "volano"
CONNECTIONS_MAX = 64
REQUESTS_PER_CONNECTION_MAX = 1024
_RUN = os.urandom(4).hex()
"""Tells this process's calls from those of another engine, or of this one before it restarted."""


class Server:
    """Serves every connection over one set of models and one computing thread."""

    def __init__(self, models: LoadedModels, compute: Compute) -> None:
        self._models = models
        self._compute = compute
        self._connections = 0
        self._sequence_numbers = itertools.count(1)

    async def serve_connection(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answer frames until the peer leaves; then everything it had open is cancelled."""
        if self._connections >= CONNECTIONS_MAX:
            writer.close()
            return
        self._connections += 1
        tasks: dict[str, asyncio.Task[None]] = {}
        try:
            while (frame := await protocol.read_frame(reader)) is not None:
                self._take(frame, writer, tasks)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            self._connections -= 1
            for task in tasks.values():
                task.cancel()
            writer.close()

    def _take(
        self, frame: bytes, writer: asyncio.StreamWriter, tasks: dict[str, asyncio.Task[None]]
    ) -> None:
        try:
            request = protocol.parse_request(frame)
        except msgspec.DecodeError as error:
            _send(writer, protocol.find_id(frame) or "", _error(BadRequest(f"{error}.")))
            return
        if request.id in tasks or len(tasks) >= REQUESTS_PER_CONNECTION_MAX:
            busy = QueueFull("Too many requests are open on this connection, or this id twice.")
            _send(writer, request.id, _error(busy))
            return
        if isinstance(request, protocol.Cancel):
            target = tasks.pop(request.target, None)
            if target is not None:
                target.cancel()
            _send(writer, request.id, {"event": "cancelled", "found": target is not None})
            return
        task = asyncio.get_running_loop().create_task(self._answer(request, writer))
        tasks[request.id] = task
        task.add_done_callback(lambda done: _forget(tasks, request.id, done))

    async def _answer(self, request: protocol.Request, writer: asyncio.StreamWriter) -> None:
        try:
            async with contextlib.aclosing(self._replies(request)) as replies:
                async for reply in replies:
                    _send(writer, request.id, reply)
                    await writer.drain()
        except EngineError as error:
            _send(writer, request.id, _error(error))
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception as error:  # noqa: BLE001 - the work loop: one request's failure stays its own
            sys.excepthook(type(error), error, error.__traceback__)
            _send(writer, request.id, _error(EngineError("The engine failed on this request.")))

    async def _replies(self, request: protocol.Request) -> AsyncGenerator[protocol.Reply, None]:
        match request:
            case protocol.Ping():
                yield {"event": "pong"}
            case protocol.Load(model=model):
                await self._models.load(model)
                yield {"event": "loaded"}
            case protocol.CountPrompt(model=model):
                async with self._models.generator(model) as generator:
                    tokens = await asyncio.to_thread(count_prompt, generator, request)
                yield {"event": "count", "tokens": tokens}
            case protocol.Generate():
                async with contextlib.aclosing(self._generate(request)) as outputs:
                    async for output, last in outputs:
                        yield _to_delta(output, last=last)
            case protocol.Embed():
                yield await self._embed(request)
            case protocol.CountTokens(model=model, text=text):
                tokenizer = (await self._models.load(model)).tokenizer
                ids = await asyncio.to_thread(tokenizer.encode, text, add_special=False)
                yield {"event": "count", "tokens": len(ids)}
            case protocol.Status():
                yield {
                    "event": "status",
                    "loaded": self._models.status(),
                    "resident_bytes": resident_bytes(),
                    **self._models.counts(),
                }
            case protocol.Pin(name=name, pinned=pinned):
                self._models.pin(name, pinned=pinned)
                yield {"event": "pinned"}
            case protocol.Unload(name=name):
                yield {"event": "unloaded", "found": self._models.unload(name)}
            case protocol.Cancel():
                raise AssertionError("cancel is answered where it is taken")

    async def _generate(
        self, request: protocol.Generate
    ) -> AsyncGenerator[tuple[Output, bool], None]:
        """The outputs of all choices as they come, each with whether it is the request's last."""
        # Waiting for weights counts as well, and a paused model looks at no clock.
        wait_s = request.deadline_s
        end_s = None if wait_s is None else asyncio.get_running_loop().time() + wait_s
        async with contextlib.AsyncExitStack() as held:
            async with _until(end_s):
                model = self._models.generator(request.model)
                generator = await held.enter_async_context(model)
                sequences = await asyncio.to_thread(prepare, generator, request)
            for sequence in sequences:
                # Two connections may use the same id; the engine needs one of its own.
                sequence.id = str(next(self._sequence_numbers))
            # Bounded by max_tokens: a reader that is slow can hold no more than its own answer.
            outputs: asyncio.Queue[Output | EngineError] = asyncio.Queue()
            for sequence in sequences:
                self._compute.generate(generator.engine, sequence, outputs.put_nowait)
            left = len(sequences)
            try:
                while left:
                    async with _until(end_s):
                        item = await outputs.get()
                    if isinstance(item, EngineError):
                        raise item
                    left -= item.is_last
                    yield item, not left
            finally:
                for sequence in sequences:
                    self._compute.abort(generator.engine, sequence)

    async def _embed(self, request: protocol.Embed) -> protocol.Reply:
        async with self._models.embedder(request.model) as embedder:
            rows = await asyncio.to_thread(embedder.rows, request.inputs)
            vectors = np.zeros((len(rows), embedder.width), dtype="<f4")
            loop = asyncio.get_running_loop()
            finished: asyncio.Future[EngineError | None] = loop.create_future()

            def done(error: EngineError | None) -> None:
                loop.call_soon_threadsafe(_settle, finished, error)

            self._compute.run(_fill(embedder, rows, vectors, finished), done)
            error = await finished
        if error is not None:
            raise error
        return {
            "event": "embeddings",
            "vectors": vectors.tobytes(),
            "width": embedder.width,
            "prompt_tokens": sum(map(len, rows)),
        }


@contextlib.asynccontextmanager
async def _until(end_s: float | None) -> AsyncGenerator[None, None]:
    """Raises DeadlinePassed when what is inside is still waiting at a time of the loop's clock."""
    try:
        async with asyncio.timeout_at(end_s):
            yield
    except TimeoutError as error:
        raise deadline_passed() from error


def _fill(
    embedder: Embedder,
    rows: list[list[int]],
    vectors: Floats,
    finished: asyncio.Future[EngineError | None],
) -> Iterator[None]:
    for indexes, found in embedder.embed(rows):
        vectors[indexes] = found
        yield
        if finished.cancelled():
            return


def _settle(future: asyncio.Future[EngineError | None], error: EngineError | None) -> None:
    if not future.done():
        future.set_result(error)


def _forget(tasks: dict[str, asyncio.Task[None]], id: str, done: asyncio.Task[None]) -> None:
    if tasks.get(id) is done:
        del tasks[id]
    if not done.cancelled():
        done.exception()  # a connection that broke while answering needs no report


def _send(writer: asyncio.StreamWriter, id: str, reply: protocol.Reply) -> None:
    if not writer.is_closing():
        writer.write(protocol.to_frame({"id": id, **reply}))


def _error(error: EngineError) -> protocol.Reply:
    reply: protocol.Reply = {"event": "error", "kind": error.kind, "code": error.code}
    reply["message"] = error.message
    return reply | ({"param": error.param} if error.param else {})


def _to_delta(output: Output, *, last: bool) -> protocol.Reply:
    """Only what is there: most deltas are a few words."""
    delta: protocol.Reply = {"event": "delta", "index": output.index, "text": output.text}
    if output.reasoning:
        delta["reasoning"] = output.reasoning
    if output.tool_calls:
        delta["tool_calls"] = [_to_tool_call(output, piece) for piece in output.tool_calls]
    if output.logprobs:
        delta["logprobs"] = [_to_logprob(entry) for entry in output.logprobs]
    if output.prompt_logprobs:
        delta["prompt_logprobs"] = [_to_logprob(entry) for entry in output.prompt_logprobs]
    if output.is_last:
        delta |= {
            "finish_reason": output.finish_reason,
            "stopped_by": output.stopped_by,
            "last": last,
            "engine": ENGINE_NAME,
        }
    return delta | {
        "prompt_tokens": output.prompt_tokens,
        "completion_tokens": output.completion_tokens,
        "cached_tokens": output.cached_tokens,
        "reasoning_tokens": output.reasoning_tokens,
        "seed": output.seed,
    }


def _to_tool_call(output: Output, piece: ToolCallPiece) -> dict[str, object]:
    """A call's id follows from its sequence: no two calls of a conversation share one."""
    id = f"call_{_RUN}_{output.id}_{output.index}_{piece.index}" if piece.name else ""
    return {"index": piece.index, "id": id, "name": piece.name, "arguments": piece.arguments}


def _to_logprob(entry: TokenLogprob) -> dict[str, object]:
    return {
        "token": entry.token,
        "logprob": entry.logprob,
        "bytes": list(entry.bytes),
        "top": [[token, logprob, list(data)] for token, logprob, data in entry.top],
    }


async def serve(socket: Path, cache: Path, limits: PoolLimits) -> None:
    """Serve until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    # One call into the loop for all that a step has, not one for each request.
    compute = Compute(lambda deliveries: loop.call_soon_threadsafe(hand_over, deliveries))
    compute.start()
    server = Server(LoadedModels(cache, compute, limits), compute)
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    old_mask = os.umask(0o077)
    listener = await asyncio.start_unix_server(server.serve_connection, path=socket)
    os.umask(old_mask)
    sys.stdout.write(json.dumps({"ready": True}) + "\n")
    sys.stdout.flush()
    async with listener:
        await stopped.wait()
    compute.stop()


def _exit_with_stdin() -> None:
    """Wait for the end of standard input and leave at once: nothing here needs to be saved."""
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    os._exit(0)


def main() -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(description="Serve models on a local socket.")
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True, help="where built-in models are made")
    parser.add_argument("--kv-mib", type=int, help="cache of each model; default: what fits")
    parser.add_argument("--weights-mib", type=int, help="weights of all models; default: what fits")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--exit-with-stdin", action="store_true")
    arguments = parser.parse_args()
    if arguments.exit_with_stdin:
        threading.Thread(target=_exit_with_stdin, daemon=True).start()
    os.nice(5)  # whoever answers requests goes before whoever computes
    weight_mib: int | None = arguments.weights_mib
    limits = PoolLimits(
        weight_bytes=None if weight_mib is None else weight_mib * 2**20,
        kv_bytes=None if arguments.kv_mib is None else arguments.kv_mib * 2**20,
        device=arguments.device,
    )
    asyncio.run(serve(arguments.socket, arguments.cache, limits))


if __name__ == "__main__":
    main()
