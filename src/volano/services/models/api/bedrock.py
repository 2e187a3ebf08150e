"""Bedrock's catalogue for boto3: the foundation models that the caller can ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from volano.services.models.logic import registry
from volano.services.models.model import Model, Task
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env

    Shape = dict[str, Any]

MODELS = "arn:aws:models:{region}:{account}:model/*"


@action("bedrock:ListFoundationModels", permission="models:ListModels", resource=MODELS)
async def list_foundation_models(env: Env, call: Call, request: Shape) -> Shape:
    """The models that the caller can use, filtered as asked."""
    found = [_summary(call, model) for model in await registry.list_models(env, call)]
    wanted = {
        "byProvider": "providerName",
        "byOutputModality": "outputModalities",
        "byInferenceType": "inferenceTypesSupported",
        "byCustomizationType": "customizationsSupported",
    }
    for key, field in wanted.items():
        value = request.get(key)
        if value is not None:
            found = [item for item in found if _holds(item[field], value)]
    return {"modelSummaries": found}


def _holds(held: object, wanted: str) -> bool:
    if isinstance(held, list):
        return wanted in held
    return str(held).lower() == wanted.lower()


def _summary(call: Call, model: Model) -> Shape:
    writes = model.task is Task.GENERATE
    return {
        "modelArn": f"arn:aws:bedrock:{call.region}::foundation-model/{model.name}",
        "modelId": model.name,
        "modelName": model.name,
        "providerName": model.owned_by,
        "inputModalities": ["TEXT"],
        "outputModalities": ["TEXT" if writes else "EMBEDDING"],
        "responseStreamingSupported": writes,
        "customizationsSupported": [],
        "inferenceTypesSupported": ["ON_DEMAND"],
        "modelLifecycle": {"status": "ACTIVE"},
    }
