"""Chat templates: messages to the model's own prompt text.

Templates come with models, from outside, so they run in Jinja2's immutable sandbox: no attribute
of Python's own, no change to what they are given, and `range` is limited.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NoReturn

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from volano.ml.errors import BadModel, BadRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

TEMPLATE_CHARS_MAX = 1_000_000
PROMPT_CHARS_MAX = 16_000_000


class ChatTemplate:
    """A compiled template with the special tokens it may name."""

    def __init__(self, source: str, special_tokens: Mapping[str, str]) -> None:
        """Compile; raises BadModel when the template is not valid."""
        if len(source) > TEMPLATE_CHARS_MAX:
            raise BadModel(f"The chat template is longer than {TEMPLATE_CHARS_MAX} characters.")
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
        )
        environment.filters["tojson"] = _to_json
        environment.globals["raise_exception"] = _refuse
        try:
            self._template = environment.from_string(source)
        except TemplateError as error:
            raise BadModel(f"The model's chat template is not valid: {error}.") from error
        self._special_tokens = dict(special_tokens)

    def render(self, messages: Sequence[Mapping[str, object]]) -> str:
        """The prompt that asks for the assistant's next turn; raises BadRequest when refused."""
        pieces: list[str] = []
        length = 0
        try:
            for piece in self._template.generate(
                messages=[dict(message) for message in messages],
                add_generation_prompt=True,
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
        source = named.get("default")
    if not isinstance(source, str):
        return None
    tokens = {name: _token_text(settings.get(name)) for name in ("bos_token", "eos_token")}
    return ChatTemplate(source, {name: text for name, text in tokens.items() if text})


def _token_text(value: object) -> str:
    """A special token is written as text or as an object with `content`."""
    if isinstance(value, dict):
        value = value.get("content")
    return value if isinstance(value, str) else ""


def _to_json(value: object, indent: int | None = None, **_options: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _refuse(message: str) -> NoReturn:
    raise TemplateError(message)
