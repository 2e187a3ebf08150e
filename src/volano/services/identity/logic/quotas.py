"""Quotas: what an account may have; the operator's values over the defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import Invalid, QuotaExceeded
from volano.services.identity.model.errors import LimitExceeded
from volano.services.identity.model.quotas import DEFAULT_QUOTAS
from volano.services.identity.store import accounts as rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Reader, Tx

_KNOWN: dict[str, int] = dict(DEFAULT_QUOTAS)


def declare_quota(name: str, default: int) -> None:
    """Give a quota of another service its default; called when its modules are imported."""
    _KNOWN[name] = default


async def quota_value(reader: Reader, account: str, name: str) -> int:
    """The account's value of a declared quota."""
    value = await rows.find_quota(reader, account, name)
    return _KNOWN[name] if value is None else value


async def require_quota(
    reader: Reader, account: str, name: str, used: int, *, adding: int = 1
) -> None:
    """Refuse when `used` things and `adding` more are over the quota; raises QuotaExceeded."""
    value = await quota_value(reader, account, name)
    if used + adding > value:
        raise QuotaExceeded(
            f"The quota {name} of this account is {value}, and {used} are in use. Remove some, or "
            "ask your operator for more.",
            facts={"quota": name, "account": account},
        )


async def require_iam_quota(reader: Reader, account: str, name: str, used: int) -> None:
    """As require_quota, in IAM's words: `iam.groups-per-user` is its GroupsPerUser."""
    limit = await quota_value(reader, account, name)
    if used >= limit:
        thing = name.removeprefix("iam.").title().replace("-", "")
        raise LimitExceeded(f"Cannot exceed quota for {thing}: {limit}")


async def list_quotas(env: Env, account: str) -> dict[str, tuple[int, int]]:
    """Every quota: (value, default)."""
    own = await rows.select_quotas(env.store.reader, account)
    return {name: (own.get(name, default), default) for name, default in sorted(_KNOWN.items())}


async def set_quota(env: Env, account: str, name: str, value: int | None) -> None:
    """Set an account's own value, or go back to the default with None."""
    if name not in _KNOWN:
        raise Invalid(f"There is no quota called {name[:80]}.")
    if value is not None and not 0 <= value <= 10**12:
        raise Invalid(f"A quota is from 0 to {10**12}, not {value}.")

    async def write(tx: Tx) -> None:
        if value is None:
            await rows.delete_quota(tx, account, name)
        else:
            await rows.upsert_quota(tx, account, name, value)

    await env.store.transact(write)
