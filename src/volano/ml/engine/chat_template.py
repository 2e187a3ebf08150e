"""Chat templates: messages to the model's own prompt text.

Templates come with models, from outside, so they run in Jinja2's immutable sandbox: no attribute
of Python's own, no change to what they are given, and `range` is limited. What they may use is what
Hugging Face's `apply_chat_template` gives them: `tools`, `tojson`, `strftime_now`,
`raise_exception`, loop controls.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from volano.ml.errors import BadModel, BadRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

TEMPLATE_CHARS_MAX = 1_000_000
PROMPT_CHARS_MAX = 16_000_000


class ChatTemplate:
    """A compiled template with the special tokens it may name."""

    def __init__(
        self,
        source: str,
        special_tokens: Mapping[str, str],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Compile; raises BadModel when the template is not valid."""
        if len(source) > TEMPLATE_CHARS_MAX:
            raise BadModel(f"The chat template is longer than {TEMPLATE_CHARS_MAX} characters.")
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
        )
        environment.filters["tojson"] = _to_json
        environment.globals["raise_exception"] = _refuse
        environment.globals["strftime_now"] = lambda form: now().strftime(form)
        try:
            self._template = environment.from_string(source)
        except TemplateError as error:
            raise BadModel(f"The model's chat template is not valid: {error}.") from error
        self.source = source
        self._special_tokens = dict(special_tokens)

    @property
    def knows_tools(self) -> bool:
        """Whether the template shows tools to the model."""
        return "tools" in self.source

    def render(
        self,
        messages: Sequence[Mapping[str, object]],
        *,
        tools: Sequence[Mapping[str, object]] = (),
        reasoning: bool | None = None,
    ) -> str:
        """The prompt that asks for the assistant's next turn; raises BadRequest when refused."""
        options: dict[str, object] = {"tools": list(tools) or None}
        if reasoning is not None:
            options["enable_thinking"] = reasoning
        pieces: list[str] = []
        length = 0
        try:
            for piece in self._template.generate(
                messages=[_with_objects(message) for message in messages],
                add_generation_prompt=True,
                **options,
                **self._special_tokens,
            ):
                pieces.append(piece)
                length += len(piece)
                if length > PROMPT_CHARS_MAX:
                    raise BadRequest(f"The prompt is longer than {PROMPT_CHARS_MAX} characters.")
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise BadRequest(f"The model's chat template refused the messages: {error}.") from error
        return "".join(pieces)


def find_chat_template(folder: Path, settings: Mapping[str, object]) -> ChatTemplate | None:
    """The template of chat_template.jinja, else of tokenizer_config.json; None without one."""
    file = folder / "chat_template.jinja"
    source: object = settings.get("chat_template")
    if file.is_file():
        source = file.read_text(encoding="utf-8")
    if isinstance(source, list):
        named = {entry.get("name"): entry.get("template") for entry in source}
        source = named.get("tool_use", named.get("default"))
    if not isinstance(source, str):
        return None
    tokens = {name: _token_text(settings.get(name)) for name in ("bos_token", "eos_token")}
    return ChatTemplate(source, {name: text for name, text in tokens.items() if text})


def _with_objects(message: Mapping[str, object]) -> dict[str, object]:
    """The message as templates expect it: the arguments of tool calls as objects, not as text."""
    calls = message.get("tool_calls")
    if not isinstance(calls, (list, tuple)):
        return dict(message)
    return {**message, "tool_calls": [_with_arguments(call) for call in calls]}


def _with_arguments(call: object) -> object:
    if not isinstance(call, dict) or not isinstance(call.get("function"), dict):
        return call
    function = call["function"]
    arguments = function.get("arguments")
    if not isinstance(arguments, str):
        return call
    try:
        parsed = json.loads(arguments) if arguments.strip() else {}
    except (ValueError, RecursionError):
        return call  # what the model once wrote is shown to it as it was
    return {**call, "function": {**function, "arguments": parsed}}


def _token_text(value: object) -> str:
    """A special token is written as text or as an object with `content`."""
    if isinstance(value, dict):
        value = value.get("content")
    return value if isinstance(value, str) else ""


def _to_json(
    value: object,
    ensure_ascii: bool = False,  # noqa: FBT001, FBT002 - Hugging Face's signature
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,  # noqa: FBT001, FBT002 - as above
) -> str:
    return json.dumps(
        value,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )


def _refuse(message: str) -> NoReturn:
    raise TemplateError(message)
