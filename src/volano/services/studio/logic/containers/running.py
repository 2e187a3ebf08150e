"""Running code in a container, and what came of it."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING

from volano.kernel.journal import UsageRecord
from volano.services.billing.interface import Usage
from volano.services.models.interface import invalid
from volano.services.studio.logic.containers.containers import use_container
from volano.services.studio.logic.containers.files import keep_changed, put_files
from volano.services.studio.logic.containers.sandbox import open_sandbox
from volano.services.studio.model.containers import (
    MAX_FILES,
    MAX_NAME_CHARACTERS,
    SIZES,
    RunResult,
)

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.studio.model.containers import Container

MAX_CODE_CHARACTERS = 256_000
TIMEOUT_S = 120.0
"""Of one run."""
_ENDINGS = {
    "timeout": f"The code was ended after {TIMEOUT_S:.0f} seconds; its variables are gone.",
    "killed": "The code took more memory than there is, or ended itself; its variables are gone.",
}


async def run_code(env: Env, call: Call, container_id: str, code: str) -> RunResult:
    """Run Python in a container. Its time is metered to the caller, at most `TIMEOUT_S` of it.

    Raises RecordNotFound, ContainerExpired and ContainerFailed.
    """
    if len(code) > MAX_CODE_CHARACTERS:
        raise invalid("code", f"it has at most {MAX_CODE_CHARACTERS} characters")
    container = await use_container(env, call, container_id)
    sandbox = await open_sandbox(env, call.account, container)
    async with sandbox.lock:
        await put_files(env, call.account, container.id, sandbox)
        began_us = env.clock.now_us()
        try:
            ran = await sandbox.run(code, TIMEOUT_S)
        finally:  # code that makes its container go away has worked until then
            await asyncio.shield(_meter(env, call, container, began_us))
        files, lost = await keep_changed(env, call.account, container, sandbox, ran.files)
    await use_container(env, call, container_id)
    notes = [_ENDINGS[ran.ended]] if ran.ended in _ENDINGS else []
    notes += [
        f"The file {name[:MAX_NAME_CHARACTERS]!r} is too large, or one too many: not kept."
        for name in lost[:MAX_FILES]
    ]
    return RunResult(logs="\n".join(filter(None, [ran.logs, *notes])), ended=ran.ended, files=files)


async def _meter(env: Env, call: Call, container: Container, began_us: int) -> None:
    """The seconds of the run, at the price of the instance type that the container is like."""
    now_us = env.clock.now_us()
    record = UsageRecord(
        id=f"{container.id}:{began_us}",
        account=call.account,
        meter=SIZES[container.size].meter,
        quantity=str(Decimal(now_us - began_us) / 1_000_000),
        start_us=began_us,
        end_us=now_us,
        resource=container.id,
        dimensions={"container": container.id, "principal": call.principal.arn},
    )

    async def write(tx: Tx) -> None:
        tx.publish(Usage(records=(record,)))

    await env.store.transact(write)
