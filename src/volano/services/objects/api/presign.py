"""Presigned URLs made by the cloud itself, for the console (SigV4 query authentication).

Specified in the S3 API reference, "Authenticating requests: using query parameters".
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from volano.wire.aws.sigv4 import signing_key

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.services.identity.interface import TemporaryCredentials

ALGORITHM = "AWS4-HMAC-SHA256"


def link_policy(permission: str, bucket: str, key: str) -> str:
    """A session policy that allows one thing on one object."""
    # `*`, `?` and `$` would be wildcards and variables: IAM writes them ${*}, ${?} and ${$}.
    literal = "".join(f"${{{char}}}" if char in "*?$" else char for char in key)
    return msgspec.json.encode(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Action": permission,
                "Resource": f"arn:aws:s3:::{bucket}/{literal}",
            },
        }
    ).decode()


def presigned_url(
    env: Env,
    credentials: TemporaryCredentials,
    method: str,
    bucket: str,
    key: str,
    *,
    expires_s: int,
) -> str:
    """The URL on the AWS port, path style, valid from now."""
    endpoint = urlsplit(env.config.aws_url)
    now = datetime.fromtimestamp(env.clock.now_us() / 1e6, UTC)
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/{env.region.name}/s3/aws4_request"
    path = quote(f"/{bucket}/{key}", safe="/~")
    query = urlencode(
        sorted(
            {
                "X-Amz-Algorithm": ALGORITHM,
                "X-Amz-Credential": f"{credentials.access_key_id}/{scope}",
                "X-Amz-Date": stamp,
                "X-Amz-Expires": str(expires_s),
                "X-Amz-Security-Token": credentials.session_token,
                "X-Amz-SignedHeaders": "host",
            }.items()
        ),
        quote_via=quote,
        safe="~",
    )
    canonical = f"{method}\n{path}\n{query}\nhost:{endpoint.netloc}\n\nhost\nUNSIGNED-PAYLOAD"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"{ALGORITHM}\n{stamp}\n{scope}\n{digest}"
    secret = signing_key(credentials.secret_access_key, stamp[:8], env.region.name, "s3")
    signature = hmac.digest(secret, text.encode(), "sha256").hex()
    return f"{env.config.aws_url}{path}?{query}&X-Amz-Signature={signature}"
