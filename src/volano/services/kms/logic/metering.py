"""Uses of keys, counted (kernel/use_counts.py) for those who use them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.journal import UsageRecord
from volano.kernel.use_counts import UseCounts

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.services.kms.model import Key

METER = "kms.requests"


def _to_record(env: Env, series: tuple[str, ...], amount: int, since_us: int) -> UsageRecord:
    account, arn = series
    return UsageRecord(
        id=env.ids.uuid(),
        account=account,
        meter=METER,
        quantity=str(amount),
        start_us=since_us,
        end_us=env.clock.now_us(),
        resource=arn,
        dimensions={"key": arn.rpartition("/")[2]} if arn else {},
    )


_USES = UseCounts(_to_record)
hand_over_uses = _USES.hand_over
forget_caches = _USES.forget


def count_use(env: Env, account: str, key: Key | None = None) -> None:
    """One use by `account`, which pays also for another account's key."""
    _USES.add(env, (account, "" if key is None else key.arn))
