"""Prompts: versions stay, variables have to fit, and what a value says is never a place."""

from __future__ import annotations

import pytest

from volano.kernel.errors import Denied, Invalid
from volano.services.models import interface as models
from volano.services.studio.logic import prompts, records
from volano.services.studio.model.records import Paging
from volano.services.studio.model.responses import Asked

TEXT = "Answer as {{ who }} about {{topic}}; {{topic}} alone."


async def filled(studio, prompt: dict[str, object], **words: object) -> Asked:
    return await prompts.with_prompt(studio.env, studio.call, Asked(prompt=prompt, **words))


@pytest.fixture
async def prompt_id(studio) -> str:
    prompt, version = await prompts.create_prompt(
        studio.env, studio.call, name="guide", instructions=TEXT, model=models.TINY_MODEL
    )
    assert version.id == "1"
    return prompt.id


async def test_a_response_takes_instructions_and_model_of_its_prompt(studio, prompt_id):
    studio.script("Hot.")
    variables = {"who": "a guide", "topic": {"type": "input_text", "text": "{{who}}"}}
    wanted = "Answer as a guide about {{who}}; {{who}} alone."
    asked = await filled(studio, {"id": prompt_id, "variables": variables})
    assert (asked.model, asked.instructions) == (models.TINY_MODEL, wanted)
    body = await studio.ask("How hot?", prompt={"id": prompt_id, "variables": variables})
    assert body["instructions"] == wanted
    assert body["prompt"] == {"id": prompt_id, "version": "1", "variables": variables}
    assert studio.model.prompts[0].messages[0] == {"role": "system", "content": wanted}


async def test_the_latest_version_is_used_unless_one_is_named(studio, prompt_id):
    await prompts.add_version(studio.env, studio.call, prompt_id, instructions="Be brief.")
    latest = await filled(studio, {"id": prompt_id}, model="m")
    assert (latest.model, latest.instructions) == ("m", "Be brief.")
    first = await filled(
        studio, {"id": prompt_id, "version": "1", "variables": {"who": "x", "topic": "y"}}
    )
    assert first.instructions == "Answer as x about y; y alone."
    listed = await prompts.list_versions(studio.env, studio.call, prompt_id, Paging())
    assert [version.id for version in listed.items] == ["2", "1"]


@pytest.mark.parametrize(
    ("given", "words", "message"),
    [
        ({"variables": {"who": "x"}}, {}, "needs topic"),
        ({"variables": {"who": "x", "topic": "y", "z": "1"}}, {}, "no place for z"),
        ({"variables": {"who": 3, "topic": "y"}}, {}, "prompt.variables.who"),
        ({"variables": {"who": {"type": "input_image"}, "topic": "y"}}, {}, "texts here"),
        ({"variables": ["who"]}, {}, "by name"),
        ({"colour": "red"}, {}, "colour"),
        ({"version": 1}, {}, "version"),
        ({"variables": {"who": "x", "topic": "y"}}, {"instructions": "Other."}, "instructions"),
    ],
)
async def test_what_does_not_fit_is_named(studio, prompt_id, given, words, message):
    with pytest.raises(Invalid, match=message):
        await filled(studio, {"id": prompt_id, **given}, **words)


async def test_a_prompt_that_is_not_here_or_may_not_be_read_is_refused(
    studio, prompt_id, monkeypatch
):
    for named in ({"id": "pmpt_none"}, {"id": prompt_id, "version": "7"}):
        with pytest.raises(prompts.PromptNotFound):
            await filled(studio, named, model="m")
    await prompts.delete_prompt(studio.env, studio.call, prompt_id)
    with pytest.raises(prompts.PromptNotFound):
        await filled(studio, {"id": prompt_id}, model="m")
    with pytest.raises(records.RecordNotFound):
        await prompts.delete_prompt(studio.env, studio.call, prompt_id)

    async def refuse(call, permission, resource, facts):
        raise Denied(permission)

    monkeypatch.setattr(studio.env.authority, "authorize", refuse)
    with pytest.raises(Denied, match="studio:GetPrompt"):
        await filled(studio, {"id": prompt_id}, model="m")


async def test_without_a_prompt_a_model_has_to_be_named(studio):
    with pytest.raises(Invalid, match="'model'"):
        await prompts.with_prompt(studio.env, studio.call, Asked(input="x"))
