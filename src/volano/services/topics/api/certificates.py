"""The certificate by which receivers verify messages of topics."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from volano.kernel.errors import NotFound
from volano.services.topics.logic.signing import find_certificate
from volano.wire.action import PUBLIC, action
from volano.wire.results import Raw

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env

_NAME = re.compile(r"([0-9a-f]{32})\.pem\Z")


class CertificateRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: str


@action(
    "volano:getTopicCertificate",
    permission=PUBLIC,
    resource="*",
    method="GET",
    path="/volano/v1/topics/certificates/{name}",
)
async def get_topic_certificate(env: Env, call: Call, request: CertificateRequest) -> Raw:
    found = _NAME.match(request.name)
    certificate = await find_certificate(env, found.group(1)) if found else None
    if certificate is None:
        raise NotFound("There is no such certificate.")
    return Raw("application/x-pem-file", certificate.encode())
