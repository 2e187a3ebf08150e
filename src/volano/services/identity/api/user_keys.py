"""IAM SSH public keys and service-specific credentials."""

from __future__ import annotations

from volano.kernel.call import Call, Env
from volano.services.identity.api.shapes import Shape, count_page, seconds, user_resource
from volano.services.identity.logic import user_keys as logic
from volano.services.identity.logic.mfa import mfa_user
from volano.services.identity.logic.users import get_user
from volano.services.identity.model.items import Item
from volano.services.identity.model.principals import User
from volano.wire.action import action

_KEPT = "Kept and given back; no service of Volano takes it."


@action(
    "iam:UploadSSHPublicKey",
    permission="iam:UploadSSHPublicKey",
    resource=user_resource,
    partial=_KEPT,
)
async def upload_ssh_public_key(env: Env, call: Call, request: Shape) -> Shape:
    user = await get_user(env.store.reader, call.account, request["UserName"])
    made = await logic.upload_ssh_key(env, user, request["SSHPublicKeyBody"])
    return {"SSHPublicKey": _key(made, user, text=made.body["key"])}


def _key(item: Item, user: User, *, text: str | None = None) -> Shape:
    shape: Shape = {
        "UserName": user.name,
        "SSHPublicKeyId": item.id,
        "Status": item.body["status"],
        "UploadDate": seconds(item.created_us),
    }
    if text is not None:
        shape |= {"SSHPublicKeyBody": text, "Fingerprint": item.body["fingerprint"]}
    return shape


@action("iam:GetSSHPublicKey", permission="iam:GetSSHPublicKey", resource=user_resource)
async def get_ssh_public_key(env: Env, call: Call, request: Shape) -> Shape:
    user = await get_user(env.store.reader, call.account, request["UserName"])
    found = await logic.get_ssh_key(env.store.reader, user, request["SSHPublicKeyId"])
    text = logic.ssh_key_text(found, request["Encoding"])
    return {"SSHPublicKey": _key(found, user, text=text)}


@action("iam:ListSSHPublicKeys", permission="iam:ListSSHPublicKeys", resource=user_resource)
async def list_ssh_public_keys(env: Env, call: Call, request: Shape) -> Shape:
    user = await mfa_user(env, call, request.get("UserName"))
    found = await logic.list_ssh_keys(env, user)
    return count_page("SSHPublicKeys", [_key(one, user) for one in found], request)


@action("iam:UpdateSSHPublicKey", permission="iam:UpdateSSHPublicKey", resource=user_resource)
async def update_ssh_public_key(env: Env, call: Call, request: Shape) -> None:
    user = await get_user(env.store.reader, call.account, request["UserName"])
    await logic.update_ssh_key(env, user, request["SSHPublicKeyId"], request["Status"])


@action("iam:DeleteSSHPublicKey", permission="iam:DeleteSSHPublicKey", resource=user_resource)
async def delete_ssh_public_key(env: Env, call: Call, request: Shape) -> None:
    user = await get_user(env.store.reader, call.account, request["UserName"])
    await logic.delete_ssh_key(env, user, request["SSHPublicKeyId"])


@action(
    "iam:CreateServiceSpecificCredential",
    permission="iam:CreateServiceSpecificCredential",
    resource=user_resource,
    partial=_KEPT,
)
async def create_service_specific_credential(env: Env, call: Call, request: Shape) -> Shape:
    user = await get_user(env.store.reader, call.account, request["UserName"])
    made, password = await logic.create_service_credential(
        env, user, request["ServiceName"], request.get("CredentialAgeDays")
    )
    return {"ServiceSpecificCredential": _credential(made, user.name, password)}


def _credential(item: Item, user_name: str, password: str = "") -> Shape:
    shape: Shape = {
        "CreateDate": seconds(item.created_us),
        "ServiceName": item.body["service"],
        "ServiceUserName": item.body["login"],
        "ServiceSpecificCredentialId": item.id,
        "UserName": user_name,
        "Status": item.body["status"],
    }
    if item.body["expires_us"]:
        shape["ExpirationDate"] = seconds(int(item.body["expires_us"]))
    return shape | ({"ServicePassword": password} if password else {})


@action(
    "iam:ListServiceSpecificCredentials",
    permission="iam:ListServiceSpecificCredentials",
    resource=user_resource,
)
async def list_service_specific_credentials(env: Env, call: Call, request: Shape) -> Shape:
    everyone = bool(request.get("AllUsers"))
    user = None if everyone else await mfa_user(env, call, request.get("UserName"))
    found = await logic.list_service_credentials(env, call, user, request.get("ServiceName"))
    shapes = [_credential(item, name) for item, name in found]
    page = count_page("ServiceSpecificCredentials", shapes, request)
    if not page["IsTruncated"]:
        del page["IsTruncated"]  # IAM says it of a page only
    return page


@action(
    "iam:ResetServiceSpecificCredential",
    permission="iam:ResetServiceSpecificCredential",
    resource=user_resource,
)
async def reset_service_specific_credential(env: Env, call: Call, request: Shape) -> Shape:
    user = await mfa_user(env, call, request.get("UserName"))
    found, password = await logic.reset_service_credential(
        env, user, request["ServiceSpecificCredentialId"]
    )
    return {"ServiceSpecificCredential": _credential(found, user.name, password)}


@action(
    "iam:UpdateServiceSpecificCredential",
    permission="iam:UpdateServiceSpecificCredential",
    resource=user_resource,
)
async def update_service_specific_credential(env: Env, call: Call, request: Shape) -> None:
    user = await mfa_user(env, call, request.get("UserName"))
    credential_id = request["ServiceSpecificCredentialId"]
    await logic.update_service_credential(env, user, credential_id, request["Status"])


@action(
    "iam:DeleteServiceSpecificCredential",
    permission="iam:DeleteServiceSpecificCredential",
    resource=user_resource,
)
async def delete_service_specific_credential(env: Env, call: Call, request: Shape) -> None:
    user = await mfa_user(env, call, request.get("UserName"))
    await logic.delete_service_credential(env, user, request["ServiceSpecificCredentialId"])
