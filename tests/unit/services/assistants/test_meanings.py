"""Routing by meaning: near enough and clearly nearer than all else, else it stays a question."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest

from volano.kernel.inference import Embeddings, InferenceStatus
from volano.services.assistants.logic import meanings
from volano.services.models import interface as models

WIDTH = 512


def vector_of(text: str) -> tuple[float, ...]:
    """Words as a unit vector: texts with the same words are near."""
    cells = [0.0] * WIDTH
    for word in re.findall(r"\w+", text.lower()):
        cells[sum(map(ord, word)) * 31 % WIDTH] += 1.0
    norm = math.sqrt(sum(cell * cell for cell in cells)) or 1.0
    return tuple(cell / norm for cell in cells)


class Embedding:
    """An inference engine that embeds by words; `state` as of a real one."""

    def __init__(self, state: str) -> None:
        self.state = state
        self.asked = 0

    async def status(self) -> InferenceStatus:
        return InferenceStatus(state=self.state, fraction=1.0, text="")

    async def embed(self, model, inputs) -> Embeddings:
        self.asked += 1
        return Embeddings(
            vectors=tuple(vector_of(text) for text in inputs), prompt_tokens=len(inputs)
        )


@pytest.fixture(autouse=True)
def forgotten(monkeypatch):
    monkeypatch.setattr(meanings, "_VECTORS", {})


async def meant(company, text: str, *, state: str = "ready"):
    await models.bootstrap(company.env)
    engine = Embedding(state)
    env = replace(company.env, inference=engine)
    await meanings.learn(env)
    return await meanings.find_meant(env, company.calls["admin"], text), engine


@pytest.mark.parametrize(
    ("text", "tool"),
    [
        ("could you tell me what storage buckets exist", "s3_ListBuckets"),
        ("power off i-0a1b2c3d4e5f60718", "ec2_StopInstances"),
        ("which notification topics exist", "sns_ListTopics"),
    ],
)
async def test_what_is_near_one_action_is_that_action(company, text, tool):
    routed, _ = await meant(company, text)
    assert routed is not None
    assert routed.tool == tool


async def test_values_are_taken_from_the_request(company):
    routed, _ = await meant(company, "power off i-0123456789abcdef0")
    assert routed is not None
    assert routed.arguments == {"InstanceIds": ["i-0123456789abcdef0"]}


@pytest.mark.parametrize(
    "text",
    [
        "do not power off i-0a1b2c3d4e5f60718",
        "the bucket in the kitchen leaks",
        "who wrote the holiday plan",
        "what the weather is",
        "x" * 300,
    ],
)
async def test_what_is_forbidden_or_asks_for_nothing_stays_a_question(company, text):
    routed, _ = await meant(company, text)
    assert routed is None


async def test_without_a_running_model_nothing_is_embedded(company):
    routed, engine = await meant(company, "which notification topics exist", state="off")
    assert (routed, engine.asked) == (None, 0)


async def test_what_was_learnt_before_it_was_cut_off_stays(company):
    """And until all is learnt, requests go by their words."""
    await models.bootstrap(company.env)
    engine = Embedding("ready")
    env = replace(company.env, inference=engine)
    embed = engine.embed

    async def cut_off(model, inputs):
        if engine.asked == 2:
            raise TimeoutError
        return await embed(model, inputs)

    engine.embed = cut_off
    text = "which notification topics exist"
    with pytest.raises(TimeoutError):
        await meanings.learn(env)
    assert await meanings.find_meant(env, company.calls["admin"], text) is None
    engine.embed = embed
    engine.asked = 0
    await meanings.learn(env)
    batches = -(-len({text for _, text in meanings.example_texts()}) // meanings.BATCH)
    assert engine.asked == batches - 2
    assert await meanings.find_meant(env, company.calls["admin"], text) is not None


def test_every_way_of_asking_is_embedded_in_order():
    texts = meanings.example_texts()
    known = meanings.pair_examples([vector_of(text) for _, text in texts])
    assert [example.route for example in known] == [route for route, _ in texts]
    assert all(text for _, text in texts)
