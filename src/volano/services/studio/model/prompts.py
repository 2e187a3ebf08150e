"""Prompts: instructions that are kept, in versions, with places for variables."""

from __future__ import annotations

from volano.services.studio.model.records import Kind, Record

MAX_PROMPTS = 1000
MAX_VERSIONS = 200
MAX_INSTRUCTION_CHARACTERS = 100_000
MAX_VARIABLES = 64
MAX_VARIABLE_CHARACTERS = 100_000


class Prompt(Record, frozen=True, kw_only=True):
    """A named prompt; `latest` is the number of its newest version, from 1."""

    name: str
    latest: int = 1


class PromptVersion(Record, frozen=True, kw_only=True):
    """What a version says; its id is its number. `{{name}}` in `instructions` is a variable.

    `model` is the one that it is for, or '' when the request names one.
    """

    instructions: str
    model: str = ""


PROMPT = Kind("prompt", Prompt, "Prompt")
PROMPT_VERSION = Kind("prompt.version", PromptVersion, "Prompt version")
