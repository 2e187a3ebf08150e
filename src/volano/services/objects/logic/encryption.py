"""Keys of encrypted objects: every object has a data key of its own, wrapped for its row.

The wrapping key is the region's (SSE-S3), one of KMS (SSE-KMS), or the client's (SSE-C), which is
never stored: that the data key opens with it is the only proof of it. Rotating a wrapping key
wraps data keys anew and never touches the bytes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from volano.services.objects.logic.encryption_kms import DATA_KEY_BYTES, new_kms_key, open_kms_key
from volano.services.objects.logic.encryption_requests import (
    CustomerKey,
    WantedEncryption,
)
from volano.services.objects.logic.errors import AccessDenied, InvalidRequest
from volano.services.objects.model import Encryption, EncryptionMode

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.objects.model import Bucket, StoredObject, Upload

SALT_BYTES = 16
NONCE_BYTES = 12
SSE_C = "SSE-C"
_CUSTOMER_INFO = b"volano s3 customer key 1"


@dataclass(frozen=True, slots=True)
class NewKey:
    """The data key for bytes about to be written, and what the row keeps of it."""

    encryption: Encryption
    data_key: bytes = field(repr=False)


class DefaultEncryption(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A bucket's default: the method, the KMS key as the owner named it, whether a bucket key;
    `blocked` are the methods that a request may not ask for (`SSE-C`)."""

    mode: str
    kms_key: str = ""
    has_bucket_key: bool | None = None
    blocked: tuple[str, ...] | None = None


def default_of(bucket: Bucket) -> DefaultEncryption | None:
    if not bucket.encryption:
        return None
    return msgspec.json.decode(bucket.encryption, type=DefaultEncryption)


async def new_key(
    env: Env, call: Call, bucket: Bucket, key: str, wanted: WantedEncryption | None
) -> NewKey | None:
    """A data key for a new object; None when neither the request nor the bucket wants one.

    Raises AccessDenied and KmsError.
    """
    if wanted is None:
        wanted = _default(bucket)
        if wanted is None:
            return None
    _require_unblocked(bucket, wanted)
    if wanted.mode is EncryptionMode.KMS:
        encryption, data_key = await new_kms_key(env, call, bucket, key, wanted)
        return NewKey(encryption, data_key)
    data_key = env.ids.bytes(DATA_KEY_BYTES)
    if wanted.customer is None:
        wrapped = env.secrets.seal(data_key, context=_context(bucket.id))
    else:
        wrapped = _wrap_for_customer(env, wanted.customer, data_key)
    text = base64.b64encode(wrapped).decode()
    return NewKey(Encryption(mode=wanted.mode, wrapped=text), data_key)


def _require_unblocked(bucket: Bucket, wanted: WantedEncryption) -> None:
    default = default_of(bucket)
    if wanted.customer is not None and default is not None and SSE_C in (default.blocked or ()):
        raise AccessDenied("The bucket blocks objects that are encrypted with SSE-C.")


def _default(bucket: Bucket) -> WantedEncryption | None:
    default = default_of(bucket)
    if default is None:
        return None
    return WantedEncryption(
        mode=EncryptionMode(default.mode),
        kms_key=default.kms_key,
        has_bucket_key=bool(default.has_bucket_key),
    )


def require_customer_key(
    env: Env, encryption: Encryption | None, customer: CustomerKey | None
) -> None:
    """Raises InvalidRequest unless the client's key fits the object (HEAD and GET)."""
    if encryption is None or encryption.mode is not EncryptionMode.CUSTOMER:
        if customer is not None:
            raise InvalidRequest("The encryption parameters are not applicable to this object.")
        return
    if customer is None:
        raise InvalidRequest(
            "The object was stored using a form of Server Side Encryption. The correct parameters "
            "must be provided to retrieve the object."
        )
    _unwrap_for_customer(encryption, customer)


async def open_key(
    env: Env, call: Call, item: StoredObject, customer: CustomerKey | None = None
) -> bytes | None:
    """The data key of an object, None for plain bytes.

    Raises InvalidRequest for a missing or wrong client's key, AccessDenied and KmsError.
    """
    encryption = item.description.encryption
    require_customer_key(env, encryption, customer)
    if encryption is None:
        return None
    return await _open(env, call, encryption, item.bucket_id, customer)


async def open_upload_key(
    env: Env, call: Call, upload: Upload, customer: CustomerKey | None
) -> bytes | None:
    """The data key that all parts of an upload share. Raises what `open_key` does."""
    encryption = upload.description.encryption
    require_upload_key(encryption, customer)
    if encryption is None:
        return None
    return await _open(env, call, encryption, upload.bucket_id, customer)


def require_upload_key(encryption: Encryption | None, customer: CustomerKey | None) -> None:
    """Raises InvalidRequest unless a part comes with the key that its upload began with."""
    if encryption is None or encryption.mode is not EncryptionMode.CUSTOMER:
        if customer is not None:
            raise InvalidRequest(
                "The multipart upload initiate did not request encryption. Please resend the "
                "request without sending encryption parameters."
            )
        return
    if customer is None:
        raise InvalidRequest(
            "The multipart upload initiate requested encryption. Subsequent part requests must "
            "include the appropriate encryption parameters."
        )
    _unwrap_for_customer(encryption, customer)


async def _open(
    env: Env, call: Call, encryption: Encryption, bucket_id: str, customer: CustomerKey | None
) -> bytes:
    if encryption.mode is EncryptionMode.KMS:
        return await open_kms_key(env, call, encryption)
    if encryption.mode is EncryptionMode.CUSTOMER:
        assert customer is not None, "the client's key was required before"
        return _unwrap_for_customer(encryption, customer)
    return env.secrets.open(base64.b64decode(encryption.wrapped), context=_context(bucket_id))


def rewrap(env: Env, encryption: Encryption | None, *, old: str, new: str) -> Encryption | None:
    """The same data key for a row of another bucket (SSE-S3 only: copies share their bytes)."""
    if encryption is None or old == new:
        return encryption
    assert encryption.mode is EncryptionMode.S3, "only the region's key wraps without asking"
    plain = env.secrets.open(base64.b64decode(encryption.wrapped), context=_context(old))
    wrapped = env.secrets.seal(plain, context=_context(new))
    return msgspec.structs.replace(encryption, wrapped=base64.b64encode(wrapped).decode())


def data_key_of(new: NewKey | None) -> bytes | None:
    return None if new is None else new.data_key


def opaque_etag(new: NewKey | None, md5: bytes) -> str:
    """The ETag: MD5 of the bytes, unless KMS or the client holds the key (then nobody may compare
    what the bytes are; API reference, "Object", ETag)."""
    return etag_under(None if new is None else new.encryption, data_key_of(new), md5)


def etag_under(encryption: Encryption | None, data_key: bytes | None, md5: bytes) -> str:
    if encryption is None or data_key is None or encryption.mode is EncryptionMode.S3:
        return md5.hex()
    return hmac.new(data_key, b"etag" + md5, hashlib.sha256).hexdigest()[:32]


def _context(bucket_id: str) -> str:
    return f"s3 object {bucket_id}"


def _wrap_for_customer(env: Env, customer: CustomerKey, data_key: bytes) -> bytes:
    salt, nonce = env.ids.bytes(SALT_BYTES), env.ids.bytes(NONCE_BYTES)
    return salt + nonce + _customer_cipher(customer, salt).encrypt(nonce, data_key, None)


def _unwrap_for_customer(encryption: Encryption, customer: CustomerKey) -> bytes:
    raw = base64.b64decode(encryption.wrapped)
    salt, nonce = raw[:SALT_BYTES], raw[SALT_BYTES : SALT_BYTES + NONCE_BYTES]
    try:
        return _customer_cipher(customer, salt).decrypt(
            nonce, raw[SALT_BYTES + NONCE_BYTES :], None
        )
    except InvalidTag:
        raise InvalidRequest(
            "The provided encryption parameters did not match the ones used originally."
        ) from None


def _customer_cipher(customer: CustomerKey, salt: bytes) -> AESGCM:
    derive = HKDF(algorithm=SHA256(), length=DATA_KEY_BYTES, salt=salt, info=_CUSTOMER_INFO)
    return AESGCM(derive.derive(customer.key))


def with_seal(new: NewKey | None, seal: str) -> Encryption | None:
    """What the row of an object keeps, once its own blob was written as the stream `seal`."""
    return None if new is None else msgspec.structs.replace(new.encryption, seal=seal)


def with_encryption(item: StoredObject, encryption: Encryption | None) -> StoredObject:
    return replace(item, description=replace(item.description, encryption=encryption))
