"""The door of KMS for the services above it and for app/.

The functions act for `call.principal`, as KMS's own API does: services that encrypt for a caller
authorize `kms:GenerateDataKey` or `kms:Decrypt` with `require_access` first (with `via` naming the
service). `managed_key` is the key that a service uses when the caller names none.
"""

from __future__ import annotations

from volano.services.kms.logic.access import find_named_key, require_access
from volano.services.kms.logic.encryption import (
    decrypt_blob,
    encrypt_with,
    find_decrypting_key,
    generate_data_key,
)
from volano.services.kms.logic.keys import managed_key, seed_key
from volano.services.kms.logic.metering import forget_caches
from volano.services.kms.model import Key, KeyState

__all__ = [
    "Key",
    "KeyState",
    "decrypt_blob",
    "encrypt_with",
    "find_decrypting_key",
    "find_named_key",
    "forget_caches",
    "generate_data_key",
    "managed_key",
    "require_access",
    "seed_key",
]
