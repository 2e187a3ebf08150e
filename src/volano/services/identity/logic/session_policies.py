"""The policies that limit a session: one inline, and managed ones by ARN, read together."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from volano.kernel.foreign_json import decode_foreign
from volano.services.identity.logic.policies import get_policy
from volano.services.identity.logic.policy import PolicyKind, require_policy
from volano.services.identity.model.errors import (
    LimitExceeded,
    MalformedPolicyDocument,
    PackedPolicyTooLarge,
    ValidationError,
)
from volano.services.identity.model.managed import managed_documents
from volano.services.identity.store import policies as rows

if TYPE_CHECKING:
    from volano.kernel.call import Env

MAX_ARNS = 10
MAX_CHARACTERS = 2048
MAX_PACKED_BYTES = 2048
NOTHING = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "none:none", "Resource": "*"}],
    }
)
"""A session policy that allows nothing: what federated users have when none is given."""


async def require_session_policies(
    env: Env, account: str, policy: str | None, arns: Sequence[str]
) -> str | None:
    """One document of all of them; None when there are none.

    `account` is whose managed policies may be named. Raises MalformedPolicyDocument,
    PackedPolicyTooLarge, NoSuchEntity, ValidationError.
    """
    if len(arns) > MAX_ARNS:
        raise ValidationError(f"A session takes up to {MAX_ARNS} policy ARNs.")
    documents = []
    if policy is not None:
        documents.append(_require_inline(policy, test_mode=env.config.test_mode))
    for arn in arns:
        found = await get_policy(env.store.reader, account, arn)
        text = managed_documents().get(found.arn)
        if text is None:
            text = await rows.find_default_document(env.store.reader, found.arn)
        assert text is not None, "a policy has a default version"
        documents.append(text)
    if not documents:
        return None
    return documents[0] if len(documents) == 1 else _joined(documents)


def _require_inline(policy: str, *, test_mode: bool) -> str:
    try:
        require_policy(policy, PolicyKind.IDENTITY, limit=MAX_CHARACTERS)
    except LimitExceeded as error:
        raise ValidationError(
            f"1 validation error detected: Value '{policy[:4096]}' at 'policy' failed to satisfy "
            f"constraint: Member must have length less than or equal to {MAX_CHARACTERS}"
        ) from error
    except MalformedPolicyDocument:
        dated = _with_version(policy) if test_mode else None
        if dated is None:
            raise
        require_policy(dated, PolicyKind.IDENTITY, limit=MAX_CHARACTERS)
        return dated
    return policy


def _with_version(policy: str) -> str | None:
    """Public suites leave the Version out; test mode reads the newest one into it."""
    try:
        document = decode_foreign(policy)
    except ValueError:
        return None
    if not isinstance(document, dict) or "Version" in document:
        return None
    return json.dumps({"Version": "2012-10-17", **document})


def _joined(documents: Sequence[str]) -> str:
    """All statements in one document; they are alternatives in any case."""
    statements: list[object] = []
    for text in documents:
        found = json.loads(text)["Statement"]
        statements += found if isinstance(found, list) else [found]
    unnamed = [
        {name: value for name, value in one.items() if name != "Sid"}
        for one in statements
        if isinstance(one, dict)
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": unnamed})


def packed_percent(policy: str | None, arns: Sequence[str], tags: Mapping[str, str]) -> int:
    """How much of their limit a session's policies and tags take; raises PackedPolicyTooLarge."""
    if policy is None and not arns and not tags:
        return 0
    packed = zlib.compress(json.dumps([policy, list(arns), dict(tags)]).encode(), 9)
    percent = max(1, len(packed) * 100 // MAX_PACKED_BYTES)
    if percent > 100:
        raise PackedPolicyTooLarge(
            f"Packed size of session tags consumes {percent}% of allotted space."
        )
    return percent
