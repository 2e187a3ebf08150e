"""Models belong to accounts, built-in ones to everyone, and a pull reads no disk for a tenant."""

import dataclasses

import pytest

from volano.kernel.call import system_call
from volano.kernel.errors import Conflict, Denied, Invalid
from volano.kernel.identity import Principal, PrincipalKind
from volano.kernel.ids import AccountId, PrincipalId
from volano.kernel.inference import PulledModel
from volano.services.identity import interface as identity
from volano.services.models.logic import registry
from volano.services.models.logic.registry import ModelNotFound, PullRequest, model_folder
from volano.services.models.model import BUILT_IN, EMBEDDING_MODEL, TINY_MODEL, Task

MINE, THEIRS = "111111111111", "222222222222"


def call_of(env, account):
    return system_call(env, AccountId(account))


@pytest.fixture
async def ready(env):
    await registry.bootstrap(env)
    await registry.bootstrap(env)
    return env


async def pulled(env, account, name):
    folder = model_folder(env, account, name)
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    request = PullRequest(account=account, name=name)
    made = PulledModel(
        folder=str(folder), task="generate", licence="mit", size_bytes=2, origin="a folder"
    )
    return await registry.register_pulled(env, request, made)


async def names(env, account):
    return [model.name for model in await registry.list_models(env, call_of(env, account))]


async def test_everyone_sees_the_built_in_models_and_only_their_own(ready):
    await pulled(ready, MINE, "acme/one")
    built_in = sorted(model.name for model in BUILT_IN)
    assert await names(ready, THEIRS) == built_in
    assert await names(ready, MINE) == sorted([*built_in, "acme/one"])
    with pytest.raises(ModelNotFound, match="acme/one"):
        await registry.get_model(ready, AccountId(THEIRS), "acme/one")


async def test_an_alias_is_answered_by_the_built_in_model_unless_pulled(ready):
    found = await registry.get_model(ready, MINE, "text-embedding-3-small")
    assert found.name == EMBEDDING_MODEL
    await pulled(ready, MINE, "text-embedding-3-small")
    assert (await registry.get_model(ready, MINE, "text-embedding-3-small")).account == MINE


async def test_a_task_that_a_model_does_not_do_names_the_right_endpoint(ready):
    with pytest.raises(Invalid, match="/v1/embeddings"):
        await registry.require_task(ready, MINE, EMBEDDING_MODEL, Task.GENERATE)
    with pytest.raises(Invalid, match="/v1/chat/completions"):
        await registry.require_task(ready, MINE, TINY_MODEL, Task.EMBED)


async def test_deleting_a_model_removes_its_files_and_no_others(ready):
    await pulled(ready, MINE, "acme/one")
    await pulled(ready, MINE, "acme/two")
    await pulled(ready, THEIRS, "acme/one")
    await registry.delete_model(ready, call_of(ready, MINE), "acme/one")
    assert not model_folder(ready, MINE, "acme/one").exists()
    assert model_folder(ready, MINE, "acme/two").exists()
    assert model_folder(ready, THEIRS, "acme/one").exists()
    with pytest.raises(Denied, match="built in"):
        await registry.delete_model(ready, call_of(ready, MINE), TINY_MODEL)
    with pytest.raises(ModelNotFound):
        await registry.delete_model(ready, call_of(ready, THEIRS), "acme/two")


async def test_a_model_is_not_deleted_while_it_is_pulled(ready):
    await pulled(ready, MINE, "acme/one")
    await registry.pull_model(ready, call_of(ready, MINE), "acme/one")
    with pytest.raises(Conflict, match="being pulled"):
        await registry.delete_model(ready, call_of(ready, MINE), "acme/one")


@pytest.mark.parametrize(
    "name", ["", "../x", "a/b/c", "/etc", "a b", "-x", "x" * 97, "a/../b", "a\n"]
)
async def test_a_name_that_is_none_is_refused(ready, name):
    with pytest.raises(Invalid):
        await registry.pull_model(ready, call_of(ready, MINE), name)
    with pytest.raises(Conflict):
        await registry.pull_model(ready, call_of(ready, MINE), TINY_MODEL)


@pytest.mark.parametrize("source", ["/etc", "http://10.0.0.1/", "~/x"])
async def test_only_the_operator_names_where_to_pull_from(ready, source):
    await identity.bootstrap(ready)
    root = Principal(
        kind=PrincipalKind.ROOT,
        account=AccountId(THEIRS),
        id=PrincipalId(THEIRS),
        name="root",
        arn=f"arn:aws:iam::{THEIRS}:root",
    )
    tenant = dataclasses.replace(call_of(ready, THEIRS), principal=root)
    with pytest.raises(Denied):
        await registry.pull_model(ready, tenant, "acme/one", source=source)
    assert await ready.work.list_jobs(THEIRS) == []
