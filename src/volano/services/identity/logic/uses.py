"""When keys, tokens and sessions were last used, written down now and then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.identity.logic.access import stored_authority
from volano.services.identity.store import keys as key_rows
from volano.services.identity.store import service_uses as use_rows
from volano.services.identity.store import sessions as session_rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Tx


async def write_uses(env: Env) -> None:
    """Write what this process has seen since the last time."""
    uses = stored_authority(env).credentials.take_uses()
    if not (uses.keys or uses.tokens or uses.sessions or uses.services):
        return

    async def write(tx: Tx) -> None:
        for key_id, (used_us, service, region) in uses.keys.items():
            await key_rows.update_access_key_used(
                tx, key_id, used_us=used_us, service=service, region=region
            )
        for token_id, used_us in uses.tokens.items():
            await key_rows.update_token_used(tx, token_id, used_us)
        for session_id, seen_us in uses.sessions.items():
            await session_rows.update_session_seen(tx, session_id, seen_us)
        for (holder, service), (used_us, account, region) in uses.services.items():
            if account:
                await use_rows.upsert_service_use(
                    tx, holder, service, account=account, used_us=used_us, region=region
                )

    await env.store.transact(write)
