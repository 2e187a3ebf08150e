"""IAM server certificates and signing certificates."""

from __future__ import annotations

from volano.kernel.call import Call, Env
from volano.services.identity.api.shapes import (
    Shape,
    count_page,
    new_resource,
    seconds,
    tag_condition,
    tag_shapes,
    tags_of,
    user_resource,
)
from volano.services.identity.logic import certificates as logic
from volano.services.identity.logic.mfa import mfa_user
from volano.services.identity.model.items import Item
from volano.services.identity.model.principals import User
from volano.wire.action import action

CERTIFICATE = "arn:aws:iam::{account}:server-certificate/{ServerCertificateName}"
CERTIFICATES = "arn:aws:iam::{account}:server-certificate/*"


@action(
    "iam:UploadServerCertificate",
    permission="iam:UploadServerCertificate",
    resource=new_resource("server-certificate", "ServerCertificateName"),
    condition=tag_condition,
)
async def upload_server_certificate(env: Env, call: Call, request: Shape) -> Shape:
    wanted = logic.ServerCertificate(
        name=request["ServerCertificateName"],
        path=request.get("Path") or "/",
        body=request["CertificateBody"],
        private_key=request["PrivateKey"],
        chain=request.get("CertificateChain"),
        tags=tags_of(request),
    )
    made = await logic.upload_server_certificate(env, call, wanted)
    shape: Shape = {"ServerCertificateMetadata": _metadata(made)}
    return shape | ({"Tags": tag_shapes(made.tags)} if made.tags else {})


def _metadata(item: Item) -> Shape:
    path = item.body["path"]
    return {
        "Path": path,
        "ServerCertificateName": item.name,
        "ServerCertificateId": item.id,
        "Arn": f"arn:aws:iam::{item.account}:server-certificate{path}{item.name}",
        "UploadDate": seconds(item.created_us),
        "Expiration": int(item.body["expires"]),
    }


@action("iam:GetServerCertificate", permission="iam:GetServerCertificate", resource=CERTIFICATE)
async def get_server_certificate(env: Env, call: Call, request: Shape) -> Shape:
    name = request["ServerCertificateName"]
    found = await logic.get_server_certificate(env.store.reader, call.account, name)
    shape: Shape = {
        "ServerCertificateMetadata": _metadata(found),
        "CertificateBody": found.body["certificate"],
    }
    if found.body["chain"]:
        shape["CertificateChain"] = found.body["chain"]
    if found.tags:
        shape["Tags"] = tag_shapes(found.tags)
    return {"ServerCertificate": shape}


@action(
    "iam:ListServerCertificates", permission="iam:ListServerCertificates", resource=CERTIFICATES
)
async def list_server_certificates(env: Env, call: Call, request: Shape) -> Shape:
    found = await logic.list_server_certificates(env, call, request.get("PathPrefix") or "/")
    return count_page("ServerCertificateMetadataList", [_metadata(one) for one in found], request)


@action(
    "iam:UpdateServerCertificate", permission="iam:UpdateServerCertificate", resource=CERTIFICATE
)
async def update_server_certificate(env: Env, call: Call, request: Shape) -> None:
    await logic.update_server_certificate(
        env,
        call,
        request["ServerCertificateName"],
        new_name=request.get("NewServerCertificateName"),
        new_path=request.get("NewPath"),
    )


@action(
    "iam:DeleteServerCertificate", permission="iam:DeleteServerCertificate", resource=CERTIFICATE
)
async def delete_server_certificate(env: Env, call: Call, request: Shape) -> None:
    await logic.delete_server_certificate(env, call, request["ServerCertificateName"])


@action(
    "iam:UploadSigningCertificate",
    permission="iam:UploadSigningCertificate",
    resource=user_resource,
)
async def upload_signing_certificate(env: Env, call: Call, request: Shape) -> Shape:
    user = await mfa_user(env, call, request.get("UserName"))
    made = await logic.upload_signing_certificate(env, user, request["CertificateBody"])
    return {"Certificate": _signing(made, user)}


def _signing(item: Item, user: User) -> Shape:
    return {
        "UserName": user.name,
        "CertificateId": item.id,
        "CertificateBody": item.body["certificate"],
        "Status": item.body["status"],
        "UploadDate": seconds(item.created_us),
    }


@action(
    "iam:ListSigningCertificates", permission="iam:ListSigningCertificates", resource=user_resource
)
async def list_signing_certificates(env: Env, call: Call, request: Shape) -> Shape:
    user = await mfa_user(env, call, request.get("UserName"))
    found = await logic.list_signing_certificates(env, user)
    return count_page("Certificates", [_signing(one, user) for one in found], request)


@action(
    "iam:UpdateSigningCertificate",
    permission="iam:UpdateSigningCertificate",
    resource=user_resource,
)
async def update_signing_certificate(env: Env, call: Call, request: Shape) -> None:
    user = await mfa_user(env, call, request.get("UserName"))
    await logic.update_signing_certificate(env, user, request["CertificateId"], request["Status"])


@action(
    "iam:DeleteSigningCertificate",
    permission="iam:DeleteSigningCertificate",
    resource=user_resource,
)
async def delete_signing_certificate(env: Env, call: Call, request: Shape) -> None:
    user = await mfa_user(env, call, request.get("UserName"))
    await logic.delete_signing_certificate(env, user, request["CertificateId"])
