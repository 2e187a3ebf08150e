"""The company of the chat's tests, and a model that says what a test wants it to say."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest
from tests.unit.services.chat.conftest import Company, company, live_company

from volano.kernel.inference import Delta, InferenceStatus, ToolCallDelta
from volano.services.assistants.logic import assistants
from volano.services.models import interface as models

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from volano.kernel.inference import Generate

__all__ = ["Company", "company", "live_company"]

Reply = str | tuple[str, str]
"""Text, or the name of a tool and its arguments as JSON."""


@dataclass
class ScriptedModel:
    """An inference engine for tests: `script` makes each turn; `prompts` keeps what it was sent."""

    script: Callable[[Generate], list[Reply]]
    prompts: list[Generate] = field(default_factory=list)

    async def generate(self, request: Generate) -> AsyncIterator[Delta]:
        self.prompts.append(request)
        replies = self.script(request)
        calls = [reply for reply in replies if isinstance(reply, tuple)]
        text = "".join(reply for reply in replies if isinstance(reply, str))
        pieces = tuple(
            ToolCallDelta(index=n, id=f"call_{n}", name=name, arguments=arguments)
            for n, (name, arguments) in enumerate(calls)
        )
        yield Delta(
            text=text,
            tool_calls=pieces,
            finish_reason="tool_calls" if calls else "stop",
            last=True,
            prompt_tokens=100,
            completion_tokens=10,
            engine="scripted",
        )

    async def status(self) -> InferenceStatus:
        return InferenceStatus(state="off", fraction=0.0, text="scripted")


@pytest.fixture
def with_model() -> Callable[..., object]:
    """`await with_model(company, script)`: the company's assistants use the scripted model."""

    async def give(company: Company, script: Callable[[Generate], list[Reply]]) -> ScriptedModel:
        await models.bootstrap(company.env)
        await assistants.put_settings(
            company.env,
            company.calls["admin"],
            model=models.TINY_MODEL,
            may_act=True,
            tokens_per_day=100_000,
        )
        model = ScriptedModel(script)
        company.env = replace(company.env, inference=model)
        return model

    return give
