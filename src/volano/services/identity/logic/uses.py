"""When keys, tokens and sessions were last used, written down now and then."""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from volano.services.identity.logic.access import stored_authority
from volano.services.identity.logic.credentials import Uses
from volano.services.identity.store import keys as key_rows
from volano.services.identity.store import service_uses as use_rows
from volano.services.identity.store import sessions as session_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from volano.kernel.call import Env
    from volano.kernel.store import Tx

K = TypeVar("K")
V = TypeVar("V")

AT_ONCE = 200
"""Uses in one transaction: with thousands of people others are to have their turn in between."""


async def write_uses(env: Env) -> None:
    """Write what this process has seen since the last time."""
    for part in _parts(stored_authority(env).credentials.take_uses()):
        await env.store.transact(partial(_write, part))


def _parts(uses: Uses) -> Iterator[Uses]:
    for keys in _slices(uses.keys):
        yield Uses(keys=keys)
    for tokens in _slices(uses.tokens):
        yield Uses(tokens=tokens)
    for sessions in _slices(uses.sessions):
        yield Uses(sessions=sessions)
    for services in _slices(uses.services):
        yield Uses(services=services)


def _slices(found: dict[K, V]) -> Iterator[dict[K, V]]:
    items = iter(found.items())
    while part := dict(islice(items, AT_ONCE)):
        yield part


async def _write(uses: Uses, tx: Tx) -> None:
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
