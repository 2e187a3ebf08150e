"""Requests and bytes out, counted (kernel/use_counts.py) for those who own the buckets.

Stored bytes, which cost more, are metered from the rows instead (logic/storage.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.journal import UsageRecord
from volano.kernel.use_counts import UseCounts

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.services.objects.model import Bucket

READ = "s3.requests.read"
WRITE = "s3.requests.write"
BYTES_OUT = "s3.bytes.out"


def _to_record(env: Env, series: tuple[str, ...], amount: int, since_us: int) -> UsageRecord:
    account, bucket, meter = series
    return UsageRecord(
        id=env.ids.uuid(),
        account=account,
        meter=meter,
        quantity=str(amount),
        start_us=since_us,
        end_us=env.clock.now_us(),
        resource=f"arn:aws:s3:::{bucket}",
        dimensions={"bucket": bucket},
    )


_USES = UseCounts(_to_record)
hand_over_counts = _USES.hand_over
forget_counts = _USES.forget
waiting_counts = _USES.waiting


def count_request(env: Env, bucket: Bucket, meter: str) -> None:
    _USES.add(env, (bucket.account, bucket.name, meter))


def count_bytes_out(env: Env, bucket: Bucket, size_bytes: int) -> None:
    if size_bytes > 0:
        _USES.add(env, (bucket.account, bucket.name, BYTES_OUT), size_bytes)
