"""RSA and elliptic curves as KMS uses them (KMS developer guide, "Asymmetric key specs").

Pure functions over PKCS #8 bytes; those of RSA take milliseconds and are run in a thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature as BadSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import load_der_public_key

from volano.services.kms.logic.errors import InvalidCiphertext, ValidationException
from volano.services.kms.logic.materials import load_private_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding

HASHES: dict[str, hashes.HashAlgorithm] = {
    "1": hashes.SHA1(),  # noqa: S303 - RSAES_OAEP_SHA_1 is KMS's own; OAEP does not rest on collisions
    "256": hashes.SHA256(),
    "384": hashes.SHA384(),
    "512": hashes.SHA512(),
}


def _hash(algorithm: str) -> hashes.HashAlgorithm:
    return HASHES[algorithm.rpartition("_")[2]]


def oaep(algorithm: str) -> padding.OAEP:
    """The padding that `RSAES_OAEP_SHA_…` (and `RSA_AES_KEY_WRAP_SHA_…`) names."""
    found = _hash(algorithm)
    return padding.OAEP(mgf=padding.MGF1(found), algorithm=found, label=None)


def _rsa(material: bytes) -> rsa.RSAPrivateKey:
    key = load_private_key(material)
    assert isinstance(key, rsa.RSAPrivateKey), "the key's spec was checked"
    return key


def encrypt(material: bytes, plain: bytes, algorithm: str) -> bytes:
    """Raises ValidationException when `plain` is too long for the key."""
    key = _rsa(material)
    room = key.key_size // 8 - 2 * _hash(algorithm).digest_size - 2  # RFC 8017, 7.1.1
    if len(plain) > room:
        raise ValidationException(
            f"Algorithm {algorithm} and key spec RSA_{key.key_size} cannot encrypt data larger "
            f"than {room} bytes."
        )
    return key.public_key().encrypt(plain, oaep(algorithm))


def decrypt(material: bytes, blob: bytes, algorithm: str) -> bytes:
    """Raises InvalidCiphertext."""
    try:
        return _rsa(material).decrypt(blob, oaep(algorithm))
    except ValueError as error:
        raise InvalidCiphertext("") from error


def sign(material: bytes, message: bytes, algorithm: str, *, is_digest: bool) -> bytes:
    """The signature: RSA's or EdDSA's bytes, or ECDSA's in DER. Raises ValidationException."""
    key = load_private_key(material)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        _require_whole(algorithm, is_digest=is_digest)
        return key.sign(message)
    method = _method(message, algorithm, is_digest=is_digest)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, _padding(algorithm), method)
    return key.sign(message, ec.ECDSA(method))


def verify(
    material: bytes, message: bytes, signature: bytes, algorithm: str, *, is_digest: bool
) -> bool:
    """Whether the signature is the key's of the message. Raises ValidationException."""
    public = load_private_key(material).public_key()
    try:
        if isinstance(public, ed25519.Ed25519PublicKey):
            _require_whole(algorithm, is_digest=is_digest)
            public.verify(signature, message)
            return True
        method = _method(message, algorithm, is_digest=is_digest)
        if isinstance(public, rsa.RSAPublicKey):
            public.verify(signature, message, _padding(algorithm), method)
        else:
            public.verify(signature, message, ec.ECDSA(method))
    except BadSignature:
        return False
    return True


def _require_whole(algorithm: str, *, is_digest: bool) -> None:
    if is_digest:
        raise ValidationException(f"Algorithm {algorithm} takes MessageType RAW only.")


def _method(message: bytes, algorithm: str, *, is_digest: bool) -> hashes.HashAlgorithm | Prehashed:
    found = _hash(algorithm)
    if not is_digest:
        return found
    if len(message) != found.digest_size:
        raise ValidationException(f"Digest is invalid length for algorithm {algorithm}.")
    return Prehashed(found)


def _padding(algorithm: str) -> AsymmetricPadding:
    if "PKCS1" in algorithm:
        return padding.PKCS1v15()
    found = _hash(algorithm)
    return padding.PSS(mgf=padding.MGF1(found), salt_length=found.digest_size)


def derive(material: bytes, public: bytes) -> bytes:
    """The ECDH secret with a public key in DER. Raises ValidationException."""
    key = load_private_key(material)
    assert isinstance(key, ec.EllipticCurvePrivateKey), "the key's usage was checked"
    try:
        peer = load_der_public_key(public)
    except ValueError as error:
        raise ValidationException("") from error  # KMS says no more
    if not isinstance(peer, ec.EllipticCurvePublicKey) or peer.curve.name != key.curve.name:
        raise ValidationException("PublicKey must be of the same curve as the KMS key.")
    return key.exchange(ec.ECDH(), peer)
