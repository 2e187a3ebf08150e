"""OpenAI's /v1/models, and Volano's own view of models with pulling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.kernel.work import Job
from volano.services.models.logic import registry
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.models.model import Model

MODELS = "arn:aws:models:{region}:{account}:model/*"
MODEL = "arn:aws:models:{region}:{account}:model/{model}"


class ModelObject(msgspec.Struct, kw_only=True):
    """OpenAI's model object, with what Volano adds after `shutdown_date`.

    A model here ends when its owner deletes it, so the date is null.
    """

    id: str
    object: str = "model"
    created: int
    owned_by: str
    shutdown_date: str | None = None
    task: str
    description: str
    license: str
    size_bytes: int
    built_in: bool


class ModelList(msgspec.Struct, kw_only=True):
    object: str = "list"
    data: list[ModelObject]


class ModelItems(msgspec.Struct, kw_only=True):
    items: list[ModelObject]
    next_cursor: str | None = None


class NoFields(msgspec.Struct):
    pass


class ModelName(msgspec.Struct):
    model: str


class DeletedModel(msgspec.Struct, kw_only=True):
    id: str
    object: str = "model"
    deleted: bool = True


class PullModel(msgspec.Struct, kw_only=True):
    """`source` is empty for the hub or mirror of the config, else a URL, `s3://…` or a folder."""

    name: str
    source: str = ""


class InferenceObject(msgspec.Struct, kw_only=True):
    """The engine: off, installing, starting, ready or failed."""

    state: str
    fraction: float
    text: str
    loaded: list[str]


@action(
    "openai:listModels",
    method="GET",
    path="/v1/models",
    permission="models:ListModels",
    resource=MODELS,
)
async def list_models(env: Env, call: Call, request: NoFields) -> ModelList:
    """The models that the caller can use."""
    return ModelList(data=[_object(model) for model in await registry.list_models(env, call)])


@action(
    "openai:retrieveModel",
    method="GET",
    path="/v1/models/{model}",
    permission="models:GetModel",
    resource=MODEL,
)
async def retrieve_model(env: Env, call: Call, request: ModelName) -> ModelObject:
    """One model."""
    return _object(await registry.get_model(env, call.account, request.model))


@action(
    "openai:deleteModel",
    method="DELETE",
    path="/v1/models/{model}",
    permission="models:DeleteModel",
    resource=MODEL,
)
async def delete_model(env: Env, call: Call, request: ModelName) -> DeletedModel:
    """Forget a pulled model; built-in ones stay."""
    return DeletedModel(id=(await registry.delete_model(env, call, request.model)).name)


@action(
    "volano:listModels",
    method="GET",
    path="/volano/v1/models",
    permission="models:ListModels",
    resource=MODELS,
)
async def list_models_rest(env: Env, call: Call, request: NoFields) -> ModelItems:
    """The models that the caller can use."""
    found = await registry.list_models(env, call)
    return ModelItems(items=[_object(model) for model in found])


@action(
    "volano:deleteModel",
    method="DELETE",
    path="/volano/v1/models/{model}",
    permission="models:DeleteModel",
    resource=MODEL,
)
async def delete_model_rest(env: Env, call: Call, request: ModelName) -> DeletedModel:
    """Forget a pulled model and remove its files; built-in ones stay."""
    return DeletedModel(id=(await registry.delete_model(env, call, request.model)).name)


@action(
    "volano:pullModel",
    method="POST",
    path="/volano/v1/models/pull",
    permission="models:PullModel",
    resource=lambda call, request: (
        f"arn:aws:models:{call.region}:{call.account}:model/{request.name}"
    ),
)
async def pull_model(env: Env, call: Call, request: PullModel) -> Job:
    """Start pulling a model; the answer is a job to poll."""
    return await registry.pull_model(env, call, request.name, source=request.source)


@action(
    "volano:getInference",
    method="GET",
    path="/volano/v1/inference",
    permission="models:ListModels",
    resource=MODELS,
)
async def get_inference(env: Env, call: Call, request: NoFields) -> InferenceObject:
    """What the inference engine is doing, with progress while it installs."""
    status = await env.inference.status()
    visible = {model.name for model in await registry.list_models(env, call)}
    return InferenceObject(
        state=status.state,
        fraction=status.fraction,
        text=status.text,
        loaded=[name for name in status.loaded if name in visible],
    )


def _object(model: Model) -> ModelObject:
    return ModelObject(
        id=model.name,
        created=model.created_us // 1_000_000,
        owned_by=model.owned_by,
        task=model.task.value,
        description=model.note,
        license=model.licence,
        size_bytes=model.size_bytes,
        built_in=not model.account,
    )
