"""Requests and bytes out, counted in memory and handed to the journal by work every few seconds.

A count that was not handed over yet is lost with the process; stored bytes, which cost more, are
metered from the rows instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.journal import UsageRecord

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.services.objects.model import Bucket

READ = "s3.requests.read"
WRITE = "s3.requests.write"
BYTES_OUT = "s3.bytes.out"

MAX_SERIES = 100_000
"""Counters kept between two hand-overs; the hand-over is early when there are more."""


class RequestCounts:
    """Counters by (account, bucket, meter), since when."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, str], int] = {}
        self._since_us = 0

    def add(self, env: Env, bucket: Bucket, meter: str, amount: int = 1) -> None:
        key = (bucket.account, bucket.name, meter)
        if not self._counts:
            self._since_us = env.clock.now_us()
        self._counts[key] = self._counts.get(key, 0) + amount
        if len(self._counts) >= MAX_SERIES:
            self.hand_over(env)

    def hand_over(self, env: Env) -> None:
        """Give every count to the journal and begin again."""
        counts, self._counts = self._counts, {}
        now_us = env.clock.now_us()
        for (account, bucket, meter), amount in counts.items():
            env.journal.usage(
                UsageRecord(
                    id=env.ids.uuid(),
                    account=account,
                    meter=meter,
                    quantity=str(amount),
                    start_us=self._since_us,
                    end_us=now_us,
                    resource=f"arn:aws:s3:::{bucket}",
                    dimensions={"bucket": bucket},
                )
            )


_BY_PROCESS: dict[int, RequestCounts] = {}
"""One per Env (tests run several in a process), by the identity of its journal."""


def counts_of(env: Env) -> RequestCounts:
    found = _BY_PROCESS.get(id(env.journal))
    if found is None:
        found = _BY_PROCESS[id(env.journal)] = RequestCounts()
    return found


def count_request(env: Env, bucket: Bucket, meter: str) -> None:
    counts_of(env).add(env, bucket, meter)


def count_bytes_out(env: Env, bucket: Bucket, size_bytes: int) -> None:
    if size_bytes > 0:
        counts_of(env).add(env, bucket, BYTES_OUT, size_bytes)


def forget_counts(env: Env) -> None:
    """Drop counts that were not handed over (test mode's reset)."""
    _BY_PROCESS.pop(id(env.journal), None)
