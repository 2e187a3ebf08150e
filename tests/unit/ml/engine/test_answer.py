"""Reasoning, tools, choices and prompts through a whole model with Qwen3's marks."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import jsonschema
import pytest

from volano.ml.engine.answer import Answer, AnswerFormat
from volano.ml.engine.chat_template import ChatTemplate
from volano.ml.engine.prepare import prepare
from volano.ml.engine.protocol import Generate, GrammarRef, ModelRef, Tool
from volano.ml.engine.tool_calls import HERMES
from volano.ml.errors import BadRequest

if TYPE_CHECKING:
    from volano.ml.engine.generator import Generator
    from volano.ml.engine.sequence import Output

MODEL = ModelRef(name="m", source="m", task="generate")
ASK = [{"role": "user", "content": "Hello there"}]
TOOL = Tool(
    name="weather",
    parameters={
        "type": "object",
        "properties": {"city": {"enum": ["Ulm", "Hangzhou"]}},
        "required": ["city"],
        "additionalProperties": False,
    },
)
SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "integer", "minimum": 0, "maximum": 99}, "b": {"enum": ["x"]}},
    "required": ["a", "b"],
    "additionalProperties": False,
}


def run(generator: Generator, **options: object) -> list[list[Output]]:
    """All outputs of each choice."""
    wanted = Generate(id="r", model=MODEL, **{"messages": ASK, "seed": 5, **options})  # type: ignore[arg-type]
    sequences = prepare(generator, wanted)
    for sequence in sequences:
        sequence.id = str(sequence.index)
        generator.engine.add(sequence)
    outputs: list[list[Output]] = [[] for _ in sequences]
    while generator.engine.has_work:
        for output in generator.engine.step():
            outputs[output.index].append(output)
    generator.engine.blocks.require_idle()
    return outputs


def text_of(outputs: list[Output]) -> str:
    return "".join(output.text for output in outputs)


def thought_of(outputs: list[Output]) -> str:
    return "".join(output.reasoning for output in outputs)


def ban(generator: Generator, *texts: str) -> dict[int, float]:
    """Bias against tokens by text; the end tokens are 0 and 2."""
    ids = [generator.tokenizer.token_id(text) for text in texts]
    return {id: -1000.0 for id in ids if id is not None}


def test_reasoning_is_told_apart_and_counted(make_generator, chat_folder):
    generator = make_generator(chat_folder)
    end = generator.tokenizer.token_id("</think>")
    (outputs,) = run(
        generator, max_tokens=30, grammar=GrammarRef(kind="choice", choices=["yes", "no"]),
        reasoning_tokens_max=6, logit_bias={0: -1000.0, 2: -1000.0},
    )  # fmt: skip
    assert text_of(outputs) in ("yes", "no")
    assert thought_of(outputs)
    assert 1 <= outputs[-1].reasoning_tokens <= 7
    assert outputs[-1].finish_reason == "stop"
    assert end is not None


def test_reasoning_can_be_switched_off(make_generator, chat_folder):
    generator = make_generator(chat_folder)
    bias = ban(generator, "<think>", "</think>", "<tool_call>")
    (outputs,) = run(generator, max_tokens=12, reasoning=False, logit_bias=bias)
    assert thought_of(outputs) == ""
    assert outputs[-1].reasoning_tokens == 0


def test_a_model_that_does_not_reason_says_so(make_generator):
    with pytest.raises(BadRequest, match="does not reason"):
        run(make_generator(), reasoning=True)


def test_the_answer_splits_at_the_token_that_ends_reasoning():
    answer = Answer(AnswerFormat(begin_id=1, end_id=2), stop=("o",))
    shown = []
    for id, data in [
        (1, b"<think>"),
        (7, b"so"),
        (8, b" on"),
        (2, b"</think>"),
        (9, b"\n\nhi "),
        (7, b"so"),
    ]:
        answer.add(id, data, None)
        piece = answer.take()
        shown.append((piece.reasoning, piece.text))
    # The stop string counts in the answer only.
    assert shown == [("", ""), ("so", ""), (" on", ""), ("", ""), ("", "hi "), ("", "s")]
    assert (answer.reasoning_tokens, answer.stopped_by) == (4, "o")


def test_text_before_the_marks_is_no_reasoning():
    answer = Answer(AnswerFormat(begin_id=1, end_id=2, tools=HERMES), stop=())
    answer.add(5, b"plain ", None)
    answer.add(1, b"<think>", None)
    answer.finish()
    assert answer.take().text == "plain <think>"


@pytest.mark.parametrize("choice", ["required", "weather"])
@pytest.mark.parametrize("reasoning", [False, True])
def test_a_forced_tool_is_called_with_valid_arguments(
    make_generator, chat_folder, choice, reasoning
):
    generator = make_generator(chat_folder)
    outputs = run(
        generator, tools=[TOOL], tool_choice=choice, reasoning=reasoning, n=3, max_tokens=400,
        reasoning_tokens_max=5, parallel_tool_calls=False,
    )  # fmt: skip
    for choice_outputs in outputs:
        pieces = [piece for output in choice_outputs for piece in output.tool_calls]
        assert [piece.name for piece in pieces if piece.name] == ["weather"]
        arguments = json.loads("".join(piece.arguments for piece in pieces))
        jsonschema.validate(arguments, TOOL.parameters)
        assert choice_outputs[-1].finish_reason == "tool_calls"
        assert text_of(choice_outputs).strip() == ""


def test_a_schema_shapes_every_choice_and_logprobs_cover_every_token(make_generator, chat_folder):
    generator = make_generator(chat_folder)
    ref = GrammarRef(kind="json_schema", text=json.dumps(SCHEMA))
    outputs = run(generator, grammar=ref, reasoning=False, n=4, top_logprobs=1, max_tokens=200)
    for choice in outputs:
        text = text_of(choice)
        jsonschema.validate(json.loads(text), SCHEMA)
        shown = [entry for output in choice for entry in output.logprobs]
        assert b"".join(entry.bytes for entry in shown).decode() == text
    assert len({output[-1].seed for output in outputs}) == 4


def test_choices_share_the_prompt_and_equal_single_requests(make_generator, chat_folder):
    generator = make_generator(chat_folder)
    long = [{"role": "user", "content": "tell me all about buckets and zones " * 4}]
    bias = {0: -1000.0, 2: -1000.0}
    together = run(generator, messages=long, n=3, max_tokens=20, logit_bias=bias)
    assert [outputs[-1].cached_tokens > 0 for outputs in together] == [False, True, True]
    for index, outputs in enumerate(together):
        (alone,) = run(
            make_generator(chat_folder), messages=long, seed=5 + index, max_tokens=20,
            logit_bias=bias,
        )  # fmt: skip
        assert text_of(alone) == text_of(outputs)
        assert thought_of(alone) == thought_of(outputs)


def test_the_prompt_can_be_ids_and_is_echoed_with_its_logprobs(make_generator, chat_folder):
    generator = make_generator(chat_folder, step_tokens=8, running=4)
    ids = generator.tokenizer.encode("A bucket holds objects.", add_special=False)
    wanted = {"messages": None, "max_tokens": 2, "prompt_logprobs": 2, "echo": True}
    (outputs,) = run(generator, prompt_ids=ids, **wanted)
    assert text_of(outputs).startswith("A bucket holds objects.")
    shown = outputs[0].prompt_logprobs
    assert len(shown) == len(ids)
    assert (shown[0].token, shown[0].logprob) == (generator.tokenizer.token_text(ids[0]), None)
    assert all(entry.logprob < 0 and len(entry.top) == 2 for entry in shown[1:])
    again = make_generator(chat_folder)
    (outputs,) = run(again, prompt="A bucket holds objects.", **wanted)
    numbers = [entry.logprob for entry in outputs[0].prompt_logprobs[1:]]
    assert numbers == pytest.approx([entry.logprob for entry in shown[1:]], abs=1e-4)


def test_a_prompt_is_truncated_on_request(make_generator, chat_folder):
    generator = make_generator(chat_folder)
    ids = list(range(20, 60))
    (outputs,) = run(generator, messages=None, prompt_ids=ids, truncate=7, max_tokens=1)
    assert outputs[-1].prompt_tokens == 7
    far = [30] * (generator.engine.context_tokens + 50)
    (outputs,) = run(generator, messages=None, prompt_ids=far, truncate=0, max_tokens=5)
    assert outputs[-1].prompt_tokens == generator.engine.context_tokens - 1


def test_stop_ids_and_stop_strings_are_named(make_generator):
    generator = make_generator()
    (outputs,) = run(generator, stop=["e"], max_tokens=60, logit_bias={0: -1000.0, 2: -1000.0})
    assert (outputs[-1].finish_reason, outputs[-1].stopped_by) == ("stop", "e")
    first = generator.tokenizer.encode("A", add_special=False)[0]
    (outputs,) = run(generator, stop_ids=[first], logit_bias={first: 1000.0})
    assert (text_of(outputs), outputs[-1].finish_reason) == ("", "stop")


def test_ignore_eos_goes_on_to_the_limit(make_generator):
    (outputs,) = run(make_generator(), ignore_eos=True, max_tokens=9, logit_bias={2: 1000.0})
    assert (outputs[-1].completion_tokens, outputs[-1].finish_reason) == (9, "length")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tools": [TOOL], "tool_choice": "clock"}, "names 'clock'"),
        ({"tool_choice": "required"}, "needs tools"),
        ({"prompt": "x"}, "exactly one"),
        ({"prompt_ids": [10**6], "messages": None}, "prompt_ids are 0 to"),
        ({"messages": None, "prompt": "x", "tools": [TOOL]}, "need messages"),
        ({"grammar": GrammarRef(kind="lark", text="(")}, "not valid"),
        ({"repetition_penalty": float("nan")}, "repetition_penalty"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused(make_generator, chat_folder, options, message):
    generator = make_generator(chat_folder)
    with pytest.raises(BadRequest, match=message):
        run(generator, **options)
    assert not generator.engine.has_work


def test_a_model_without_tools_in_its_template_says_so(make_generator, tiny_folder, tmp_path):
    folder = tmp_path / "plain"
    shutil.copytree(tiny_folder, folder)
    (folder / "chat_template.jinja").write_text("{{ messages[0]['content'] }}")
    with pytest.raises(BadRequest, match="knows no tools"):
        run(make_generator(folder), tools=[TOOL])


def test_templates_get_what_hugging_face_gives_them():
    source = (
        "{{ strftime_now('%d %b %Y') }}|{{ tools | tojson }}|{{ enable_thinking }}|"
        "{{ messages[0].tool_calls[0].function.arguments.city }}"
    )
    template = ChatTemplate(source, {}, now=lambda: datetime(2026, 11, 22, tzinfo=UTC))
    call = {"type": "function", "function": {"name": "f", "arguments": '{"city": "Ulm"}'}}
    message = {"role": "assistant", "content": "", "tool_calls": [call]}
    shown = template.render([message], tools=[{"type": "function"}], reasoning=False)
    assert shown == '22 Nov 2026|[{"type": "function"}]|False|Ulm'
    assert call["function"]["arguments"] == '{"city": "Ulm"}'
