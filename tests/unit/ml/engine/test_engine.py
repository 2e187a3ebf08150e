"""Exactness of the engine: however a request is batched, chunked or interrupted, its output stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from volano.ml.engine.prepare import prepare
from volano.ml.engine.protocol import Generate, ModelRef
from volano.ml.errors import BadRequest, QueueFull
from volano.ml.layers.arrays import Floats
from volano.ml.models.configs import ConfigFile
from volano.ml.models.families import parse_decoder
from volano.ml.models.weights import Weights

if TYPE_CHECKING:
    from pathlib import Path

    from volano.ml.engine.engine import Engine
    from volano.ml.engine.generator import Generator
    from volano.ml.engine.sequence import Sequence

END_BIAS = 2  # <|im_end|> in the tiny model's vocabulary; 0 is <|endoftext|>
PROMPTS = [
    "A bucket holds objects.",
    "x",
    "Long: " + "the report of the shop and the region. " * 12,
    "Über die Brücke 好 🙂",
    "volano models pull",
]


def request(id: str, prompt: str, **options: object) -> Generate:
    model = ModelRef(name="m", source="m", task="generate")
    return Generate(id=id, model=model, prompt=prompt, **options)  # type: ignore[arg-type] # test's own


def prepare_one(generator: Generator, wanted: Generate) -> Sequence:
    (sequence,) = prepare(generator, wanted)
    return sequence


def run_all(engine: Engine) -> tuple[dict[str, str], dict[str, str]]:
    """Step to the end; the texts and the finish reasons by id."""
    texts: dict[str, str] = {}
    reasons: dict[str, str] = {}
    while engine.has_work:
        for output in engine.step():
            texts[output.id] = texts.get(output.id, "") + output.text
            if output.finish_reason is not None:
                reasons[output.id] = output.finish_reason
    return texts, reasons


class NaiveQwen3:
    """The whole sequence through the whole model, a row at a time, in float64, without a cache."""

    def __init__(self, folder: Path) -> None:
        self.config = parse_decoder(ConfigFile(folder))
        weights = Weights(folder)
        c = self.config
        shapes = {
            "embed_tokens": (c.vocab_size, c.hidden_size), "norm": (c.hidden_size,),
            "input_layernorm": (c.hidden_size,), "post_attention_layernorm": (c.hidden_size,),
            "q_proj": (c.heads * c.head_dim, c.hidden_size), "k_proj": (c.kv_heads * c.head_dim, c.hidden_size),
            "v_proj": (c.kv_heads * c.head_dim, c.hidden_size), "o_proj": (c.hidden_size, c.heads * c.head_dim),
            "q_norm": (c.head_dim,), "k_norm": (c.head_dim,), "lm_head": (c.vocab_size, c.hidden_size),
            "gate_proj": (c.intermediate_size, c.hidden_size), "up_proj": (c.intermediate_size, c.hidden_size),
            "down_proj": (c.hidden_size, c.intermediate_size),
        }  # fmt: skip
        self.w = {
            name: weights.tensor(name, shapes[name.split(".")[-2]]).astype(np.float64)
            for name in weights.names()
        }

    def norm(self, x: Floats, weight: Floats) -> Floats:
        return x / np.sqrt((x * x).mean() + self.config.eps) * weight

    def rotate(self, x: Floats, position: int) -> Floats:
        half = self.config.head_dim // 2
        out = x.copy()
        for i in range(half):
            angle = position * self.config.rotaries[0].theta ** (-2 * i / self.config.head_dim)
            out[i] = x[i] * np.cos(angle) - x[i + half] * np.sin(angle)
            out[i + half] = x[i + half] * np.cos(angle) + x[i] * np.sin(angle)
        return out

    def logits(self, ids: list[int]) -> Floats:
        c = self.config
        rows = [self.w["model.embed_tokens.weight"][id] for id in ids]
        for layer in range(c.layers):
            p = f"model.layers.{layer}."
            keys, values, mixed = [], [], []
            for position, row in enumerate(rows):
                x = self.norm(row, self.w[p + "input_layernorm.weight"])
                q = (self.w[p + "self_attn.q_proj.weight"] @ x).reshape(c.heads, c.head_dim)
                k = (self.w[p + "self_attn.k_proj.weight"] @ x).reshape(c.kv_heads, c.head_dim)
                values.append((self.w[p + "self_attn.v_proj.weight"] @ x).reshape(c.kv_heads, -1))
                keys.append(
                    [
                        self.rotate(self.norm(h, self.w[p + "self_attn.k_norm.weight"]), position)
                        for h in k
                    ]
                )
                heads = []
                for head in range(c.heads):
                    kv = head // (c.heads // c.kv_heads)
                    query = self.rotate(
                        self.norm(q[head], self.w[p + "self_attn.q_norm.weight"]), position
                    )
                    scores = np.array([query @ key[kv] for key in keys]) / np.sqrt(c.head_dim)
                    shares = np.exp(scores - scores.max())
                    shares /= shares.sum()
                    heads.append(
                        sum(share * value[kv] for share, value in zip(shares, values, strict=True))
                    )
                mixed.append(self.w[p + "self_attn.o_proj.weight"] @ np.concatenate(heads))
            rows = [row + m for row, m in zip(rows, mixed, strict=True)]
            for i, row in enumerate(rows):
                x = self.norm(row, self.w[p + "post_attention_layernorm.weight"])
                gate = self.w[p + "mlp.gate_proj.weight"] @ x
                up = self.w[p + "mlp.up_proj.weight"] @ x
                rows[i] = row + self.w[p + "mlp.down_proj.weight"] @ (
                    gate / (1 + np.exp(-gate)) * up
                )
        head = self.w.get("lm_head.weight", self.w["model.embed_tokens.weight"])
        return head @ self.norm(rows[-1], self.w["model.norm.weight"])


def greedy(make_generator, folder, prompts, *, max_tokens=24, **limits):
    generator = make_generator(folder, **limits)
    for index, prompt in enumerate(prompts):
        wanted = request(str(index), prompt, temperature=0.0, max_tokens=max_tokens)
        generator.engine.add(prepare_one(generator, wanted))
    texts, _ = run_all(generator.engine)
    assert generator.engine.blocks.free == generator.engine.blocks.total
    return [texts[str(index)] for index in range(len(prompts))]


def test_paged_greedy_tokens_equal_a_naive_full_recompute(make_generator, random_folder):
    naive = NaiveQwen3(random_folder)
    generator = make_generator(random_folder)
    for prompt in (PROMPTS[0], PROMPTS[3]):
        sequence = prepare_one(generator, request("a", prompt, temperature=0.0, max_tokens=6))
        ids = list(sequence.tokens)
        generator.engine.add(sequence)
        run_all(generator.engine)
        for token in sequence.tokens[len(ids) :]:
            assert int(np.argmax(naive.logits(ids))) == token
            ids.append(token)


def test_logits_are_close_to_the_naive_ones(make_generator, random_folder):
    generator = make_generator(random_folder)
    sequence = prepare_one(
        generator, request("a", PROMPTS[0], top_logprobs=20, max_tokens=1, seed=1)
    )
    generator.engine.add(sequence)
    (output,) = generator.engine.step()
    logits = NaiveQwen3(random_folder).logits(sequence.tokens[:-1])
    exact = np.sort(logits - np.log(np.exp(logits).sum()))[::-1][:20]
    got = [logprob for _, logprob, _ in output.logprobs[0].top]
    assert np.max(np.abs(exact - got)) < 1e-3


def test_output_does_not_depend_on_batch_mates(make_generator, random_folder):
    alone = [greedy(make_generator, random_folder, [prompt])[0] for prompt in PROMPTS]
    assert greedy(make_generator, random_folder, PROMPTS) == alone


def test_output_does_not_depend_on_the_size_of_prefill_chunks(make_generator, random_folder):
    whole = greedy(make_generator, random_folder, PROMPTS, step_tokens=512, running=8)
    assert greedy(make_generator, random_folder, PROMPTS, step_tokens=8, running=8) == whole


def test_preempted_sequences_give_the_same_output(make_generator, random_folder):
    plenty = greedy(make_generator, random_folder, PROMPTS[:2] * 3, max_tokens=60)
    # Room for 8 blocks of 16 tokens: six sequences of up to 80 tokens cannot all stay.
    few = 8 * 16 * 2048
    tight = greedy(make_generator, random_folder, PROMPTS[:2] * 3, max_tokens=60, kv_bytes=few)
    assert tight == plenty
    generator = make_generator(random_folder, kv_bytes=few)
    sequences = [
        prepare_one(
            generator, request(str(index), PROMPTS[0], logit_bias={END_BIAS: -1000, 0: -1000})
        )
        for index in range(6)
    ]
    for sequence in sequences:
        generator.engine.add(sequence)
    preempted = 0
    for _ in range(60):
        held = [sequence.computed for sequence in sequences]
        generator.engine.step()
        preempted += sum(now.computed < was for now, was in zip(sequences, held, strict=True))
    assert preempted > 0


def test_sampled_output_repeats_with_its_seed_whatever_the_batch(make_generator, random_folder):
    def run(others: int) -> str:
        generator = make_generator(random_folder)
        for index in range(others):
            generator.engine.add(
                prepare_one(generator, request(f"o{index}", PROMPTS[index], seed=index))
            )
        wanted = request("me", "tell", seed=-12345678901234567, top_p=0.9, max_tokens=40)
        generator.engine.add(prepare_one(generator, wanted))
        return run_all(generator.engine)[0]["me"]

    assert run(0) == run(3) == run(5)


def test_different_seeds_differ_and_the_seed_is_reported(make_generator):
    generator = make_generator()
    for seed in (1, 2, None):
        wanted = request(f"s{seed}", "A", seed=seed, max_tokens=30, temperature=1.5)
        generator.engine.add(prepare_one(generator, wanted))
    seeds: dict[str, int] = {}
    texts: dict[str, str] = {}
    while generator.engine.has_work:
        for output in generator.engine.step():
            seeds[output.id] = output.seed
            texts[output.id] = texts.get(output.id, "") + output.text
    assert (seeds["s1"], seeds["s2"]) == (1, 2)
    assert texts["s1"] != texts["s2"]


def test_a_decoding_sequence_gets_a_token_in_every_step_of_a_long_prefill(make_generator):
    generator = make_generator(step_tokens=16, running=4, draft_tokens=0)
    short = prepare_one(
        generator, request("short", "A", logit_bias={END_BIAS: -1000}, max_tokens=50)
    )
    generator.engine.add(short)
    generator.engine.step()
    long = prepare_one(generator, request("long", PROMPTS[2], max_tokens=1))
    generator.engine.add(long)
    while long.pending > 1 and short.completion_tokens < 50:
        before = short.completion_tokens
        generator.engine.step()
        assert short.completion_tokens == before + 1


def test_abort_frees_blocks_at_once_and_leaves_the_others_alone(make_generator, random_folder):
    expected = greedy(make_generator, random_folder, [PROMPTS[0]])[0]
    generator = make_generator(random_folder)
    engine = generator.engine
    kept = prepare_one(generator, request("kept", PROMPTS[0], temperature=0.0, max_tokens=24))
    dropped = prepare_one(generator, request("dropped", PROMPTS[2], max_tokens=24))
    engine.add(kept)
    engine.add(dropped)
    engine.step()
    engine.step()
    held = len(dropped.block_table)
    free = engine.blocks.free
    assert held > 1
    engine.abort(dropped)
    assert engine.blocks.free == free + held
    engine.abort(dropped)
    assert engine.blocks.free == free + held
    parts = []
    while engine.has_work:
        parts += [output.text for output in engine.step()]
    assert expected.endswith("".join(parts))
    assert engine.blocks.free == engine.blocks.total


def test_abort_of_a_waiting_sequence_takes_it_out_of_the_queue(make_generator):
    generator = make_generator(running=1, step_tokens=8)
    first, second = (prepare_one(generator, request(id, "A", max_tokens=4)) for id in "ab")
    generator.engine.add(first)
    generator.engine.add(second)
    generator.engine.abort(second)
    texts, _ = run_all(generator.engine)
    assert set(texts) == {"a"}


def test_the_queue_has_a_limit(make_generator):
    generator = make_generator(waiting=2)
    for id in "ab":
        generator.engine.add(prepare_one(generator, request(id, "A", max_tokens=1)))
    with pytest.raises(QueueFull, match="2 requests already wait"):
        generator.engine.add(prepare_one(generator, request("c", "A", max_tokens=1)))


def test_max_tokens_ends_with_length_and_counts(make_generator):
    generator = make_generator()
    wanted = request("a", "A bucket", max_tokens=3, logit_bias={END_BIAS: -1000, 0: -1000})
    sequence = prepare_one(generator, wanted)
    generator.engine.add(sequence)
    _, reasons = run_all(generator.engine)
    assert reasons == {"a": "length"}
    assert sequence.completion_tokens == 3


def test_the_end_token_ends_with_stop_and_is_not_shown(make_generator):
    generator = make_generator()
    wanted = request("a", "A bucket", logit_bias={END_BIAS: 1000}, max_tokens=9, top_logprobs=0)
    generator.engine.add(prepare_one(generator, wanted))
    (output,) = generator.engine.step()
    assert (output.text, output.finish_reason, output.logprobs) == ("", "stop", ())
    assert output.completion_tokens == 1


def test_a_context_that_is_full_ends_with_length(make_generator):
    generator = make_generator(kv_bytes=4 * 16 * 2048)  # 64 tokens
    wanted = request("a", "A bucket", logit_bias={END_BIAS: -1000, 0: -1000}, max_tokens=1000)
    sequence = prepare_one(generator, wanted)
    generator.engine.add(sequence)
    _, reasons = run_all(generator.engine)
    assert reasons == {"a": "length"}
    assert len(sequence.tokens) == 64


def test_a_prompt_over_the_context_is_refused_with_both_numbers(make_generator):
    generator = make_generator(kv_bytes=4 * 16 * 2048)
    with pytest.raises(BadRequest, match="context is 64 tokens; the prompt has") as caught:
        prepare_one(generator, request("a", "report " * 100))
    assert caught.value.code == "context_length_exceeded"
    with pytest.raises(BadRequest, match="1000000 characters"):
        prepare_one(generator, request("a", "a" * 1_000_000))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": float("nan")}, "temperature"),
        ({"frequency_penalty": float("inf")}, "frequency_penalty"),
        ({"logit_bias": {100_000: 1.0}}, "logit_bias names token 100000"),
        ({"logit_bias": {-1: 1.0}}, "logit_bias names token -1"),
        ({"messages": [{"role": "user", "content": "x"}]}, "exactly one"),
    ],
)
def test_impossible_numbers_are_refused(make_generator, options, message):
    with pytest.raises(BadRequest, match=message):
        prepare_one(make_generator(), request("a", "A", **options))


def test_an_empty_prompt_is_refused(make_generator):
    with pytest.raises(BadRequest, match="empty"):
        prepare_one(make_generator(), request("a", ""))


def test_messages_go_through_the_chat_template(make_generator):
    generator = make_generator()
    prompt = "<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n"
    asked = request("a", "", messages=[{"role": "user", "content": "hello"}])
    chat = prepare_one(generator, type(asked)(**{**_fields(asked), "prompt": None}))
    assert chat.tokens == generator.tokenizer.encode(prompt, add_special=False)
    assert generator.tokenizer.token_text(chat.tokens[0]) == "<|im_start|>"


def _fields(struct):
    return {name: getattr(struct, name) for name in struct.__struct_fields__}
