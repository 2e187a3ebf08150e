"""The thread that computes: it alone touches engines, and takes turns between all that waits.

A round is: what was submitted, one step of the model whose next token is due first, one batch of
the embedding jobs. A token is due a fixed time after the request came, plus a fixed time for each
token before it, so a model that is ahead lets the others go first and none is forgotten. A model
can be paused while its weights are elsewhere; its requests stay. A cancelled request is gone before
the next step.
"""

from __future__ import annotations

import queue
import sys
import threading
import traceback
from collections import deque
from typing import TYPE_CHECKING, TypeAlias

from volano.ml.engine.sequence import Output
from volano.ml.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from volano.ml.engine.engine import Engine
    from volano.ml.engine.sequence import Sequence

    Sink: TypeAlias = Callable[[Output | EngineError], object]
    Delivery: TypeAlias = tuple[Sink, Output | EngineError]


class Compute:
    """Start it once; its methods may be called from any thread."""

    def __init__(self, deliver: Callable[[list[Delivery]], object] | None = None) -> None:
        """`deliver` gets what one step has for everyone, to hand it to the sinks on its thread."""
        self._deliver = deliver or hand_over
        self._submitted: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._active: dict[Engine, dict[str, Sink]] = {}
        self._jobs: deque[tuple[Iterator[object], Callable[[EngineError | None], None]]] = deque()
        self._paused: set[Engine] = set()
        self._thread = threading.Thread(target=self._run, name="compute", daemon=True)

    def start(self) -> None:
        """Begin computing."""
        self._thread.start()

    def stop(self) -> None:
        """End after the round in progress; what is unfinished is dropped."""
        self._submitted.put(None)
        self._thread.join()

    def generate(self, engine: Engine, sequence: Sequence, sink: Sink) -> None:
        """Queue a sequence; the sink gets its outputs, or one error."""
        self._submitted.put(lambda: self._add(engine, sequence, sink))

    def abort(self, engine: Engine, sequence: Sequence) -> None:
        """Drop a sequence and free its blocks; its sink hears no more. May be repeated."""
        self._submitted.put(lambda: self._drop(engine, sequence))

    def run(self, job: Iterator[object], done: Callable[[EngineError | None], None]) -> None:
        """Advance a job a step a round until it is exhausted or fails."""
        self._submitted.put(lambda: self._jobs.append((job, done)))

    def pause(self, engine: Engine, done: Callable[[], object]) -> None:
        """Step a model no more; `done` is called on the computing thread once that holds."""

        def hold() -> None:
            self._paused.add(engine)
            done()

        self._submitted.put(hold)

    def fail(self, engine: Engine, error: EngineError) -> None:
        """End every request of a model with an error."""
        self._submitted.put(lambda: self._fail(engine, error))

    def resume(self, engine: Engine) -> None:
        """Step a paused model again."""
        self._submitted.put(lambda: self._paused.discard(engine))

    def _run(self) -> None:
        while True:
            busy = bool(self._jobs or any(each not in self._paused for each in self._active))
            try:
                submitted = self._submitted.get(block=not busy)
            except queue.Empty:
                self._round()
                continue
            if submitted is None:
                return
            submitted()
            # It names an engine, and would keep an unloaded model in memory until the next comes.
            del submitted

    def _round(self) -> None:
        ready = [engine for engine in self._active if engine not in self._paused]
        if ready:
            self._step(min(ready, key=lambda engine: engine.due_s()))
        if self._jobs:
            self._advance(*self._jobs.popleft())

    def _add(self, engine: Engine, sequence: Sequence, sink: Sink) -> None:
        try:
            engine.add(sequence)
        except EngineError as error:
            self._deliver([(sink, error)])
            return
        self._active.setdefault(engine, {})[sequence.id] = sink

    def _drop(self, engine: Engine, sequence: Sequence) -> None:
        engine.abort(sequence)
        self._active.get(engine, {}).pop(sequence.id, None)
        self._retire(engine)

    def _step(self, engine: Engine) -> None:
        sinks = self._active[engine]
        try:
            outputs = engine.step()
        except Exception as error:  # noqa: BLE001 - the work loop: one model's failure stays its own
            self._fail(engine, _to_engine_error(error))
            return
        self._deliver(
            [
                (sinks.pop(each.id) if each.is_last else sinks[each.id], each.error or each)
                for each in outputs
            ]
        )
        self._retire(engine)

    def _fail(self, engine: Engine, error: EngineError) -> None:
        sinks = self._active.get(engine, {})
        self._deliver([(sinks.pop(each.id), error) for each in engine.abort_all()])
        self._retire(engine)

    def _retire(self, engine: Engine) -> None:
        if not engine.has_work:
            self._active.pop(engine, None)

    def _advance(self, job: Iterator[object], done: Callable[[EngineError | None], None]) -> None:
        try:
            next(job)
        except StopIteration:
            done(None)
        except Exception as error:  # noqa: BLE001 - the work loop: one job's failure stays its own
            done(_to_engine_error(error))
        else:
            self._jobs.append((job, done))


def hand_over(deliveries: list[Delivery]) -> None:
    """Call every sink with what is for it."""
    for sink, item in deliveries:
        sink(item)


def _to_engine_error(error: Exception) -> EngineError:
    if isinstance(error, EngineError):
        return error
    traceback.print_exception(error, file=sys.stderr)
    return EngineError("The engine failed on this request. Its log says more.")
