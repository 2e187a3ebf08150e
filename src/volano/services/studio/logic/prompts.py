"""Prompts that are kept: made, changed by new versions, filled with variables for a response."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from volano.kernel.errors import NotFound, QuotaExceeded
from volano.services.models.interface import invalid, require_fields, unsupported
from volano.services.studio.logic import records
from volano.services.studio.model.prompts import (
    MAX_INSTRUCTION_CHARACTERS,
    MAX_PROMPTS,
    MAX_VARIABLE_CHARACTERS,
    MAX_VARIABLES,
    MAX_VERSIONS,
    PROMPT,
    PROMPT_VERSION,
    Prompt,
    PromptVersion,
)

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.studio.model.records import Listed, Paging
    from volano.services.studio.model.responses import Asked, Json

MAX_NAME_CHARACTERS = 256
_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_.-]{0,63})\s*\}\}")


class PromptNotFound(NotFound):
    """A response names a prompt, or a version of one, that is not kept."""

    code = "prompt_not_found"
    status = 400


async def create_prompt(
    env: Env, call: Call, *, name: str, instructions: str, model: str = ""
) -> tuple[Prompt, PromptVersion]:
    """A prompt in its first version. Raises Invalid, QuotaExceeded."""
    if not 1 <= len(name) <= MAX_NAME_CHARACTERS or "\x00" in name:
        raise invalid("name", f"it has 1 to {MAX_NAME_CHARACTERS} characters")
    now_us = env.clock.now_us()
    prompt = Prompt(id=f"pmpt_{env.ids.hex(48)}", created_us=now_us, name=name)
    version = _version(now_us, 1, instructions, model)

    async def write(tx: Tx) -> None:
        held = await records.count_states(tx, PROMPT, call.account)
        if sum(held.values()) >= MAX_PROMPTS:
            raise QuotaExceeded(f"An account keeps at most {MAX_PROMPTS} prompts; delete one.")
        await records.save(tx, PROMPT, call.account, prompt)
        await records.save(tx, PROMPT_VERSION, call.account, version, parent=prompt.id)

    await env.store.transact(write)
    return prompt, version


async def add_version(
    env: Env, call: Call, prompt_id: str, *, instructions: str, model: str = ""
) -> tuple[Prompt, PromptVersion]:
    """What is used from now on where no version is named; older ones stay."""

    async def write(tx: Tx) -> tuple[Prompt, PromptVersion]:
        prompt = await records.get(tx, PROMPT, call.account, prompt_id, param="prompt_id")
        if prompt.latest >= MAX_VERSIONS:
            raise QuotaExceeded(f"A prompt has at most {MAX_VERSIONS} versions; make another.")
        prompt = replace(prompt, latest=prompt.latest + 1)
        version = _version(env.clock.now_us(), prompt.latest, instructions, model)
        await records.save(tx, PROMPT, call.account, prompt)
        await records.save(tx, PROMPT_VERSION, call.account, version, parent=prompt.id)
        return prompt, version

    return await env.store.transact(write)


async def get_prompt(
    env: Env, call: Call, prompt_id: str, version: str = ""
) -> tuple[Prompt, PromptVersion]:
    """A prompt and one of its versions, the latest unless one is named. Raises RecordNotFound."""
    reader = env.store.reader
    prompt = await records.get(reader, PROMPT, call.account, prompt_id, param="prompt_id")
    found = await records.get(
        reader,
        PROMPT_VERSION,
        call.account,
        version or str(prompt.latest),
        parent=prompt_id,
        param="version",
    )
    return prompt, found


async def list_prompts(env: Env, call: Call, paging: Paging) -> Listed[Prompt]:
    return await records.page(env.store.reader, PROMPT, call.account, paging)


async def list_versions(
    env: Env, call: Call, prompt_id: str, paging: Paging
) -> Listed[PromptVersion]:
    """The versions of a prompt. Raises RecordNotFound."""
    reader = env.store.reader
    await records.get(reader, PROMPT, call.account, prompt_id, param="prompt_id")
    return await records.page(reader, PROMPT_VERSION, call.account, paging, parent=prompt_id)


async def delete_prompt(env: Env, call: Call, prompt_id: str) -> None:
    """Forget a prompt with all its versions. Raises RecordNotFound."""

    async def write(tx: Tx) -> None:
        if not await records.remove(tx, PROMPT, call.account, prompt_id):
            raise records.missing(PROMPT, prompt_id, param="prompt_id")
        await records.remove_children(tx, PROMPT_VERSION, call.account, prompt_id)

    await env.store.transact(write)


async def with_prompt(env: Env, call: Call, asked: Asked) -> Asked:
    """The request with the instructions of the prompt that it names, and its model where it names
    none itself.

    Raises Invalid, Denied where the caller may not read the prompt, and PromptNotFound.
    """
    if asked.prompt is None:
        if not asked.model:
            raise invalid("model", "it is needed, or a prompt that names one")
        return asked
    if asked.instructions is not None:
        raise invalid("instructions", "it cannot be used together with `prompt`, which has them")
    version = await _named(env, call, asked.prompt)
    model = asked.model or version.model
    if not model:
        raise invalid("model", "it is needed: this prompt names none")
    variables = _variables(asked.prompt)
    instructions = _fill(version.instructions, variables)
    shown: Json = {
        "id": asked.prompt["id"],
        "version": version.id,
        "variables": asked.prompt.get("variables"),
    }
    return replace(asked, model=model, instructions=instructions, prompt=shown)


async def model_of(env: Env, call: Call, asked: Asked) -> str:
    """The model of a request, by its prompt where it names none itself; "" without either."""
    if asked.model or asked.prompt is None:
        return asked.model
    return (await with_prompt(env, call, asked)).model


async def _named(env: Env, call: Call, given: Json) -> PromptVersion:
    require_fields("prompt", given, ("id", "version", "variables"))
    id, number = given.get("id"), given.get("version")
    if not isinstance(id, str) or not isinstance(number, str | None):
        raise invalid("prompt", "it has an `id` and perhaps a `version`, both texts")
    arn = f"arn:aws:studio:{call.region}:{call.account}:prompt/{id}"
    await env.authority.authorize(call, "studio:GetPrompt", arn, {})
    try:
        return (await get_prompt(env, call, id, number or ""))[1]
    except records.RecordNotFound as error:
        shown = f"'{id[:100]}'" + (f" version '{number[:20]}'" if number else "")
        raise PromptNotFound(
            f"Prompt with id {shown} not found.", fields={"param": "prompt"}
        ) from error


def _variables(given: Json) -> dict[str, str]:
    """Texts by name; a text may also come as an item of input."""
    variables = given.get("variables") or {}
    if not isinstance(variables, dict) or len(variables) > MAX_VARIABLES:
        raise invalid("prompt.variables", f"it is up to {MAX_VARIABLES} values by name")
    found: dict[str, str] = {}
    for name, value in variables.items():
        text = value
        if isinstance(value, dict):
            if value.get("type") != "input_text":
                raise unsupported(f"prompt.variables.{name}", "values are texts here")
            text = value.get("text")
        if not isinstance(text, str) or len(text) > MAX_VARIABLE_CHARACTERS:
            raise invalid(
                f"prompt.variables.{name}", f"a text of up to {MAX_VARIABLE_CHARACTERS} characters"
            )
        found[name] = text
    return found


def _fill(instructions: str, variables: dict[str, str]) -> str:
    """Each variable in its place, once: what a value says is never read as a place."""
    places = set(_VARIABLE.findall(instructions))
    if places - variables.keys():
        missing = ", ".join(sorted(places - variables.keys()))
        raise invalid("prompt.variables", f"the prompt needs {missing}")
    if variables.keys() - places:
        unknown = ", ".join(sorted(variables.keys() - places))[:200]
        raise invalid("prompt.variables", f"the prompt has no place for {unknown}")
    return _VARIABLE.sub(lambda match: variables[match[1]], instructions)


def _version(now_us: int, number: int, instructions: str, model: str) -> PromptVersion:
    if not 1 <= len(instructions) <= MAX_INSTRUCTION_CHARACTERS or "\x00" in instructions:
        raise invalid("instructions", f"it has 1 to {MAX_INSTRUCTION_CHARACTERS} characters")
    if len(model) > MAX_NAME_CHARACTERS or "\x00" in model:
        raise invalid("model", f"it has at most {MAX_NAME_CHARACTERS} characters")
    return PromptVersion(id=str(number), created_us=now_us, instructions=instructions, model=model)
