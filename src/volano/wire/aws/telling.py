"""What the audit trail tells of an AWS call beside who, what and where, as CloudTrail does.

Parameters of the request, elements of the answer to what changed something, the access key and how
old the session was (CloudTrail user guide, "record contents"). Members that the model calls
sensitive are hidden, and so is everything that would let somebody in. Data events, of which there
are many, tell none of it.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.model import OperationModel, Shape

    from volano.kernel.call import Call

MAX_DETAILS_CHARACTERS = 8192
MAX_TEXT_CHARACTERS = 1024
MAX_ITEMS = 50
MAX_DEPTH = 6
HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
_SECRETS = frozenset(
    {
        "AuthenticationCode1", "AuthenticationCode2", "Base32StringSeed", "EncodedMessage",
        "SecretBinary", "SecretString", "TokenCode", "UserData",
    }
)  # fmt: skip
_SECRET_ENDS = (
    "assertion", "identitytoken", "password", "privatekey", "secretaccesskey", "sessiontoken",
)  # fmt: skip
_DATA = {
    "sqs": ("SendMessage", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility"),
    "sns": ("Publish",),
}
"""Beginnings of the names of operations on messages."""


def compile_teller(model: OperationModel) -> Callable[..., str] | None:
    """A function (call, request, result) to the details in JSON; None for data events.

    `result` is None when the call was refused, and where it is not to be told.
    """
    service, name = model.service_model.service_name, model.name
    if name.startswith(_DATA.get(service, ())) and service in _DATA:
        return None
    if service == "s3" and model.input_shape is not None and "Key" in model.input_shape.members:
        return None
    taken, given = model.input_shape, model.output_shape

    def tell(call: Call, request: dict[str, Any], result: dict[str, Any] | None) -> str:
        found: dict[str, Any] = _identity_of(call)
        found["requestParameters"] = _told(taken, request, 0) if taken is not None else None
        if result and given is not None:
            found["responseElements"] = _told(given, result, 0)
        text = _encode(found)
        if len(text) > MAX_DETAILS_CHARACTERS:
            omitted = {"omitted": True, "originalSize": len(text)}
            text = _encode({**_identity_of(call), "requestParameters": omitted})
        return text

    return tell


def _encode(found: dict[str, Any]) -> str:
    told = {name: value for name, value in found.items() if value}
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False, default=str)


def _identity_of(call: Call) -> dict[str, Any]:
    facts = call.principal.facts
    found: dict[str, Any] = {"accessKeyId": call.context.get("volano:access-key-id", "")}
    if "aws:TokenIssueTime" in facts:
        found["attributes"] = {
            "creationDate": facts["aws:TokenIssueTime"],
            "mfaAuthenticated": facts.get("aws:MultiFactorAuthPresent", "false"),
        }
    return found


def _told(shape: Shape, value: Any, depth: int) -> Any:
    """A value in CloudTrail's words: names begin in lower case, blobs are left out."""
    if depth > MAX_DEPTH or value is None or shape.type_name == "blob":
        return None
    if shape.metadata.get("sensitive"):
        return HIDDEN
    if shape.type_name == "structure" and isinstance(value, dict):
        return _told_members(shape, value, depth)
    if shape.type_name == "map" and isinstance(value, dict):
        items = list(value.items())[:MAX_ITEMS]
        return {key: _told(shape.value, each, depth + 1) for key, each in items}
    if shape.type_name == "list" and isinstance(value, list | tuple):
        return [_told(shape.member, each, depth + 1) for each in value[:MAX_ITEMS]]
    if isinstance(value, datetime):
        return value.isoformat()
    return value[:MAX_TEXT_CHARACTERS] if isinstance(value, str) else value


def _told_members(shape: Shape, value: dict[str, Any], depth: int) -> dict[str, Any]:
    found = {}
    for name, member in shape.members.items():
        given = value.get(name)
        if given is None or member.type_name == "blob" or member.serialization.get("streaming"):
            continue
        told = HIDDEN if _is_secret(name) else _told(member, given, depth + 1)
        found["bucketName" if name == "Bucket" else name[:1].lower() + name[1:]] = told
    return found


def _is_secret(name: str) -> bool:
    return name in _SECRETS or name.lower().endswith(_SECRET_ENDS)
