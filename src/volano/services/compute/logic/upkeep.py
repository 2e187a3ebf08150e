"""What the reconcilers of compute do: forget what is long gone, end what no node will end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.compute.logic.fleet import RowFleet
from volano.services.compute.store import changes, nodes
from volano.services.compute.store import instances as store
from volano.services.network import interface as network

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Tx

KEEP_TERMINATED_US = 3600 * 1_000_000
"""How long a terminated instance is still shown, as in EC2."""
KEEP_TOKENS_US = 24 * 3600 * 1_000_000
"""How long a client token is known after its instances are forgotten, at least."""
LOST_US = 300 * 1_000_000
"""A node that was not seen for this long will not end its instances any more."""
BATCH = 500


async def forget_terminated(env: Env) -> None:
    """Remove rows and tags of instances terminated an hour ago, old client tokens, old nodes."""
    now = env.clock.now_us()

    async def write(tx: Tx) -> None:
        for account, instance_id in await changes.select_terminated(
            tx, now - KEEP_TERMINATED_US, BATCH
        ):
            await network.remove_tags(tx, account, instance_id, [])
            await changes.delete_instance(tx, instance_id)
        await changes.delete_client_tokens(tx, now - KEEP_TOKENS_US)
        await nodes.delete_nodes(tx, now - KEEP_TOKENS_US)

    await env.store.transact(write)


async def end_lost(env: Env) -> None:
    """Terminate what was asked to go on nodes that are gone for good."""
    lost = await store.select_lost(env.store.reader, env.clock.now_us() - LOST_US)
    for it in lost:
        await RowFleet(env).report_removed(it.id)
