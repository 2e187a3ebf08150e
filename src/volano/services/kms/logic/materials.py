"""The bytes of keys: made here, sealed in the database, opened only to encrypt or decrypt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import Internal
from volano.services.kms import store as rows
from volano.services.kms.model import Material

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.services.kms.model import Key

MATERIAL_BYTES = 32


def make_material(env: Env, key: Key, *, version: int) -> Material:
    plain = env.ids.bytes(MATERIAL_BYTES)
    return Material(
        version=version,
        sealed=env.secrets.seal(plain, context=_context(key, version)),
        created_us=env.clock.now_us(),
    )


async def open_material(env: Env, key: Key, version: int) -> bytes | None:
    """The key's bytes of that version, or None when there is no such version."""
    material = await rows.select_material(env.store.reader, key, version)
    if material is None:
        return None
    plain = env.secrets.open(material.sealed, context=_context(key, version))
    if len(plain) != MATERIAL_BYTES:
        raise Internal(f"The material of {key.arn} is damaged.")
    return plain


def _context(key: Key, version: int) -> str:
    return f"kms {key.account} {key.id} {version}"
