"""What can be launched, over Volano's REST API: types with prices, images, zones, the runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.billing import interface as billing
from volano.services.compute.logic import images
from volano.services.compute.model import IMAGES, INSTANCE_TYPES
from volano.wire.action import SIGNED_IN, action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.work import Job
    from volano.services.compute.model import Image

HOUR_S = 3600
IMAGE = "arn:aws:ec2:{region}::image/{name}"


class NoFields(msgspec.Struct):
    pass


class ImageName(msgspec.Struct):
    """`name` is an image's name or id."""

    name: str


class TypeObject(msgspec.Struct, kw_only=True):
    name: str
    family: str
    vcpus: int
    memory_bytes: int
    guaranteed_cpu: float
    price_per_hour: str | None
    currency: str


class ImageObject(msgspec.Struct, kw_only=True):
    """`preparing` says how far the build is while one runs, `fraction` from 0 to 1."""

    id: str
    name: str
    description: str
    prepared: bool
    preparing: str = ""
    fraction: float = 0.0


class RuntimeObject(msgspec.Struct, kw_only=True):
    """What runs instances here, and how isolated they are."""

    kind: str
    engine: str
    isolation: str
    limits: bool
    internet: bool
    notes: list[str]


class CatalogObject(msgspec.Struct, kw_only=True):
    types: list[TypeObject]
    images: list[ImageObject]
    zones: list[str]
    runtime: RuntimeObject


@action(
    "volano:getComputeCatalog",
    method="GET",
    path="/volano/v1/compute/catalog",
    permission=SIGNED_IN,
    resource="*",
)
async def get_catalog(env: Env, call: Call, request: NoFields) -> CatalogObject:
    """What can be launched, at which price, and what will run it."""
    info = await env.runtime.probe()
    runtime = RuntimeObject(
        kind=info.kind,
        engine=info.engine,
        isolation=info.isolation,
        limits=info.limits,
        internet=info.internet,
        notes=list(info.notes),
    )
    return CatalogObject(
        types=_types(env),
        images=[await _image(env, image) for image in IMAGES],
        zones=list(env.region.zones),
        runtime=runtime,
    )


@action(
    "volano:prepareImage",
    method="POST",
    path="/volano/v1/compute/images/{name}/prepare",
    permission="ec2:RunInstances",
    resource=IMAGE,
)
async def prepare_image(env: Env, call: Call, request: ImageName) -> ImageObject:
    """Build an image now instead of at its first launch; repeating joins the build that runs."""
    image = images.require_image(env, request.name)
    if await images.is_ready(env, image):
        return await _image(env, image)
    return _shown(image, ready=False, job=await images.prepare_image(env, image.runtime_name))


def _types(env: Env) -> list[TypeObject]:
    listed = billing.price_list(env.config)
    today = billing.day_of(env.clock.now_us())
    types = []
    for kind in INSTANCE_TYPES.values():
        price = listed.price(kind.meter, today)
        hourly = None if price is None else format(price.cost(billing.decimal(HOUR_S)), "f")
        types.append(
            TypeObject(
                name=kind.name,
                family=kind.family,
                vcpus=kind.vcpus,
                memory_bytes=kind.memory_bytes,
                guaranteed_cpu=kind.share_millis / 1000,
                price_per_hour=hourly,
                currency=listed.currency,
            )
        )
    return types


async def _image(env: Env, image: Image) -> ImageObject:
    ready = await images.is_ready(env, image)
    job = None if ready else await images.find_job(env, image.runtime_name)
    return _shown(image, ready=ready, job=job)


def _shown(image: Image, *, ready: bool, job: Job | None) -> ImageObject:
    return ImageObject(
        id=image.id,
        name=image.name,
        description=image.description,
        prepared=ready,
        preparing="" if job is None else job.text or "waiting to begin",
        fraction=0.0 if job is None else job.fraction,
    )
