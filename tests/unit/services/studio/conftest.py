"""An account of a real Env whose model says what a test wants it to say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from tests.unit.services.assistants.conftest import ScriptedModel

from volano.backends.egress.http import HttpEgress
from volano.kernel.call import Call, Env, system_call
from volano.kernel.egress import parse_networks
from volano.kernel.ids import AccountId
from volano.services.models import interface as models
from volano.services.studio.logic.responses import keeping
from volano.services.studio.model.responses import Asked

if TYPE_CHECKING:
    from volano.services.studio.model.responses import Json

ACCOUNT = AccountId("111122223333")


@dataclass
class Studio:
    """An Env, a call of its account, and what its model was asked."""

    env: Env
    call: Call
    model: ScriptedModel | None = None

    def script(self, *turns: object) -> None:
        """Each turn of the model is one of these: a text, or (tool, arguments) pairs."""
        waiting = iter(turns)
        self.model = ScriptedModel(lambda request: as_replies(next(waiting)))
        self.env = replace(self.env, inference=self.model)

    def configure(self, **settings: object) -> None:
        self.env = replace(self.env, config=replace(self.env.config, **settings))

    async def events(self, input: object, **words: object) -> list[Json]:
        asked = Asked(model=models.TINY_MODEL, input=input, **words)
        return [event async for event in keeping.stream_response(self.env, self.call, asked)]

    async def ask(self, input: object, **words: object) -> Json:
        """The response as it ended."""
        return (await self.events(input, **words))[-1]["response"]


def as_replies(turn: object) -> list:
    return turn if isinstance(turn, list) else [turn]


@pytest.fixture
async def studio(env) -> Studio:
    await models.bootstrap(env)
    env = replace(env, egress=HttpEgress(parse_networks(("127.0.0.0/8",))))
    return Studio(env, system_call(env, ACCOUNT))
