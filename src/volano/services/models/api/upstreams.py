"""Volano's own API of upstreams and of the models that they serve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from volano.services.models.api.aliases import MODELS, NoFields
from volano.services.models.logic import upstreams as logic
from volano.services.models.logic.upstreams import NewUpstream, price_of
from volano.services.models.model import Model, Price, Task, Upstream
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env

UPSTREAMS = "arn:aws:models:{region}:{account}:upstream/*"
UPSTREAM = "arn:aws:models:{region}:{account}:upstream/{upstream}"


class PutUpstream(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`api_key` is put into a secret of the account's; `secret` names one that is there. Neither
    leaves the key as it is."""

    upstream: str
    kind: str
    base_url: str
    api_key: str = ""
    secret: str = ""
    timeout_s: float = 120.0
    retries: int = 2


class UpstreamName(msgspec.Struct):
    upstream: str


class UpstreamObject(msgspec.Struct, kw_only=True):
    """An upstream; its key is never shown. `secret` is the ARN of the secret that holds it."""

    name: str
    kind: str
    base_url: str
    secret: str
    timeout_s: float
    retries: int
    created: int


class UpstreamList(msgspec.Struct, kw_only=True):
    items: list[UpstreamObject]
    next_cursor: str | None = None


class RemoteModelObject(msgspec.Struct, kw_only=True):
    """A model of the upstream; `model` is its name here, when it has one."""

    id: str
    owned_by: str
    model: str | None


class RemoteModelList(msgspec.Struct, kw_only=True):
    items: list[RemoteModelObject]
    next_cursor: str | None = None


class PriceObject(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Decimal texts, for a million tokens, in the price list's currency."""

    input: str
    output: str


class PutUpstreamModel(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`remote` is the model's name at the upstream, `model` here."""

    upstream: str
    model: str
    remote: str
    task: Literal["generate", "embed"] = "generate"
    price: PriceObject


class UpstreamModelObject(msgspec.Struct, kw_only=True):
    model: str
    upstream: str
    remote: str
    task: str
    price: PriceObject


class ModelName(msgspec.Struct):
    model: str


@action(
    "volano:listUpstreams",
    method="GET",
    path="/volano/v1/models/upstreams",
    permission="models:ListUpstreams",
    resource=UPSTREAMS,
)
async def list_upstreams(env: Env, call: Call, request: NoFields) -> UpstreamList:
    """The account's upstreams."""
    return UpstreamList(items=[_object(each) for each in await logic.list_upstreams(env, call)])


@action(
    "volano:getUpstream",
    method="GET",
    path="/volano/v1/models/upstreams/{upstream}",
    permission="models:GetUpstream",
    resource=UPSTREAM,
)
async def get_upstream(env: Env, call: Call, request: UpstreamName) -> UpstreamObject:
    """One upstream."""
    return _object(await logic.get_upstream(env, call.account, request.upstream))


@action(
    "volano:putUpstream",
    method="PUT",
    path="/volano/v1/models/upstreams/{upstream}",
    permission="models:PutUpstream",
    resource=UPSTREAM,
)
async def put_upstream(env: Env, call: Call, request: PutUpstream) -> UpstreamObject:
    """Register a service with OpenAI's API, or change it."""
    wanted = NewUpstream(
        kind=request.kind,
        base_url=request.base_url,
        api_key=request.api_key,
        secret=request.secret,
        timeout_s=request.timeout_s,
        retries=request.retries,
    )
    return _object(await logic.put_upstream(env, call, request.upstream, wanted))


@action(
    "volano:deleteUpstream",
    method="DELETE",
    path="/volano/v1/models/upstreams/{upstream}",
    permission="models:DeleteUpstream",
    resource=UPSTREAM,
)
async def delete_upstream(env: Env, call: Call, request: UpstreamName) -> None:
    """Forget an upstream that serves no model, and the secret that was made for it."""
    await logic.delete_upstream(env, call, request.upstream)


@action(
    "volano:listUpstreamModels",
    method="GET",
    path="/volano/v1/models/upstreams/{upstream}/models",
    permission="models:GetUpstream",
    resource=UPSTREAM,
)
async def list_remote_models(env: Env, call: Call, request: UpstreamName) -> RemoteModelList:
    """What the upstream says it has: asks it, so it tells whether address and key are right."""
    remote = await logic.list_remote(env, call, request.upstream)
    here = {
        model.upstream[1]: model.name
        for model in await logic.models_of(env, call, request.upstream)
        if model.upstream
    }
    return RemoteModelList(
        items=[
            RemoteModelObject(id=each.id, owned_by=each.owned_by or "", model=here.get(each.id))
            for each in remote
        ]
    )


@action(
    "volano:putUpstreamModel",
    method="PUT",
    path="/volano/v1/models/upstreams/{upstream}/models/{model}",
    permission="models:PutUpstreamModel",
    resource=UPSTREAM,
)
async def put_upstream_model(
    env: Env, call: Call, request: PutUpstreamModel
) -> UpstreamModelObject:
    """Let a model of the upstream be asked by a name of ours, at a price."""
    price = price_of(request.price.input, request.price.output)
    model = await logic.put_model(
        env,
        call,
        request.model,
        upstream=request.upstream,
        remote=request.remote,
        task=Task(request.task),
        price=price,
    )
    return _model_object(model, price)


@action(
    "volano:getUpstreamModel",
    method="GET",
    path="/volano/v1/models/upstream-models/{model}",
    permission="models:ListModels",
    resource=MODELS,
)
async def get_upstream_model(env: Env, call: Call, request: ModelName) -> UpstreamModelObject:
    """What serves a model of ours elsewhere, and its price. `DELETE /models/{model}` forgets it."""
    return _model_object(*await logic.get_upstream_model(env, call.account, request.model))


def _object(upstream: Upstream) -> UpstreamObject:
    return UpstreamObject(
        name=upstream.name,
        kind=upstream.kind,
        base_url=upstream.base_url,
        secret=upstream.secret,
        timeout_s=upstream.timeout_s,
        retries=upstream.retries,
        created=upstream.created_us // 1_000_000,
    )


def _model_object(model: Model, price: Price) -> UpstreamModelObject:
    upstream, remote = model.upstream or ("", "")
    return UpstreamModelObject(
        model=model.name,
        upstream=upstream,
        remote=remote,
        task=model.task.value,
        price=PriceObject(input=f"{price.input:f}", output=f"{price.output:f}"),
    )
