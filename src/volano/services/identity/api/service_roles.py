"""IAM service-linked roles."""

from __future__ import annotations

from volano.kernel.call import Call, Env
from volano.services.identity.api.shapes import Shape, new_role_shape
from volano.services.identity.logic import service_roles as logic
from volano.wire.action import action


def _new_role(call: Call, request: Shape) -> str:
    service = request.get("AWSServiceName") or "*"
    return f"arn:aws:iam::{call.account}:role/aws-service-role/{service}/*"


def _service(call: Call, request: Shape) -> dict[str, str]:
    return {"iam:AWSServiceName": str(request.get("AWSServiceName") or "")}


@action(
    "iam:CreateServiceLinkedRole",
    permission="iam:CreateServiceLinkedRole",
    resource=_new_role,
    condition=_service,
)
async def create_service_linked_role(env: Env, call: Call, request: Shape) -> Shape:
    role = await logic.create_service_role(
        env,
        call,
        request["AWSServiceName"],
        description=request.get("Description") or "",
        suffix=request.get("CustomSuffix") or "",
    )
    return {"Role": new_role_shape(role)}


@action(
    "iam:DeleteServiceLinkedRole",
    permission="iam:DeleteServiceLinkedRole",
    resource="arn:aws:iam::{account}:role/{RoleName}",
)
async def delete_service_linked_role(env: Env, call: Call, request: Shape) -> Shape:
    task = await logic.delete_service_role(env, call, request["RoleName"])
    return {"DeletionTaskId": task}


@action(
    "iam:GetServiceLinkedRoleDeletionStatus",
    permission="iam:GetServiceLinkedRoleDeletionStatus",
    resource="arn:aws:iam::{account}:role/*",
)
async def get_service_linked_role_deletion_status(env: Env, call: Call, request: Shape) -> Shape:
    return {"Status": await logic.deletion_status(env, call, request["DeletionTaskId"])}
