"""Reconcilers, handlers and jobs of compute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.kernel.events import subscribe
from volano.kernel.work import job_kind, reconciler
from volano.services.compute.logic import images, upkeep
from volano.services.compute.logic.placement import wake_nodes
from volano.services.compute.model import InstancesWanted

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.work import JobContext


class PrepareImage(msgspec.Struct, frozen=True):
    """The payload of the job that makes an image ready."""

    image: str


@subscribe("compute:instances", InstancesWanted)
async def on_instances_wanted(env: Env, event: InstancesWanted) -> None:
    """Wake the nodes of what changed, also when another process changed it."""
    wake_nodes(env, set(event.nodes))


@reconciler("compute:forget", every_s=60.0)
async def forget(env: Env) -> None:
    """Forget what is long terminated and end what no node will end."""
    await upkeep.end_lost(env)
    await upkeep.forget_terminated(env)


@job_kind(images.JOB_KIND)
async def run_prepare_image(env: Env, context: JobContext, payload: str) -> str:
    """Build an image's root file system; a repeat finds it ready."""
    wanted = msgspec.json.decode(payload, type=PrepareImage)
    await env.runtime.prepare(wanted.image, context.progress)
    return payload
