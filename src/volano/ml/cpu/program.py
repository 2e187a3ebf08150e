"""A step as a list of operations, and the compiled loop by which threads share it.

An operation is a kernel with its arguments and a number of chunks. Threads take chunks from a
counter; an operation is over when all its chunks are done, not when all threads have arrived. So a
thread that the system has put aside between chunks holds nobody up, the caller alone can do all of
the work, and the number of threads may change from step to step. A waiting thread spins for a
bounded time and then yields the processor.

Counters carry the step's number in their upper half and are spoilt when the step ends: a thread
that wakes late finds that its step is over and can take nothing of the next.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
import threading
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from volano.ml.cpu.ir import Function
from volano.ml.cpu.machine import compile_functions, native_target

if TYPE_CHECKING:
    from volano.ml.cpu.ir import Value, Variable
    from volano.ml.layers.arrays import Ints

# Slots of the step's array, which kernels read: counts, and addresses of arrays.
(
    TOKENS, ITEMS, LOGITS, EXPERT_ROWS, TOKEN_IDS, POSITIONS, SLOTS, ITEM_TABLE, LOGIT_ROWS,
    ADAPTERS, CACHE, FIXED, STEP_SLOTS,
) = range(13)  # fmt: skip

THREADS_MAX = 64
# Programs kept after their model is gone, for a helper that the system put aside in one.
_PROGRAMS_KEPT = 64

_OP_BYTES = 64  # kernel, arguments, counted slot, size, next chunk, chunks done
_COUNTED, _SIZE, _NEXT, _DONE = 16, 24, 32, 40
_EPOCH, _STOP, _HELPERS, _OPERATIONS, _COUNT, _STEP, _MAIL_SLOTS = range(7)
_SPINS = 4000  # some tens of microseconds: longer than most chunks take to end
_CHUNK_BITS = 32
_SPOILT = 1 << 31  # as a chunk's number: beyond any operation's chunks
_FUTEX_NUMBERS = {"x86_64": 202, "aarch64": 98}
_FUTEX_WAIT, _FUTEX_WAKE = 128, 129  # private to the process
_SLEEP_US = 200  # between looks, where there are no futexes


class Operation(NamedTuple):
    """A kernel's address and arguments; chunks: step[counted] / size, or `size` where FIXED."""

    kernel: int
    arguments: Ints
    counted: int
    size: int


class Program:
    """Operations in their order; the arrays that arguments point to are the maker's to keep."""

    def __init__(self, operations: list[Operation], step: Ints) -> None:
        self.step = step
        self._arguments = [each.arguments for each in operations]
        self.operations = np.zeros((len(operations), _OP_BYTES // 8), dtype=np.int64)
        for row, each in zip(self.operations, operations, strict=True):
            row[:4] = each.kernel, each.arguments.ctypes.data, each.counted, each.size


class Pool:
    """The threads of this process that help with steps; they are started as they are wanted."""

    def __init__(self) -> None:
        self.threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
        self._mail = np.zeros(_MAIL_SLOTS, dtype=np.int64)
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._kept: deque[Program] = deque(maxlen=_PROGRAMS_KEPT)
        self._code = compile_functions(_functions(), native_target())
        self._run = self._code.function("run_step", ctypes.c_void_p)
        self._help = self._code.function("help_steps", ctypes.c_void_p, ctypes.c_int64)

    def run(self, program: Program) -> None:
        """Run a step on `threads` threads, of which the caller is one; one step at a time."""
        with self._lock:
            if not self._kept or self._kept[-1] is not program:
                self._kept.append(program)
            helpers = max(0, min(self.threads, THREADS_MAX) - 1)
            self._start(helpers)
            mail = self._mail
            mail[_HELPERS] = helpers
            mail[_OPERATIONS] = program.operations.ctypes.data
            mail[_COUNT] = len(program.operations)
            mail[_STEP] = program.step.ctypes.data
            self._run(mail.ctypes.data)

    def close(self) -> None:
        """End the helpers, which run in this pool's code: needed before it is dropped."""
        with self._lock:
            self._mail[_STOP], self._mail[_COUNT] = 1, 0
            self._mail[_HELPERS] = max(1, len(self._threads))  # a step wakes them only with some
            self._run(self._mail.ctypes.data)
            for thread in self._threads:
                thread.join()

    def _start(self, helpers: int) -> None:
        while len(self._threads) < helpers:
            arguments = (self._mail.ctypes.data, len(self._threads))
            name = f"kernels-{len(self._threads)}"
            # They wait in compiled code without the interpreter's lock, and end with the process.
            made = threading.Thread(target=self._help, args=arguments, name=name, daemon=True)
            made.start()
            self._threads.append(made)


def _functions() -> list[Function]:
    return [_work(), _run_step(), _help_steps()]


def _run_step() -> Function:
    """Count up the step, clear its counters, wake the helpers, work, and spoil the counters."""
    f = Function("run_step", ["ptr"])
    (mail,) = f.arguments
    epoch = _mail(f, mail, _EPOCH) + 1
    operations = f.cast("inttoptr", _mail(f, mail, _OPERATIONS), "ptr")
    count = _mail(f, mail, _COUNT)
    with f.loop(0, count) as index:
        operation = f.at(operations, index * _OP_BYTES)
        f.store(f.lift("i64", 0), f.at(operation, _DONE))
        f.store(epoch << _CHUNK_BITS, f.at(operation, _NEXT))
    place = f.at(mail, _EPOCH * 8)
    f.emit(f"store atomic i64 {epoch.name}, ptr {place.name} release, align 8")
    with f.when(f.compare("sgt", _mail(f, mail, _HELPERS), 0)):
        _futex(f, place, _FUTEX_WAKE, f.lift("i32", THREADS_MAX))
    f.call("work", "void", mail, epoch)
    with f.loop(0, count) as index:
        next_chunk = f.at(operations, index * _OP_BYTES + _NEXT)
        spoilt = (epoch << _CHUNK_BITS) | _SPOILT
        f.emit(f"store atomic i64 {spoilt.name}, ptr {next_chunk.name} release, align 8")
    return f


def _help_steps() -> Function:
    """Wait for a step, help with it, and so on until told to stop."""
    f = Function("help_steps", ["ptr", "i64"])
    mail, number = f.arguments
    place = f.at(mail, _EPOCH * 8)
    seen = f.variable("i64", 0)
    with f.forever() as end:
        spins = f.variable("i64")
        spins.set(0)
        waiting = f.variable("i64")
        with f.forever() as woken:
            waiting.set(f.make("i64", f"load atomic i64, ptr {place.name} acquire, align 8"))
            f.leave(woken, f.compare("ne", waiting.value, seen.value))
            _spin(f, spins)
            with f.when(f.compare("sgt", spins.value, _SPINS)):
                _futex(f, place, _FUTEX_WAIT, f.cast("trunc", seen.value, "i32"))
        seen.set(waiting.value)
        f.leave(end, f.compare("ne", _mail(f, mail, _STOP), 0))
        with f.when(f.compare("slt", number, _mail(f, mail, _HELPERS))):
            f.call("work", "void", mail, seen.value)
    return f


def _work() -> Function:
    """`work(mail, epoch)`: go through a step's operations, taking chunks while there are any."""
    f = Function("work", ["ptr", "i64"], linkage="internal")
    mail, epoch = f.arguments
    operations = f.cast("inttoptr", _mail(f, mail, _OPERATIONS), "ptr")
    step = f.cast("inttoptr", _mail(f, mail, _STEP), "ptr")
    base = epoch << _CHUNK_BITS
    over = f.variable("i64", 0)
    with f.loop(0, _mail(f, mail, _COUNT)) as index:
        operation = f.at(operations, index * _OP_BYTES)
        with f.when(f.compare("eq", over.value, 0)):
            chunks = _chunks(f, operation, step)
            _take_chunks(f, operation, step, base, chunks)
            _await_chunks(f, operation, base, chunks, over)
    return f


def _chunks(f: Function, operation: Value, step: Value) -> Value:
    counted = f.load(f.at(operation, _COUNTED), "i64")
    size = f.load(f.at(operation, _SIZE), "i64")
    amount = f.load(f.at(step, counted * 8), "i64")
    return f.select(f.compare("eq", counted, FIXED), size, (amount + size - 1) // size)


def _take_chunks(f: Function, operation: Value, step: Value, base: Value, chunks: Value) -> None:
    place, done = f.at(operation, _NEXT), f.at(operation, _DONE)
    with f.forever() as end:
        held = f.make("i64", f"load atomic i64, ptr {place.name} acquire, align 8")
        chunk = held - base
        # The counter of another step, or a spoilt one, is far outside.
        f.leave(end, f.compare("uge", chunk, chunks))
        taken = held + 1
        swap = f"cmpxchg ptr {place.name}, i64 {held.name}, i64 {taken.name} acq_rel monotonic"
        swapped = f.make("{ i64, i1 }", swap)
        with f.when(f.make("i1", f"extractvalue {{ i64, i1 }} {swapped.name}, 1")):
            kernel = f.load(operation, "ptr")
            arguments = f.load(f.at(operation, 8), "ptr")
            passed = f"ptr {arguments.name}, ptr {step.name}, i64 {chunk.name}"
            f.emit(f"call void {kernel.name}({passed})")
            f.make("i64", f"atomicrmw add ptr {done.name}, i64 1 release")


def _await_chunks(
    f: Function, operation: Value, base: Value, chunks: Value, over: Variable
) -> None:
    """Until every chunk is done, or until the counters belong to another step."""
    spins = f.variable("i64")
    spins.set(0)
    done, next_chunk = f.at(operation, _DONE), f.at(operation, _NEXT)
    with f.forever() as end:
        finished = f.make("i64", f"load atomic i64, ptr {done.name} acquire, align 8")
        f.leave(end, f.compare("sge", finished, chunks))
        held = f.make("i64", f"load atomic i64, ptr {next_chunk.name} acquire, align 8")
        stale = f.compare("ugt", held - base, chunks)
        with f.when(stale):
            over.set(1)
        f.leave(end, stale)
        _spin(f, spins)
        with f.when(f.compare("sgt", spins.value, _SPINS)):
            f.call("sched_yield", "i32")


def _spin(f: Function, spins: Variable) -> None:
    spins.set(spins.value + 1)
    if platform.machine() in ("aarch64", "arm64"):
        f.call("llvm.aarch64.hint", "void", f.lift("i32", 1))
    else:
        f.call("llvm.x86.sse2.pause", "void")


def _mail(f: Function, mail: Value, slot: int) -> Value:
    return f.load(f.at(mail, slot * 8), "i64")


def _futex(f: Function, place: Value, operation: int, value: Value) -> None:
    """Sleep while the low half of the step's number is `value`, or wake so many sleepers."""
    number = _FUTEX_NUMBERS.get(platform.machine()) if sys.platform == "linux" else None
    if number is None:
        if operation == _FUTEX_WAIT:
            f.call("usleep", "i32", f.lift("i32", _SLEEP_US))
        return
    f.declared.add("declare i64 @syscall(i64, ...)")
    f.emit(
        f"call i64 (i64, ...) @syscall(i64 {number}, ptr {place.name}, i32 {operation}, "
        f"i32 {value.name}, ptr null)"
    )
