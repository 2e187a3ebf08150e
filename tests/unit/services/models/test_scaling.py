"""How many replicas a model should have: a function of the queue, what was set, and time."""

from __future__ import annotations

import pytest

from volano.kernel.inference import LoadedModel
from volano.services.models.logic.scaling import CALM_S, wanted_replicas
from volano.services.models.model import Scaling


def wanted(*, queue=0, replicas=1, idle_s=0.0, calm_s=0.0, is_late=False, **words):
    scaling = Scaling(account="1", model="m", **({"replicas_max": 4} | words))
    loaded = LoadedModel(name="m", task="generate", running=queue, replicas=replicas)
    return wanted_replicas(
        scaling, loaded if replicas else None, idle_s=idle_s, calm_s=calm_s, is_late=is_late
    )


@pytest.mark.parametrize(("queue", "expected"), [(0, 1), (1, 1), (8, 1), (9, 2), (17, 3), (99, 4)])
def test_replicas_follow_the_queue_up_to_the_most(queue, expected):
    assert wanted(queue=queue) == expected


def test_one_too_many_leaves_only_after_a_calm_time():
    assert wanted(queue=1, replicas=3, calm_s=CALM_S - 1) == 3
    assert wanted(queue=1, replicas=3, calm_s=CALM_S) == 1


def test_what_is_idle_leaves_memory_unless_it_must_stay():
    assert wanted(idle_s=899) == 1
    assert wanted(idle_s=900) == 0
    assert wanted(idle_s=900, pinned=True) == 1
    assert wanted(idle_s=900, replicas_min=2) == 2
    assert wanted(queue=1, idle_s=900) == 1
    assert wanted(replicas=0) == 0
    assert wanted(replicas=0, replicas_min=2) == 2


def test_late_answers_ask_for_one_more_while_there_is_work():
    assert wanted(queue=3, is_late=True) == 2
    assert wanted(queue=0, is_late=True) == 1
    assert wanted(queue=3, replicas=4, calm_s=CALM_S, is_late=True) == 4
