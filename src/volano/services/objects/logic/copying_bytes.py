"""Copies that cannot share the bytes of their source: another key seals them, or other zones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.objects.logic.encryption import data_key_of, open_key
from volano.services.objects.logic.reading import read_range
from volano.services.objects.logic.storage_classes import PLACEMENTS
from volano.services.objects.logic.writing import StreamBody, write_body
from volano.services.objects.model import EncryptionMode

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.objects.logic.encryption import NewKey
    from volano.services.objects.logic.encryption_requests import CustomerKey
    from volano.services.objects.logic.writing import Written
    from volano.services.objects.model import Bucket, StoredObject


def shares_bytes(source: StoredObject, sealing: NewKey | None, storage_class: str) -> bool:
    """Whether a copy can use the very bytes of its source.

    So do plain copies of plain bytes, and copies under the region's key of such; both in the same
    zones. Under any other key a copy gets a data key of its own.
    """
    if PLACEMENTS.get(source.description.storage_class) != PLACEMENTS.get(storage_class):
        return False
    encryption = source.description.encryption
    if encryption is None or sealing is None:
        return encryption is None and sealing is None
    return encryption.mode is sealing.encryption.mode is EncryptionMode.S3


async def write_copy(
    env: Env,
    call: Call,
    bucket: Bucket,
    source: StoredObject,
    *,
    customer: CustomerKey | None,
    sealing: NewKey | None,
    key: str,
    storage_class: str,
    algorithm: str | None,
) -> Written:
    """Open the source's bytes and write them anew. Raises what `open_key` and `write_body` do."""
    data_key = await open_key(env, call, source, customer)
    chunks = read_range(env, source, 0, source.size_bytes, data_key=data_key)
    present = source.checksum.algorithm if source.checksum is not None else ""
    return await write_body(
        env,
        StreamBody(chunks, source.size_bytes),
        key=f"{bucket.id}/{key}",
        algorithm=algorithm or present,
        data_key=data_key_of(sealing),
        storage_class=storage_class,
    )
