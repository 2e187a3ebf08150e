"""Test mode's reset: the rows of all objects go at once, and their blobs must not stay.

Called in the transaction of the reset: `free_all_blobs` before the rows are deleted,
`keep_named_blobs` after the first state's rows are back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.objects.store import garbage as rows

if TYPE_CHECKING:
    from volano.kernel.store import Tx


async def free_all_blobs(tx: Tx, now_us: int) -> None:
    await rows.insert_garbage_of_everything(tx, now_us)


async def keep_named_blobs(tx: Tx) -> None:
    await rows.delete_garbage_in_use(tx)
