"""`rewrite_query`: by the model that the account names for it, with the caller's rights."""

from __future__ import annotations

import pytest

from volano.kernel.errors import Denied, Invalid
from volano.services.models import interface as models
from volano.services.models.logic.aliases import put_alias
from volano.services.studio.logic.rewriting import REWRITER, rewrite
from volano.services.studio.logic.vector_stores import create_store
from volano.services.studio.model.search import Search

QUESTION = "Hi! Could you please tell me how hot lava of Etna gets? Thanks"


async def test_without_a_model_for_it_the_error_says_how_to_name_one(studio):
    store = await create_store(studio.env, studio.call)
    with pytest.raises(Invalid, match=f"aliases/{REWRITER}"):
        await rewrite(studio.env, studio.call, store.id, Search(queries=(QUESTION,)))


async def test_the_model_named_for_it_makes_each_query(studio):
    store = await create_store(studio.env, studio.call)
    await put_alias(studio.env, studio.call, REWRITER, models.TINY_MODEL)
    studio.script("\n  temperature lava Etna  \nThat is the query.", " \n")
    wanted = await rewrite(studio.env, studio.call, store.id, Search(queries=(QUESTION, "Etna")))
    # A model that says nothing leaves the query as it was.
    assert sorted(wanted.queries) in (
        ["Etna", "temperature lava Etna"],
        [QUESTION, "temperature lava Etna"],
    )
    assert studio.model is not None
    assert {prompt.reasoning for prompt in studio.model.prompts} == {False}


async def test_who_may_not_use_the_model_is_refused(studio, monkeypatch):
    store = await create_store(studio.env, studio.call)
    await put_alias(studio.env, studio.call, REWRITER, models.TINY_MODEL)
    studio.script("never")

    async def refuse(call, permission, resource, facts):
        assert permission == "models:InvokeModel"
        raise Denied("no")

    monkeypatch.setattr(studio.env.authority, "authorize", refuse)
    with pytest.raises(Denied):
        await rewrite(studio.env, studio.call, store.id, Search(queries=(QUESTION,)))
    assert studio.model.prompts == []
