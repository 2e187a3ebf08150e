"""What a request asks for: server-side encryption with a key of the region, of KMS, of the client.

Errors are S3's, checked in the order in which S3 tells of them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, field

from volano.services.objects.logic.errors import (
    InvalidArgument,
    InvalidEncryptionAlgorithm,
    InvalidRequest,
)
from volano.services.objects.model import EncryptionMode

CUSTOMER_KEY_BYTES = 32
CUSTOMER_ALGORITHM = "AES256"
SSE_HEADER = "x-amz-server-side-encryption"
_REQUESTS = "Requests specifying Server Side Encryption with Customer provided keys must provide "


@dataclass(frozen=True, slots=True)
class CustomerKey:
    """A client's own key (SSE-C), for the time of a request; `md5` is what answers repeat."""

    key: bytes = field(repr=False)
    md5: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedEncryption:
    """Which encryption new bytes shall have; `kms_key` '' is the account's own key for S3."""

    mode: EncryptionMode
    customer: CustomerKey | None = None
    kms_key: str = ""
    kms_context: dict[str, str] = field(default_factory=dict)
    has_bucket_key: bool = False


def parse_customer_key(
    algorithm: str | None, key: str | None, md5: str | None
) -> CustomerKey | None:
    """The three headers of SSE-C together; raises InvalidArgument in S3's words."""
    if not (algorithm or key or md5):
        return None
    if not algorithm:
        raise InvalidArgument(_REQUESTS + "a valid encryption algorithm.")
    if algorithm != CUSTOMER_ALGORITHM:
        raise InvalidEncryptionAlgorithm(
            "The encryption request you specified is not valid. Supported value: AES256.",
            fields={"ArgumentName": SSE_HEADER + "-customer-algorithm"},
        )
    if not key:
        raise InvalidArgument(_REQUESTS + "an appropriate secret key.")
    if not md5:
        raise InvalidArgument(_REQUESTS + "the client calculated MD5 of the secret key.")
    try:
        plain = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _bad_key() from error
    if len(plain) != CUSTOMER_KEY_BYTES:
        raise _bad_key()
    expected = base64.b64encode(hashlib.md5(plain, usedforsecurity=False).digest()).decode()
    if md5 != expected:
        raise InvalidArgument(
            "The calculated MD5 hash of the key did not match the hash that was provided."
        )
    return CustomerKey(plain, expected)


def _bad_key() -> InvalidArgument:
    return InvalidArgument(
        "The secret key was invalid for the specified algorithm.",
        fields={"ArgumentName": SSE_HEADER + "-customer-key"},
    )


def parse_wanted(
    method: str | None,
    customer: CustomerKey | None,
    *,
    kms_key: str | None,
    kms_context: dict[str, str] | None,
    has_bucket_key: bool | None,
) -> WantedEncryption | None:
    """What a write asks for, None for the bucket's default. Raises InvalidArgument."""
    if method and customer is not None:
        raise InvalidArgument(
            "Server Side Encryption with Customer provided key is incompatible with the encryption "
            "method specified",
            fields={"ArgumentName": SSE_HEADER, "ArgumentValue": method},
        )
    if customer is not None:
        return WantedEncryption(mode=EncryptionMode.CUSTOMER, customer=customer)
    if method != EncryptionMode.KMS.value and (kms_key or kms_context):
        raise InvalidArgument(
            "Server Side Encryption with AWS KMS managed key requires HTTP header "
            "x-amz-server-side-encryption : aws:kms",
            fields={"ArgumentName": SSE_HEADER, "ArgumentValue": method or "null"},
        )
    if not method:
        return None
    return WantedEncryption(
        mode=parse_method(method),
        kms_key=kms_key or "",
        kms_context=kms_context or {},
        has_bucket_key=bool(has_bucket_key) and method == EncryptionMode.KMS.value,
    )


def parse_method(method: str) -> EncryptionMode:
    """Raises InvalidArgument, and InvalidRequest for the methods that are not offered here."""
    if method in ("aws:kms:dsse", "aws:fsx"):
        raise InvalidRequest(
            f"This region does not offer {method}; use aws:kms, which encrypts once.",
            fields={"ArgumentName": SSE_HEADER, "ArgumentValue": method},
        )
    if method not in (EncryptionMode.S3.value, EncryptionMode.KMS.value):
        raise InvalidArgument(
            "The encryption method specified is not supported",
            fields={"ArgumentName": SSE_HEADER, "ArgumentValue": method},
        )
    return EncryptionMode(method)
