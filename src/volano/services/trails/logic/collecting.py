"""What the trails want of each group of the journal, stored in the journal's own transaction.

So a record is delivered exactly when it is in the audit trail, and no clock decides which records
a log file holds. Costs one indexed query a group where no trail logs.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import msgspec

from volano.kernel.journal import AuditRecord
from volano.services.trails.logic.selectors import is_wanted
from volano.services.trails.model import MAX_TRAILS, Batch
from volano.services.trails.store import files as file_rows
from volano.services.trails.store import trails as rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.clock import Clock
    from volano.kernel.ids import Ids
    from volano.kernel.store import Tx

_COMPRESSION = 1
_decode = msgspec.json.Decoder(list[AuditRecord]).decode


async def collect(tx: Tx, records: Sequence[AuditRecord], *, clock: Clock, ids: Ids) -> None:
    """Keep for each logging trail the records it wants, in the journal's transaction."""
    accounts = sorted({record.account for record in records if record.account})
    if not accounts:
        return
    trails = await rows.select_logging(tx, accounts, limit=len(accounts) * MAX_TRAILS, region="")
    now_us = clock.now_us()
    for trail in trails:
        wanted = [
            record
            for record in records
            if record.account == trail.account and is_wanted(trail, record)
        ]
        if wanted:
            batch = Batch(
                id=f"{now_us:016d}{ids.hex(16)}",
                records=pack(wanted),
                amount=len(wanted),
                created_us=now_us,
            )
            await file_rows.insert_batch(tx, trail, batch)


def pack(records: Sequence[AuditRecord]) -> bytes:
    return zlib.compress(msgspec.json.encode(list(records)), _COMPRESSION)


def unpack(packed: bytes) -> list[AuditRecord]:
    return _decode(zlib.decompress(packed))
