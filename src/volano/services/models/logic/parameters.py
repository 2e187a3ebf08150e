"""Parameters of generation in OpenAI's words: checked, refused by name, made into the port's.

Chat, completions, responses and batches share these checks; each names the parameter as its
caller wrote it. What would change the answer and cannot be honoured is an error, never ignored.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from volano.kernel.errors import Invalid
from volano.kernel.inference import Grammar, Tool

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from volano.kernel.ids import Ids

MAX_CHOICES = 16
MAX_STOPS = 4
MAX_TOP_LOGPROBS = 20
MAX_BIAS = 100.0
MAX_BIASED_TOKENS = 1024
MAX_TOP_K = 1_000_000
SEED_BITS = 63
MAX_TOOLS = 128
MAX_SCHEMA_CHARACTERS = 256 * 1024
_FORMAT_FIELDS = frozenset(("type", "name", "description", "schema", "strict"))
PADDED_TO = 16
DEFAULT_MAX_TOKENS = 1024
"""Where a request names none: an answer without an end must not fill the whole context."""

_FUNCTION = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_EFFORTS: dict[str, tuple[bool, int | None]] = {
    "none": (False, None),
    "minimal": (True, 256),
    "low": (True, 1024),
    "medium": (True, 4096),
    "high": (True, None),
    "xhigh": (True, None),
    "max": (True, None),
}
_VERBOSITIES = {
    "low": "Answer briefly: say only what was asked for.",
    "medium": "",
    "high": "Answer in full: explain, and give details.",
}
_PRIORITIES = {"auto": 0, "default": 0, "flex": -1, "priority": 1, "fast": 1, "scale": 1}


def invalid(param: str, why: str) -> Invalid:
    """The error for a value that cannot be."""
    return Invalid(
        f"Invalid value for '{param}': {why}.", code="invalid_value", fields={"param": param}
    )


def unsupported(param: str, why: str) -> Invalid:
    """The error for what is not offered here."""
    return Invalid(
        f"Unsupported parameter: '{param}': {why}.",
        code="unsupported_parameter",
        fields={"param": param},
    )


def within(
    param: str, value: float | None, low: float, high: float, *, default: float = 0.0
) -> float:
    if value is None:
        return default
    if not low <= value <= high:
        raise invalid(param, f"it is {low:g} to {high:g}")
    return value


def choices_of(n: int | None) -> int:
    count = 1 if n is None else n
    if not 1 <= count <= MAX_CHOICES:
        raise invalid("n", f"it is 1 to {MAX_CHOICES}")
    return count


def stops_of(stop: str | Sequence[str] | None) -> tuple[str, ...]:
    stops = (stop,) if isinstance(stop, str) else tuple(stop or ())
    if len(stops) > MAX_STOPS or not all(stops):
        raise invalid("stop", f"up to {MAX_STOPS} strings, none of them empty")
    return stops


def bias_of(given: Mapping[str, float] | None) -> dict[int, float]:
    strange = [token for token in given or {} if not token.isdecimal()]
    if strange:
        raise invalid("logit_bias", f"its keys are token ids, and '{strange[0][:64]}' is none")
    biases = {int(token): value for token, value in (given or {}).items()}
    if len(biases) > MAX_BIASED_TOKENS:
        raise invalid("logit_bias", f"it takes up to {MAX_BIASED_TOKENS} token ids")
    if any(abs(value) > MAX_BIAS for value in biases.values()):
        raise invalid("logit_bias", f"its values are {-MAX_BIAS:g} to {MAX_BIAS:g}")
    return biases


def require_seed(seed: int | None) -> int | None:
    if seed is not None and not -(2**SEED_BITS) <= seed < 2**SEED_BITS:
        raise invalid("seed", "it is a 64-bit whole number")
    return seed


def max_tokens_of(param: str, value: int | None) -> int:
    if value is not None and value < 1:
        raise invalid(param, "it is at least 1")
    return value or DEFAULT_MAX_TOKENS


def reasoning_of(param: str, effort: str | None) -> tuple[bool | None, int | None]:
    """Whether to reason, and for how many tokens; None leaves it to the model."""
    if effort is None:
        return None, None
    if effort not in _EFFORTS:
        raise invalid(param, f"it is one of {', '.join(_EFFORTS)}")
    return _EFFORTS[effort]


def verbosity_of(param: str, verbosity: str | None) -> str:
    """What a model is told about how much to write; '' for nothing."""
    if verbosity is not None and verbosity not in _VERBOSITIES:
        raise invalid(param, f"it is one of {', '.join(_VERBOSITIES)}")
    return _VERBOSITIES[verbosity or "medium"]


def require_retention(retention: str | None) -> None:
    """How long a prompt may be kept for reuse at most; it is kept while there is room."""
    if retention not in (None, "in_memory", "in-memory", "24h"):
        raise invalid("prompt_cache_retention", "it is `in_memory` or `24h`")


def padding(ids: Ids, text: str) -> str:
    """Random characters that hide how long a piece of a stream is, for `obfuscation`."""
    return ids.hex(PADDED_TO)[: PADDED_TO - len(text) % PADDED_TO]


def priority_of(service_tier: str | None) -> int:
    tier = service_tier or "auto"
    if tier not in _PRIORITIES:
        raise invalid("service_tier", f"it is one of {', '.join(_PRIORITIES)}")
    return _PRIORITIES[tier]


def require_fields(param: str, given: Mapping[str, object], known: Container[str]) -> None:
    """Raise Invalid for the first field that is none of the known ones, unless it is null."""
    for name, value in given.items():
        if name not in known and value is not None:
            place = f"{param}.{name[:64]}"
            raise Invalid(
                f"Unknown parameter: '{place}'.", code="unknown_parameter", fields={"param": place}
            )


def tool_of(
    param: str,
    name: object,
    description: object,
    parameters: object,
    *,
    strict: object,
) -> Tool:
    """One function that the model may call; raises Invalid with the place of what is wrong."""
    if not isinstance(name, str) or not _FUNCTION.fullmatch(name):
        raise invalid(f"{param}.name", "1 to 64 letters, digits, '_' and '-'")
    schema = {} if parameters is None else parameters
    if not isinstance(schema, dict):
        raise invalid(f"{param}.parameters", "it is a JSON schema, an object")
    if strict is not None and not isinstance(strict, bool):
        raise invalid(f"{param}.strict", "it is a boolean")
    if description is not None and not isinstance(description, str):
        raise invalid(f"{param}.description", "it is a text")
    _require_size(f"{param}.parameters", schema)
    return Tool(name=name, description=description or "", parameters=schema, strict=bool(strict))


def require_tools(tools: Sequence[Tool]) -> tuple[Tool, ...]:
    if len(tools) > MAX_TOOLS:
        raise invalid("tools", f"there are at most {MAX_TOOLS}")
    names = [tool.name for tool in tools]
    for name in names:
        if names.count(name) > 1:
            raise invalid("tools", f"'{name}' is there twice")
    return tuple(tools)


def choice_of(param: str, choice: str, tools: Sequence[Tool]) -> str:
    """`auto`, `none`, `required`, or the name of one of the tools."""
    if choice in ("auto", "none"):
        return choice
    if not tools:
        raise invalid(param, "it is only allowed when 'tools' are specified")
    if choice != "required" and choice not in {tool.name for tool in tools}:
        raise invalid(param, f"there is no tool '{choice[:64]}'")
    return choice


def grammar_of(param: str, format: Mapping[str, object] | None) -> Grammar | None:
    """The grammar of a `json_schema`, `json_object` or `text` format."""
    kind = (format or {}).get("type", "text")
    if format is not None:
        require_fields(param, format, _FORMAT_FIELDS)
    if format is None or kind == "text":
        return None
    if kind == "json_object":
        return Grammar(kind="json_object")
    if kind != "json_schema":
        raise invalid(f"{param}.type", "it is `text`, `json_object` or `json_schema`")
    name, schema = format.get("name"), format.get("schema")
    if not isinstance(name, str) or not _FUNCTION.fullmatch(name):
        raise invalid(f"{param}.json_schema.name", "1 to 64 letters, digits, '_' and '-'")
    if not isinstance(schema, dict):
        raise invalid(f"{param}.json_schema.schema", "it is a JSON schema, an object")
    _require_size(f"{param}.json_schema.schema", schema)
    return Grammar(kind="json_schema", text=json.dumps(schema, ensure_ascii=False))


def _require_size(param: str, schema: Mapping[str, object]) -> None:
    if len(json.dumps(schema)) > MAX_SCHEMA_CHARACTERS:
        raise invalid(param, f"it has over {MAX_SCHEMA_CHARACTERS} characters")
