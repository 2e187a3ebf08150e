"""IAM policies on users, groups and roles: the same eight operations for each of the three."""

from __future__ import annotations

from volano.kernel.call import Call, Env
from volano.services.identity.api.shapes import (
    Shape,
    document_text,
    page_shape,
    paging,
    tag_condition,
)
from volano.services.identity.logic import attachments
from volano.services.identity.logic.attachments import Target
from volano.wire.action import action


def _register_attached(kind: str) -> None:
    """Attach, detach and list managed policies of a `User`, `Group` or `Role`."""
    resource = f"arn:aws:iam::{{account}}:{kind.lower()}/{{{kind}Name}}"

    def target(request: Shape) -> Target:
        return Target(kind.lower(), request[f"{kind}Name"])

    attach, detach = f"iam:Attach{kind}Policy", f"iam:Detach{kind}Policy"
    list_name = f"iam:ListAttached{kind}Policies"

    @action(attach, permission=attach, resource=resource, condition=tag_condition)
    async def attach_policy(env: Env, call: Call, request: Shape) -> None:
        await attachments.attach_policy(env, call, target(request), request["PolicyArn"])

    @action(detach, permission=detach, resource=resource, condition=tag_condition)
    async def detach_policy(env: Env, call: Call, request: Shape) -> None:
        await attachments.detach_policy(env, call, target(request), request["PolicyArn"])

    @action(list_name, permission=list_name, resource=resource)
    async def list_attached(env: Env, call: Call, request: Shape) -> Shape:
        arns, marker = await attachments.list_attached(
            env, call, target(request), **paging(request)
        )
        prefix = request.get("PathPrefix") or "/"
        shapes = [
            {"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn}
            for arn in arns
            if arn.partition(":policy")[2].startswith(prefix)
        ]
        return page_shape("AttachedPolicies", shapes, marker)


def _register_inline(kind: str) -> None:
    """Put, get, list and delete inline policies of a `User`, `Group` or `Role`."""
    resource = f"arn:aws:iam::{{account}}:{kind.lower()}/{{{kind}Name}}"

    def target(request: Shape) -> Target:
        return Target(kind.lower(), request[f"{kind}Name"])

    put, get = f"iam:Put{kind}Policy", f"iam:Get{kind}Policy"
    delete, list_name = f"iam:Delete{kind}Policy", f"iam:List{kind}Policies"

    @action(put, permission=put, resource=resource)
    async def put_policy(env: Env, call: Call, request: Shape) -> None:
        await attachments.put_inline(
            env, call, target(request), request["PolicyName"], request["PolicyDocument"]
        )

    @action(get, permission=get, resource=resource)
    async def get_policy(env: Env, call: Call, request: Shape) -> Shape:
        document = await attachments.get_inline(env, call, target(request), request["PolicyName"])
        return {
            f"{kind}Name": request[f"{kind}Name"],
            "PolicyName": request["PolicyName"],
            "PolicyDocument": document_text(document),
        }

    @action(list_name, permission=list_name, resource=resource)
    async def list_policies(env: Env, call: Call, request: Shape) -> Shape:
        names, marker = await attachments.list_inline(env, call, target(request), **paging(request))
        return page_shape("PolicyNames", names, marker)

    @action(delete, permission=delete, resource=resource)
    async def delete_policy(env: Env, call: Call, request: Shape) -> None:
        await attachments.delete_inline(env, call, target(request), request["PolicyName"])


for _kind in ("User", "Group", "Role"):
    _register_attached(_kind)
    _register_inline(_kind)
