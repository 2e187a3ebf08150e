"""The same output with every means of going faster on or off, alone and together.

Greedy and seeded; prefix cache, host tier, chunks, preemption, guesses, adapters, batch mates.
"""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from volano.ml.engine.adapters import load_adapter
from volano.ml.engine.generator import Generator
from volano.ml.engine.prepare import prepare
from volano.ml.engine.protocol import AdapterRef, Generate, ModelRef
from volano.ml.engine.scheduler import Limits
from volano.ml.errors import BadModel, QueueFull
from volano.ml.models.batch import ADAPTER_SLOTS, Batch, Rows
from volano.ml.models.numpy_decoder import NumpyDecoder
from volano.ml.models.weights import Weights, write_safetensors

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from volano.ml.layers.arrays import Floats
    from volano.ml.load import Form

MODEL = ModelRef(name="m", source="m", task="generate")
SHARED = "The report of the shop and the region says that objects are kept in buckets. "
RANK = 4
ALPHA = 8
PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def adapter_tensors(folder: Path, seed: int) -> dict[str, Floats]:
    """Random LoRA pairs for every projection of every layer, by PEFT's names."""
    generator = np.random.Generator(np.random.Philox(key=seed))
    weights = Weights(folder)
    tensors: dict[str, Floats] = {}
    for name in sorted(weights.names()):
        part = name.removesuffix(".weight")
        if part.split(".")[-1] not in PROJECTIONS:
            continue
        out, into = weights.shape(name)
        prefix = f"base_model.model.{part}"
        for kind, shape in (("A", (RANK, into)), ("B", (out, RANK))):
            # Few bits, so that bfloat16 holds them exactly.
            values = generator.integers(-8, 9, size=shape).astype(np.float32) / 64
            tensors[f"{prefix}.lora_{kind}.weight"] = values
    return tensors


def write_adapter(folder: Path, tensors: dict[str, Floats], **config: object) -> AdapterRef:
    folder.mkdir(parents=True)
    settings = {"peft_type": "LORA", "r": RANK, "lora_alpha": ALPHA, "bias": "none", **config}
    (folder / "adapter_config.json").write_text(json.dumps(settings))
    write_safetensors(folder / "adapter_model.safetensors", tensors, {"format": "pt"})
    return AdapterRef(name=folder.name, source=str(folder))


@pytest.fixture(scope="module")
def adapters(chat_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[AdapterRef]:
    folder = tmp_path_factory.mktemp("adapters")
    return [
        write_adapter(folder / f"adapter{seed}", adapter_tensors(chat_folder, seed))
        for seed in range(2)
    ]


@pytest.fixture(scope="module", params=["f32", None], ids=["numpy", "device"])
def form(request: pytest.FixtureRequest) -> Form | None:
    return request.param


@pytest.fixture(scope="module")
def alone(chat_folder: Path, adapters: list[AdapterRef], form: Form | None) -> dict[str, list[int]]:
    """The tokens of every request, each served by itself with nothing on."""
    limits = Limits(prefix_cache=False, draft_tokens=0)
    generator = Generator(chat_folder, kv_bytes=2**26, host_kv_bytes=0, limits=limits, form=form)
    found: dict[str, list[int]] = {}
    for request in requests(adapters):
        found |= serve(generator, [request])
    return found


def requests(adapters: list[AdapterRef]) -> list[Generate]:
    """Prompts that share beginnings, answers that repeat themselves; greedy and sampled."""
    chance = random.Random(4)
    made = []
    for index in range(10):
        prompt = SHARED * chance.randrange(3) + chance.choice(("A bucket", "x", "Über 好", "tell"))
        # Every other request may use few tokens only, so that guesses come true.
        few = dict.fromkeys(chance.sample(range(60, 120), 3), 1000.0) if index % 2 else {}
        made.append(
            Generate(
                id=str(index),
                model=MODEL,
                adapter=chance.choice([None, *adapters]),
                prompt=prompt,
                max_tokens=chance.randrange(8, 24),
                temperature=chance.choice((0.0, 0.0, 0.8)),
                top_p=chance.choice((1.0, 0.9)),
                frequency_penalty=chance.choice((0.0, 0.3)),
                logit_bias=few,
                seed=index,
                priority=chance.randrange(2),
            )
        )
    return made


def serve(generator: Generator, wanted: list[Generate], arrive: int = 100) -> dict[str, list[int]]:
    """The tokens of every request, when `arrive` of them come in at each step."""
    sequences = {}
    queue = list(wanted)
    engine = generator.engine
    while queue or engine.has_work:
        for request in queue[:arrive]:
            (sequence,) = prepare(generator, request)
            sequences[request.id] = sequence
            engine.add(sequence)
        del queue[:arrive]
        engine.step()
    engine.blocks.require_idle()
    return {id: sequence.tokens[sequence.prompt_tokens :] for id, sequence in sequences.items()}


PLAIN = {"prefix_cache": False, "draft_tokens": 0}
# `blocks` and `host_blocks` are turned into bytes by the model's own block size.
WAYS: dict[str, dict[str, int]] = {
    "prefix cache": {"prefix_cache": True, "draft_tokens": 0},
    "guesses": {"prefix_cache": False, "draft_tokens": 6, "draft_sequences": 64},
    "chunks": {**PLAIN, "step_tokens": 8, "running": 8},
    "preemption": {**PLAIN, "blocks": 12},
    "host tier": {"draft_tokens": 0, "blocks": 12, "host_blocks": 100},
    "all": {
        "draft_tokens": 5, "draft_sequences": 64, "step_tokens": 12, "running": 8,
        "blocks": 12, "host_blocks": 20,
    },
}  # fmt: skip


def in_bytes(way: dict[str, int], block_bytes: int) -> dict[str, int]:
    names = {"blocks": "kv_bytes", "host_blocks": "host_kv_bytes"}
    return {names.get(k, k): v * block_bytes if k in names else v for k, v in way.items()}


@pytest.mark.parametrize("way", WAYS)
def test_output_is_the_same(make_generator, chat_folder, adapters, alone, form, way: str):
    wanted = requests(adapters)
    plain = make_generator(chat_folder, form=form)
    block_bytes = plain.kv_bytes // plain.engine.blocks.total
    generator = make_generator(chat_folder, form=form, **in_bytes(WAYS[way], block_bytes))
    assert serve(generator, wanted, arrive=3) == alone
    # Again, with whatever the first time left in the caches.
    assert serve(generator, wanted) == alone
    engine = generator.engine
    reached = {
        "prefix cache": lambda: engine.cached_tokens > 0,
        "guesses": lambda: engine.accepted_tokens > 0,
        "chunks": lambda: True,
        "preemption": lambda: engine.scheduler.preemptions > 0,
        "host tier": lambda: engine.blocks.host_used > 0,
        "all": lambda: engine.scheduler.preemptions > 0 and engine.accepted_tokens > 0,
    }
    assert reached[way](), "the case did not test what it names"


def test_an_adapter_equals_weights_it_is_merged_into(
    make_generator, chat_folder, adapters, tmp_path
):
    weights = Weights(chat_folder)
    merged = {name: weights.tensor(name, weights.shape(name)) for name in sorted(weights.names())}
    base = make_generator(chat_folder, form="f32")
    for number, ref in enumerate(adapters):
        pairs = adapter_tensors(chat_folder, number)
        changed = dict(merged)
        for name, value in merged.items():
            part = f"base_model.model.{name.removesuffix('.weight')}.lora_"
            if f"{part}A.weight" in pairs:
                delta = pairs[f"{part}B.weight"] @ pairs[f"{part}A.weight"]
                changed[name] = value + delta * np.float32(ALPHA / RANK)
        ids = [5, 6, 7, 300, 41, 42]
        wanted = Generate(
            id="0", model=MODEL, adapter=ref, prompt_ids=ids, max_tokens=1, prompt_logprobs=0
        )
        got = prompt_logprobs(base, wanted)
        exact = by_decoder(base, changed, ids)
        assert got == pytest.approx(exact, abs=2e-3)
        plain = Generate(id="1", model=MODEL, prompt_ids=ids, max_tokens=1, prompt_logprobs=0)
        assert prompt_logprobs(base, plain) != pytest.approx(exact, abs=0.05)


def prompt_logprobs(generator: Generator, wanted: Generate) -> list[float]:
    (sequence,) = prepare(generator, wanted)
    generator.engine.add(sequence)
    while generator.engine.has_work:
        generator.engine.step()
    return [entry.logprob for entry in sequence.prompt_logprobs if entry.logprob is not None]


def by_decoder(generator: Generator, weights: dict[str, Floats], ids: list[int]) -> list[float]:
    """Log probabilities of each next id, by a decoder over the given weights."""

    class Given:
        size_bytes = 0

        def shape(self, name: str) -> tuple[int, ...]:
            return weights[name].shape

        def names(self) -> set[str]:
            return set(weights)

        def tensor(self, name: str, shape: tuple[int, ...]) -> Floats:
            assert weights[name].shape == shape
            return weights[name]

    decoder = NumpyDecoder(generator.engine.model_config, Given(), max_positions=64)
    count = len(ids)
    places = np.arange(count, dtype=np.int64)
    batch = Batch(
        token_ids=np.array(ids, dtype=np.int64), positions=places, slots=places,
        sequences=(Rows(start=0, count=count, context=count, block_table=places[:1]),),
        logit_rows=places,
    )  # fmt: skip
    logits = decoder.forward(batch, decoder.new_cache(blocks=1, block_size=16)).astype(np.float64)
    logprobs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return [float(logprobs[row, id]) for row, id in enumerate(ids[1:])]


def test_more_adapters_than_slots_take_turns(make_generator, chat_folder, tmp_path):
    tensors = adapter_tensors(chat_folder, 1)
    refs = [write_adapter(tmp_path / f"a{i}", tensors) for i in range(ADAPTER_SLOTS + 3)]
    generator = make_generator(chat_folder)
    expected = None
    for ref in refs:
        wanted = Generate(
            id="0", model=MODEL, adapter=ref, prompt="A", max_tokens=4, temperature=0.0
        )
        tokens = serve(generator, [wanted])["0"]
        expected = expected or tokens
        assert tokens == expected
    for ref in refs[:ADAPTER_SLOTS]:
        wanted = Generate(id=ref.name, model=MODEL, adapter=ref, prompt="A", max_tokens=4)
        generator.engine.add(prepare(generator, wanted)[0])
    one_more = Generate(id="z", model=MODEL, adapter=refs[-1], prompt="A", max_tokens=4)
    with pytest.raises(QueueFull, match="adapters of this model are in use"):
        generator.engine.add(prepare(generator, one_more)[0])


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"peft_type": "IA3"}, "not a LoRA adapter"),
        ({"use_dora": True}, "use_dora is not supported"),
        ({"bias": "all"}, "only bias 'none'"),
        ({"r": None}, "needs r and lora_alpha"),
    ],
)
def test_an_adapter_that_is_no_plain_lora_is_refused(chat_folder, tmp_path, config, message):
    write_adapter(tmp_path / "a", adapter_tensors(chat_folder, 1), **config)
    with pytest.raises(BadModel, match=message):
        load_adapter(tmp_path / "a")


def half(tensors: dict[str, Floats]) -> dict[str, Floats]:
    return {name: value for name, value in tensors.items() if "lora_A" in name}


def renamed(tensors: dict[str, Floats]) -> dict[str, Floats]:
    return {f"{name}.extra": value for name, value in tensors.items()}


def narrow(tensors: dict[str, Floats]) -> dict[str, Floats]:
    return {name: value[:2] if "lora_A" in name else value for name, value in tensors.items()}


@pytest.mark.parametrize("damage", [half, renamed, narrow])
def test_damaged_adapter_weights_are_refused(
    chat_folder, tmp_path, damage: Callable[[dict[str, Floats]], dict[str, Floats]]
):
    write_adapter(tmp_path / "a", damage(adapter_tensors(chat_folder, 1)))
    with pytest.raises(BadModel):
        load_adapter(tmp_path / "a")
