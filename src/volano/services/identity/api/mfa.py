"""IAM virtual MFA devices."""

from __future__ import annotations

from volano.kernel.call import Call, Env
from volano.services.identity.api.shapes import (
    Shape,
    count_page,
    seconds,
    tag_condition,
    tag_shapes,
    tags_of,
    user_resource,
    user_shape,
)
from volano.services.identity.logic import mfa
from volano.services.identity.logic.qr import qr_png
from volano.services.identity.model.errors import NoSuchEntity
from volano.services.identity.model.items import Item
from volano.services.identity.model.principals import User
from volano.wire.action import action

DEVICE = "{SerialNumber}"
DEVICES = "arn:aws:iam::{account}:mfa/*"


def _new_device(call: Call, request: Shape) -> str:
    path = request.get("Path") or "/"
    return f"arn:aws:iam::{call.account}:mfa{path}{request.get('VirtualMFADeviceName') or '*'}"


@action(
    "iam:CreateVirtualMFADevice",
    permission="iam:CreateVirtualMFADevice",
    resource=_new_device,
    condition=tag_condition,
)
async def create_virtual_mfa_device(env: Env, call: Call, request: Shape) -> Shape:
    device, seed = await mfa.create_device(
        env,
        call,
        request["VirtualMFADeviceName"],
        path=request.get("Path") or "/",
        tags=tags_of(request),
    )
    shape: Shape = {
        "SerialNumber": device.id,
        "Base32StringSeed": mfa.seed_text(seed),
        "QRCodePNG": qr_png(mfa.device_uri(device, seed)),
    }
    if device.tags:
        shape["Tags"] = tag_shapes(device.tags)
    return {"VirtualMFADevice": shape}


@action("iam:EnableMFADevice", permission="iam:EnableMFADevice", resource=user_resource)
async def enable_mfa_device(env: Env, call: Call, request: Shape) -> None:
    user = await mfa.mfa_user(env, call, _named(call, request))
    codes = (request["AuthenticationCode1"], request["AuthenticationCode2"])
    await mfa.enable_device(env, call, user, request["SerialNumber"], codes)


def _named(call: Call, request: Shape) -> str | None:
    """The user's name; a root names itself by `root` or by its account."""
    name = request.get("UserName")
    return None if name in ("root", "<root>", call.account) else name


@action("iam:ResyncMFADevice", permission="iam:ResyncMFADevice", resource=user_resource)
async def resync_mfa_device(env: Env, call: Call, request: Shape) -> None:
    user = await mfa.mfa_user(env, call, _named(call, request))
    codes = (request["AuthenticationCode1"], request["AuthenticationCode2"])
    await mfa.resync_device(env, user, request["SerialNumber"], codes)


@action("iam:DeactivateMFADevice", permission="iam:DeactivateMFADevice", resource=user_resource)
async def deactivate_mfa_device(env: Env, call: Call, request: Shape) -> None:
    user = await mfa.mfa_user(env, call, _named(call, request))
    await mfa.deactivate_device(env, user, request["SerialNumber"])


@action("iam:DeleteVirtualMFADevice", permission="iam:DeleteVirtualMFADevice", resource=DEVICE)
async def delete_virtual_mfa_device(env: Env, call: Call, request: Shape) -> None:
    await mfa.delete_device(env, call, request["SerialNumber"])


@action("iam:GetMFADevice", permission="iam:GetMFADevice", resource=user_resource)
async def get_mfa_device(env: Env, call: Call, request: Shape) -> Shape:
    user = await mfa.mfa_user(env, call, request.get("UserName"))
    for device in await mfa.list_devices(env, user):
        if device.id == request["SerialNumber"]:
            return _device_shape(device, user)
    raise NoSuchEntity(
        f"MFA Device with serial number {request['SerialNumber'][:200]} cannot be found."
    )


@action("iam:ListMFADevices", permission="iam:ListMFADevices", resource=user_resource)
async def list_mfa_devices(env: Env, call: Call, request: Shape) -> Shape:
    user = await mfa.mfa_user(env, call, request.get("UserName"))
    shapes = [_device_shape(device, user) for device in await mfa.list_devices(env, user)]
    return count_page("MFADevices", shapes, request)


def _device_shape(device: Item, user: User) -> Shape:
    return {
        "UserName": user.name,
        "SerialNumber": device.id,
        "EnableDate": _enabled(device),
    }


def _enabled(device: Item) -> int:
    return seconds(int(device.body.get("enabled_us", device.created_us)))


@action("iam:ListVirtualMFADevices", permission="iam:ListVirtualMFADevices", resource=DEVICES)
async def list_virtual_mfa_devices(env: Env, call: Call, request: Shape) -> Shape:
    found = await mfa.list_virtual_devices(env, call, request.get("AssignmentStatus") or "Any")
    return count_page("VirtualMFADevices", [_virtual_shape(*one) for one in found], request)


def _virtual_shape(device: Item, user: User | None) -> Shape:
    shape: Shape = {"SerialNumber": device.id}
    if user is not None:
        shape |= {"User": user_shape(user), "EnableDate": _enabled(device)}
    if device.tags:
        shape["Tags"] = tag_shapes(device.tags)
    return shape
