"""Encoded authorization messages: why EC2 refused, for those who may read it.

EC2 answers a refusal with an opaque text (EC2 API reference, "UnauthorizedOperation"), and
sts:DecodeAuthorizationMessage turns it into JSON. Ours is sealed under the root key, so that
nobody makes one up, and opens for the account that was refused only.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from volano.kernel.errors import Internal
from volano.services.identity.model.errors import InvalidAuthorizationMessage

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.secrets import SecretBox
    from volano.services.identity.logic.policy import Verdict

MAX_MESSAGE_CHARACTERS = 10240
"""STS API reference, DecodeAuthorizationMessage."""
MAX_VALUE_CHARACTERS = 200


def encode_message(
    secrets: SecretBox,
    call: Call,
    permission: str,
    resource: str,
    verdict: Verdict,
    context: Mapping[str, str],
) -> str:
    """The text that goes into the refusal."""
    who = call.principal
    conditions = [
        {"key": key, "values": {"items": [{"value": value[:MAX_VALUE_CHARACTERS]}]}}
        for key, value in sorted(context.items())
        if not key.startswith("volano:")
    ]
    message = {
        "allowed": False,
        "explicitDeny": verdict.explicit,
        "matchedStatements": {"items": []},
        "failures": {"items": []},
        "context": {
            "principal": {"id": who.id, "name": who.name, "arn": who.arn},
            "action": permission,
            "resource": resource,
            "conditions": {"items": conditions[:20]},
        },
        "reason": verdict.reason,
    }
    packed = zlib.compress(json.dumps(message).encode(), 6)
    sealed = secrets.seal(packed, context=_context(call.account))
    return base64.urlsafe_b64encode(sealed).decode()


def _context(account: str) -> str:
    return f"authorization-message:{account}"


def decode_message(env: Env, call: Call, text: str) -> str:
    """The JSON of a message that was made for the caller's account; raises
    InvalidAuthorizationMessage."""
    try:
        if len(text) > MAX_MESSAGE_CHARACTERS:
            raise ValueError("too long")
        sealed = base64.b64decode(text.encode(), altchars=b"-_", validate=True)
        packed = env.secrets.open(sealed, context=_context(call.account))
    except (ValueError, binascii.Error, Internal) as error:
        raise InvalidAuthorizationMessage(
            "The error message could not be decoded: it is not one of this account's."
        ) from error
    return zlib.decompress(packed).decode()
