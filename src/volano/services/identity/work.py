"""Upkeep of identity: last uses, what is over, and old audit records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.work import reconciler
from volano.services.identity.logic.audit import RETENTION_DAYS
from volano.services.identity.logic.password_policy import expire_passwords
from volano.services.identity.logic.passwords import ATTEMPT_WINDOW_S
from volano.services.identity.logic.uses import write_uses
from volano.services.identity.model.credentials import SESSION_IDLE_S
from volano.services.identity.model.oauth import REFRESH_LIFE_S
from volano.services.identity.store import accounts as account_rows
from volano.services.identity.store import audit as audit_rows
from volano.services.identity.store import audit_packs as pack_rows
from volano.services.identity.store import keys as key_rows
from volano.services.identity.store import oauth as oauth_rows
from volano.services.identity.store import sessions as session_rows
from volano.services.identity.store import sign_in as sign_in_rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Tx

DAY_US = 24 * 3600 * 1_000_000
AUDIT_BATCH = 5000
PACK_BATCH = 500


@reconciler("identity:uses", every_s=60.0)
async def reconcile_uses(env: Env) -> None:
    """Write down when credentials were last used."""
    await write_uses(env)


@reconciler("identity:passwords", every_s=600.0)
async def reconcile_passwords(env: Env) -> None:
    """Ask for new passwords where an account's policy limits their age."""
    await expire_passwords(env)


@reconciler("identity:expired", every_s=600.0)
async def reconcile_expired(env: Env) -> None:
    """Remove what is over: sessions, links, challenges, grants, temporary keys, attempts, audit.

    An expired temporary key stays for a day, so that its holder is told `ExpiredToken`.
    """
    now_us = env.clock.now_us()

    async def write(tx: Tx) -> None:
        await session_rows.delete_over_sessions(
            tx, now_us=now_us, idle_us=SESSION_IDLE_S * 1_000_000
        )
        await session_rows.delete_expired_login_links(tx, now_us=now_us)
        await sign_in_rows.delete_expired_challenges(tx, now_us=now_us)
        await oauth_rows.delete_expired_codes(tx, before_us=now_us - DAY_US)
        await oauth_rows.delete_unused_grants(tx, before_us=now_us - REFRESH_LIFE_S * 1_000_000)
        await key_rows.delete_expired_temporary_keys(tx, before_us=now_us - DAY_US)
        await account_rows.delete_old_attempts(tx, before_us=now_us - ATTEMPT_WINDOW_S * 1_000_000)
        oldest_us = now_us - RETENTION_DAYS * DAY_US
        await audit_rows.delete_audit_before(tx, before_us=oldest_us, limit=AUDIT_BATCH)
        await pack_rows.delete_packs_before(tx, before_us=oldest_us, limit=PACK_BATCH)

    await env.store.transact(write)
