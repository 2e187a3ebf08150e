"""Tags of what has no page of its own: instance profiles, providers, certificates, MFA devices.

The same three operations for each: Tag…, Untag… and List…Tags.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from volano.kernel.call import Call, Env
from volano.services.identity.api.shapes import Shape, tag_condition, tag_page, tags_of
from volano.services.identity.logic import certificates, instance_profiles, mfa, oidc, saml
from volano.wire.action import action


@dataclass(frozen=True, slots=True)
class _Tagged:
    """`name` is the operation's noun, `field` the request's member that names the thing."""

    name: str
    field: str
    resource: str
    change: Callable[..., Awaitable[None]]
    read: Callable[[Env, Call, str], Awaitable[Mapping[str, str]]]


async def _profile_tags(env: Env, call: Call, name: str) -> Mapping[str, str]:
    reader = env.store.reader
    return (await instance_profiles.get_instance_profile(reader, call.account, name))[0].tags


async def _oidc_tags(env: Env, call: Call, arn: str) -> Mapping[str, str]:
    return (await oidc.get_provider(env, call, arn)).tags


async def _saml_tags(env: Env, call: Call, arn: str) -> Mapping[str, str]:
    return (await saml.get_provider(env.store.reader, call.account, arn)).tags


async def _certificate_tags(env: Env, call: Call, name: str) -> Mapping[str, str]:
    reader = env.store.reader
    return (await certificates.get_server_certificate(reader, call.account, name)).tags


async def _device_tags(env: Env, call: Call, serial: str) -> Mapping[str, str]:
    return (await mfa.find_device(env.store.reader, call.account, serial)).tags


_PROFILE = "arn:aws:iam::{account}:instance-profile/{InstanceProfileName}"
_CERTIFICATE = "arn:aws:iam::{account}:server-certificate/{ServerCertificateName}"
_THINGS = (
    _Tagged(
        "InstanceProfile",
        "InstanceProfileName",
        _PROFILE,
        instance_profiles.tag_instance_profile,
        _profile_tags,
    ),
    _Tagged(
        "OpenIDConnectProvider",
        "OpenIDConnectProviderArn",
        "{OpenIDConnectProviderArn}",
        oidc.tag_provider,
        _oidc_tags,
    ),
    _Tagged("SAMLProvider", "SAMLProviderArn", "{SAMLProviderArn}", saml.tag_provider, _saml_tags),
    _Tagged(
        "ServerCertificate",
        "ServerCertificateName",
        _CERTIFICATE,
        certificates.tag_server_certificate,
        _certificate_tags,
    ),
    _Tagged("MFADevice", "SerialNumber", "{SerialNumber}", mfa.tag_device, _device_tags),
)


def _register(thing: _Tagged) -> None:
    tag, untag = f"iam:Tag{thing.name}", f"iam:Untag{thing.name}"
    listed = f"iam:List{thing.name}Tags"
    more: dict[str, Any] = {"resource": thing.resource, "condition": tag_condition}

    @action(tag, permission=tag, **more)
    async def tag_thing(env: Env, call: Call, request: Shape) -> None:
        await thing.change(env, call, request[thing.field], add=tags_of(request))

    @action(untag, permission=untag, **more)
    async def untag_thing(env: Env, call: Call, request: Shape) -> None:
        await thing.change(env, call, request[thing.field], add={}, remove=request["TagKeys"])

    @action(listed, permission=listed, resource=thing.resource)
    async def list_tags(env: Env, call: Call, request: Shape) -> Shape:
        return tag_page(request, await thing.read(env, call, request[thing.field]))


for _thing in _THINGS:
    _register(_thing)
