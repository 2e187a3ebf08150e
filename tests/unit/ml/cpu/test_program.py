"""Threads share a step's chunks: each is done once, whoever takes it, whatever their number."""

from __future__ import annotations

import threading

import numpy as np

from volano.ml.cpu import program
from volano.ml.cpu.ir import Function
from volano.ml.cpu.machine import compile_functions, native_target
from volano.ml.cpu.program import Operation, Pool, Program


def counting_code():
    """`follow` adds to its counter what the operation before has counted to."""
    f = Function("follow", ["ptr", "ptr", "i64"])
    arguments = f.arguments[0]
    before = f.load(arguments, "ptr")
    seen = f.make("i64", f"load atomic i64, ptr {before.name} monotonic, align 8")
    own = f.at(arguments, 8)
    f.make("i64", f"atomicrmw add ptr {own.name}, i64 {seen.name} monotonic")
    return compile_functions([f], native_target())


def test_every_chunk_is_done_once_and_in_the_order_of_operations():
    code = counting_code()
    one = np.ones(1, dtype=np.int64)
    counters = [np.zeros(2, dtype=np.int64) for _ in range(4)]
    for counter, before in zip(counters, [one, *(each[1:] for each in counters)], strict=False):
        counter[0] = before.ctypes.data
    step = np.zeros(program.STEP_SLOTS, dtype=np.int64)
    kernel = code.address("follow")
    operations = [Operation(kernel, counter, program.TOKENS, 2) for counter in counters[:3]]
    operations.append(Operation(kernel, counters[3], program.FIXED, 5))
    made = Program(operations, step)
    before = threading.active_count()
    pool = Pool()
    try:
        for round_ in range(600):
            pool.threads = 1 + round_ % 4
            step[program.TOKENS] = tokens = 1 + round_ % 9
            for counter in counters:
                counter[1] = 0
            pool.run(made)
            chunks = -(-tokens // 2)
            # One that began before the operation ahead of it was over would have counted less.
            wanted = [chunks, chunks**2, chunks**3, 5 * chunks**3]
            assert [int(each[1]) for each in counters] == wanted
    finally:
        pool.close()
    assert threading.active_count() == before
