"""Templates of assistants can be made as they are, and their tools exist."""

from __future__ import annotations

import fnmatch

import pytest

from volano.services.assistants.logic import answers, assistants
from volano.services.assistants.logic.gallery import TEMPLATES
from volano.services.chat.logic import members


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda item: item.id)
async def test_a_template_makes_an_assistant_that_answers(company, with_model, template):
    model = await with_model(company, lambda _: ["Title: a green mug"])
    wanted = assistants.Wanted(
        title=template.title, instructions=template.instructions, tools=template.tools
    )
    made = await assistants.create_assistant(
        company.env, company.calls["admin"], template.name, wanted
    )
    names = [head.name for head in company.env.tools.list_tools()]
    for pattern in template.tools:
        assert fnmatch.filter(names, pattern), pattern
    channel = await company.channel("shop", "admin")
    await members.invite_users(company.env, company.calls["admin"], channel, [made.user_id])
    text = template.example.replace(f"@{template.name}", f"<@{made.user_id}>")
    asked = await company.say("admin", channel, text)
    await answers.answer_message(company.env, company.account, channel, asked.ts_us)
    assert template.instructions in str(model.prompts[0].messages[0]["content"])
    assert template.example.partition(" ")[2] in str(model.prompts[0].messages[1]["content"])


async def test_names_of_templates_are_their_own():
    assert len({template.id for template in TEMPLATES}) == len(TEMPLATES)
    assert all(f"@{template.name}" in template.example for template in TEMPLATES)
