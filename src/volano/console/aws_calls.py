"""Every AWS operation that takes no stream, as one call of Volano's own API.

What the console and scripts without an AWS client use: JSON in, JSON out, with the names of boto3,
for the principal of the API key or session. The operation is authorized, audited and metered as if
it had come in at the AWS door. A person in the console proves again who they are before what makes
credentials or changes rights, as at the actions that do the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from volano.services.identity.interface import require_proof
from volano.wire.action import SIGNED_IN, Action, action, run_action
from volano.wire.aws.plain import find_operation, plain_output, read_plain_input

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env


class AwsCall(msgspec.Struct, kw_only=True):
    """`service` and `operation` as boto3's models name them (`s3`, `GetBucketVersioning`); `input`
    as boto3 takes it, with ISO 8601 for timestamps and base64 for blobs."""

    service: str
    operation: str
    input: dict[str, Any] = {}


class AwsAnswer(msgspec.Struct, kw_only=True):
    """`output` as boto3 gives it, without ResponseMetadata."""

    output: dict[str, Any]


@action(
    "volano:callAws",
    method="POST",
    path="/volano/v1/aws/{service}/{operation}",
    permission=SIGNED_IN,
    resource="arn:aws:aws:{region}:{account}:{service}/{operation}",
    timeout_s=None,
    read_only=True,  # what it changes is in the trail as the operation that it runs
)
async def call_aws(env: Env, call: Call, request: AwsCall) -> AwsAnswer:
    """Run an AWS operation by JSON; it is authorized as the operation that it is."""
    found, model = await find_operation(request.service, request.operation)
    if _is_sensitive(found):
        await require_proof(env, call)
    parsed = read_plain_input(model, request.input)
    result = await run_action(env, call, found, parsed)
    return AwsAnswer(output=plain_output(model, result or {}))


_HARMLESS = ("sts:GetCallerIdentity", "sts:GetAccessKeyInfo", "sts:DecodeAuthorizationMessage")


def _is_sensitive(found: Action) -> bool:
    """Whether a thief of an open session could stay by it: keys, rights, temporary credentials."""
    if found.name.startswith("sts:"):
        return found.name not in _HARMLESS
    return found.name.startswith("iam:") and not found.read_only
