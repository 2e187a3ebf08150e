"""What a key of each spec can do (KMS developer guide, "Key spec reference").

Only these combinations of spec and usage exist; the algorithms of a key follow from both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import NotBuilt
from volano.services.kms.logic.errors import InvalidKeyUsage, ValidationException
from volano.services.kms.model import AGREE, ENCRYPT, MAC, SIGN, SYMMETRIC

if TYPE_CHECKING:
    from volano.services.kms.model import Key

OAEP = ("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256")
RSA_SIGNING = (
    "RSASSA_PKCS1_V1_5_SHA_256",
    "RSASSA_PKCS1_V1_5_SHA_384",
    "RSASSA_PKCS1_V1_5_SHA_512",
    "RSASSA_PSS_SHA_256",
    "RSASSA_PSS_SHA_384",
    "RSASSA_PSS_SHA_512",
)
RSA_BITS = {"RSA_2048": 2048, "RSA_3072": 3072, "RSA_4096": 4096}
MAC_BYTES = {"HMAC_224": 28, "HMAC_256": 32, "HMAC_384": 48, "HMAC_512": 64}
ECDSA = {
    "ECC_NIST_P256": "ECDSA_SHA_256",
    "ECC_NIST_P384": "ECDSA_SHA_384",
    "ECC_NIST_P521": "ECDSA_SHA_512",
    "ECC_SECG_P256K1": "ECDSA_SHA_256",
}
EDWARDS = "ECC_NIST_EDWARDS25519"
"""Signs whole messages; the prehashed form (`ED25519_PH_SHA_512`) is in no library here."""
PAIR_SPECS = frozenset({*RSA_BITS, *ECDSA, EDWARDS})
"""What a data key pair can be."""
SYMMETRIC_BYTES = 32

_ALGORITHMS: dict[tuple[str, str], tuple[str, ...]] = {
    (SYMMETRIC, ENCRYPT): (SYMMETRIC,),
    **{(spec, ENCRYPT): OAEP for spec in RSA_BITS},
    **{(spec, SIGN): RSA_SIGNING for spec in RSA_BITS},
    **{(spec, SIGN): (algorithm,) for spec, algorithm in ECDSA.items()},
    (EDWARDS, SIGN): ("ED25519_SHA_512",),
    **{(spec, AGREE): ("ECDH",) for spec in ("ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521")},
    **{(spec, MAC): (f"HMAC_SHA_{spec[5:]}",) for spec in MAC_BYTES},
}
_SPECS = {spec for spec, _ in _ALGORITHMS}


def resolve_usage(spec: str, usage: str | None) -> str:
    """The usage of a new key. Raises NotBuilt and ValidationException."""
    if spec not in _SPECS:
        raise NotBuilt(f"Keys of the spec {spec} are not built yet.")
    if usage is None and spec != SYMMETRIC:
        raise ValidationException(
            "You must specify a KeyUsage value for all KMS keys except for symmetric encryption "
            "keys."
        )
    usage = usage or ENCRYPT
    if (spec, usage) not in _ALGORITHMS:
        raise ValidationException(f"KeyUsage {usage} is not compatible with KeySpec {spec}")
    return usage


def algorithms_of(key: Key) -> tuple[str, ...]:
    return _ALGORITHMS[key.spec, key.usage]


def require_usage(key: Key, usage: str, operation: str) -> None:
    """Raises InvalidKeyUsage."""
    if key.usage != usage:
        raise InvalidKeyUsage(
            f"{key.arn} key usage is {key.usage} which is not valid for {operation}."
        )


def require_algorithm(key: Key, algorithm: str) -> None:
    """Raises InvalidKeyUsage."""
    if algorithm not in algorithms_of(key):
        raise InvalidKeyUsage(f"Algorithm {algorithm} and key spec {key.spec} are incompatible.")
