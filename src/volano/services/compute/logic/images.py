"""Images: which there are, and the job that makes one ready at its first use.

Every instance that waits for an image waits for the same job; its progress is shown on each.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from volano.kernel.errors import NotFound, Unavailable
from volano.services.compute.model import DEFAULT_IMAGE, HOST_IMAGE, IMAGES, Image, State

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.work import Job
    from volano.services.compute.model import Instance

JOB_KIND = "compute:prepare-image"
PREPARE_TIMEOUT_S = 3600.0


def find_image(image_id: str) -> Image | None:
    """An image by id or by name."""
    return next((image for image in IMAGES if image_id in (image.id, image.name)), None)


def require_image(env: Env, image_id: str) -> Image:
    """The image to launch; in test mode any `ami-` will do."""
    if env.config.test_mode and image_id.startswith("ami-"):
        return find_image(image_id) or HOST_IMAGE
    return get_image(image_id)


def get_image(image_id: str) -> Image:
    """The image by id or name; raises NotFound."""
    found = find_image(image_id)
    if found is not None:
        return found
    code = "InvalidAMIID.NotFound" if image_id.startswith("ami-") else "InvalidAMIID.Malformed"
    known = ", ".join(f"{image.id} ({image.name})" for image in IMAGES)
    raise NotFound(
        f"The image id '[{image_id}]' does not exist. There are: {known}.", code=code, status=400
    )


def image_of_row(env: Env, image_id: str) -> Image:
    """The image of an instance that exists, also of one launched when this was in test mode."""
    return find_image(image_id) or (HOST_IMAGE if env.config.test_mode else DEFAULT_IMAGE)


async def prepare_image(env: Env, runtime_name: str) -> Job:
    """Begin to make an image ready, or find the job that does."""
    payload = f'{{"image": "{runtime_name}"}}'
    return await env.work.submit(JOB_KIND, key=runtime_name, account="", payload=payload)


async def wait_for_image(env: Env, runtime_name: str) -> None:
    """Return when the image is ready on this host; raises Unavailable when it cannot be made."""
    await env.runtime.probe()
    if env.runtime.is_prepared(runtime_name):
        return
    job = await prepare_image(env, runtime_name)
    done = await env.work.wait_job(job.id, timeout_s=PREPARE_TIMEOUT_S)
    if done.state == "failed":
        raise Unavailable(f"The image {runtime_name} could not be built: {done.result}")


async def find_job(env: Env, runtime_name: str) -> Job | None:
    """The job that makes the image ready now, if one does."""
    for job in await env.work.list_jobs(""):
        active = job.state in ("queued", "running")
        if active and job.kind == JOB_KIND and job.key == runtime_name:
            return job
    return None


async def pending_reasons(env: Env, instances: list[Instance]) -> dict[str, str]:
    """What pending instances wait for, by instance id, where that is their image."""
    reasons: dict[str, str] = {}
    texts: dict[str, str] = {}
    for it in instances:
        image = image_of_row(env, it.image_id)
        if it.state is not State.PENDING or env.runtime.is_prepared(image.runtime_name):
            continue
        if image.id not in texts:
            texts[image.id] = await _progress_text(env, image)
        if texts[image.id]:
            reasons[it.id] = texts[image.id]
    return reasons


async def _progress_text(env: Env, image: Image) -> str:
    job = await find_job(env, image.runtime_name)
    if job is None:
        return ""
    return f"building the image {image.name}: {int(job.fraction * 100)} % {job.text}".strip()


async def is_ready(env: Env, image: Image) -> bool:
    """Whether instances can start from it at once (looks on the disk, off the loop)."""
    await env.runtime.probe()
    return await asyncio.to_thread(env.runtime.is_prepared, image.runtime_name)
