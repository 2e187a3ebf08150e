"""Who goes next: priorities, fair shares, deadlines, shared prompts, nothing leaked under load."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from volano.ml.engine.blocks import BlockPool, root_hash
from volano.ml.engine.sampler import Sampling
from volano.ml.engine.scheduler import Limits, Scheduler
from volano.ml.engine.sequence import make_sequence
from volano.ml.errors import QueueFull

if TYPE_CHECKING:
    from volano.ml.engine.scheduler import Work
    from volano.ml.engine.sequence import Sequence

BLOCK = 4


def make(id: str, tokens: list[int], *, priority: int = 0, scope: str = "") -> Sequence:
    sequence = make_sequence(
        id, tokens, max_tokens=8, sampling=Sampling(), root=root_hash(scope, "")
    )
    sequence.priority = priority
    sequence.scope = scope
    return sequence


def scheduler(*, blocks: int = 64, **limits: int) -> tuple[Scheduler, BlockPool]:
    pool = BlockPool(blocks=blocks, block_size=BLOCK)
    given = {"step_tokens": 32, "running": 8, **limits}
    return Scheduler(pool, Limits(**given)), pool


def compute(plan: list[Work], scheduler: Scheduler, token: int = 7) -> None:
    """Pretend that the model ran and every guess was wrong."""
    for work in plan:
        work.sequence.computed += work.count
        if not work.sequence.pending:
            work.sequence.tokens.append(token)
        scheduler.note_computed(work.sequence)


def ids(plan: list[Work]) -> list[str]:
    return [work.sequence.id for work in plan]


def test_higher_priority_goes_first_and_scopes_take_turns():
    queue, _ = scheduler(running=1, step_tokens=32)
    for number in range(3):
        queue.add(make(f"a{number}", [number] * 9, scope="a"))
    queue.add(make("b0", [9] * 9, scope="b"))
    queue.add(make("urgent", [8] * 9, priority=1))
    order = []
    while queue.waiting or queue.running:
        plan = queue.plan()
        order += ids(plan)
        for work in plan:
            queue.remove(work.sequence)
    assert order == ["urgent", "a0", "b0", "a1", "a2"]


def test_something_more_important_takes_the_place_of_the_latest():
    queue, pool = scheduler(running=2)
    first, second = make("first", [1] * 9), make("second", [2] * 9)
    queue.add(first)
    queue.add(second)
    compute(queue.plan(), queue)
    queue.add(make("urgent", [3] * 9, priority=5))
    assert set(ids(queue.plan())) == {"first", "urgent"}
    assert queue.waiting == [second]
    for sequence in (*queue.running, *queue.waiting):
        queue.remove(sequence)
    pool.require_idle()


def test_equal_prompts_are_read_once():
    queue, pool = scheduler(step_tokens=8, running=8)
    sequences = [make(str(number), [5] * 14) for number in range(4)]
    for sequence in sequences:
        queue.add(sequence)
    plan = queue.plan()
    assert [(work.sequence.id, work.count) for work in plan] == [("0", 8)]
    compute(plan, queue)
    plan = queue.plan()
    assert [(work.sequence.id, work.count) for work in plan] == [("0", 6)]
    compute(plan, queue)
    plan = queue.plan()
    # The three others share its first three blocks and read the last two tokens themselves.
    assert {work.sequence.id: work.start for work in plan} == {"0": 14, "1": 12, "2": 12, "3": 12}
    assert [sequence.cached_tokens for sequence in sequences] == [0, 12, 12, 12]
    assert pool.total - pool.free == 3 + 4
    for sequence in sequences:
        queue.remove(sequence)
    pool.require_idle()


def test_a_reader_that_leaves_does_not_hold_up_those_who_waited_for_it():
    queue, _ = scheduler(step_tokens=8)
    first, second = make("first", [5] * 14), make("second", [5] * 14)
    queue.add(first)
    queue.add(second)
    assert ids(queue.plan()) == ["first"]
    queue.remove(first)
    assert ids(queue.plan()) == ["second"]


def test_without_a_prefix_cache_nothing_is_shared():
    queue, _ = scheduler(step_tokens=32, prefix_cache=False)
    for number in range(2):
        queue.add(make(str(number), [5] * 9))
    assert [work.count for work in queue.plan()] == [9, 9]


def test_deadlines_are_seen_in_the_queue_and_while_running():
    queue, _ = scheduler(running=1)
    for number in range(2):
        sequence = make(str(number), [number] * 3)
        sequence.deadline_s = 10.0
        queue.add(sequence)
    queue.plan()
    assert queue.expired(9.9) == []
    assert len(queue.expired(10.0)) == 2


def test_the_queue_is_bounded():
    queue, _ = scheduler(waiting=3)
    for number in range(3):
        queue.add(make(str(number), [1]))
    with pytest.raises(QueueFull, match="3 requests already wait"):
        queue.add(make("one more", [1]))


@pytest.mark.parametrize("seed", range(20))
def test_random_load_ends_with_every_request_served_and_no_block_held(seed: int):
    """Few blocks, shared prompts, priorities and aborts; each step keeps its budget."""
    chance = random.Random(seed)
    limits = {"step_tokens": chance.choice((8, 16)), "running": chance.choice((2, 4, 8))}
    queue, pool = scheduler(blocks=chance.choice((8, 12, 32)), **limits)
    left = {}
    for number in range(40):
        prompt = [chance.randrange(2)] * chance.randrange(1, 20)
        sequence = make(str(number), prompt, priority=chance.randrange(3), scope=str(number % 3))
        left[sequence.id] = sequence
        queue.add(sequence)
    steps = 0
    while left:
        steps += 1
        assert steps < 5000, "the load is not served"
        plan = queue.plan()
        assert plan, "nobody can go on"
        assert sum(work.count + len(work.drafts) for work in plan) <= limits["step_tokens"]
        compute(plan, queue, token=chance.randrange(2))
        for work in plan:
            done = work.sequence.completion_tokens >= work.sequence.max_tokens
            if done or chance.random() < 0.01:
                queue.remove(work.sequence)
                del left[work.sequence.id]
    pool.require_idle()
