"""A model that writes judges documents by the probability of its yes, in the card's words."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from tests.unit.services.assistants.conftest import ScriptedModel

from volano.kernel.call import system_call
from volano.kernel.ids import AccountId
from volano.kernel.inference import Delta, TokenLogprob
from volano.services.models import interface as models
from volano.services.models.logic.reranking import rank

YES = {"lava": 0.8, "tax": 0.1}


class Judge(ScriptedModel):
    """Gives yes and no what `YES` says of the document, and the rest to another word."""

    def __init__(self) -> None:
        super().__init__(lambda request: [])

    async def generate(self, request):
        self.prompts.append(request)
        document = request.prompt.partition("<Document>: ")[2]
        share = next(share for word, share in YES.items() if word in document)
        top = (("Yes", math.log(share), b""), (" no", math.log(0.9 - share), b""))
        said = TokenLogprob(token="maybe", logprob=math.log(0.1), top=top)
        yield Delta(
            text="maybe",
            logprobs=(said,),
            prompt_tokens=50,
            completion_tokens=1,
            finish_reason="length",
            last=True,
        )


@pytest.fixture
def store_kind() -> str:
    return "sqlite"


async def test_documents_are_judged_by_the_probability_of_yes(env):
    await models.bootstrap(env)
    judge = Judge()
    env = replace(env, inference=judge)
    call = system_call(env, AccountId("111122223333"))
    found = await rank(env, call, "volcano", ["tax law", "lava"], model_name=models.TINY_MODEL)
    assert found.scores == pytest.approx([0.1 / 0.9, 0.8 / 0.9])
    assert (found.model, found.prompt_tokens) == (models.TINY_MODEL, 100)
    prompt = judge.prompts[0].prompt
    assert prompt.startswith("<|im_start|>system\nJudge whether the Document meets")
    assert prompt.endswith("</think>\n\n")
    assert "<Query>: volcano\n" in prompt
