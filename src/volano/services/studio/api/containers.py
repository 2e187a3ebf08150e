"""OpenAI's /v1/containers: where the code interpreter's code runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from volano.services.models.interface import invalid, unsupported
from volano.services.studio.api.files import paging_of
from volano.services.studio.logic.containers import containers, files
from volano.services.studio.model.containers import MAX_FILES
from volano.wire.action import action
from volano.wire.openai.paging import Deleted, ListQuery, Page, page_of

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.studio.model.containers import Container

CONTAINERS = "arn:aws:studio:{region}:{account}:container/*"
CONTAINER = "arn:aws:studio:{region}:{account}:container/{container_id}"


class ExpiresAfter(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    anchor: Literal["last_active_at"]
    minutes: int


class CreateContainer(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: str
    file_ids: Annotated[list[str], msgspec.Meta(max_length=MAX_FILES)] | None = None
    expires_after: ExpiresAfter | None = None
    memory_limit: str | None = None
    network_policy: dict[str, Any] | None = None
    skills: list[dict[str, Any]] | None = None


class ContainerName(msgspec.Struct):
    container_id: str


class ListContainers(ListQuery, kw_only=True):
    name: str = ""


class ContainerObject(msgspec.Struct, kw_only=True):
    """OpenAI's container object."""

    id: str
    object: str = "container"
    created_at: int
    status: str
    name: str
    last_active_at: int
    expires_after: ExpiresAfter
    memory_limit: str
    network_policy: dict[str, str]


@action(
    "openai:createContainer",
    method="POST",
    path="/v1/containers",
    permission="studio:CreateContainer",
    resource=CONTAINERS,
    partial="Memory of 1g, 4g or 16g; skills and a way out to the network are refused.",
)
async def create_container(env: Env, call: Call, request: CreateContainer) -> ContainerObject:
    """An empty container, or one with copies of files."""
    if request.skills:
        raise unsupported("skills", "there are none here")
    require_closed(request.network_policy, "network_policy")
    made = await containers.create_container(
        env,
        call,
        name=request.name,
        size=request.memory_limit,
        minutes=request.expires_after.minutes if request.expires_after else None,
    )
    for file_id in request.file_ids or ():
        await files.copy_file(env, call, made, file_id)
    return container_object(made)


@action(
    "openai:listContainers",
    method="GET",
    path="/v1/containers",
    permission="studio:ListContainers",
    resource=CONTAINERS,
)
async def list_containers(env: Env, call: Call, request: ListContainers) -> Page:
    """The account's containers; of a page, only those of that name when one is given."""
    found = await containers.list_containers(env, call, paging_of(request))
    shown = [one for one in found.items if request.name in ("", one.name)]
    return page_of(
        [one.id for one in shown],
        [container_object(one) for one in shown],
        has_more=found.has_more,
    )


@action(
    "openai:retrieveContainer",
    method="GET",
    path="/v1/containers/{container_id}",
    permission="studio:GetContainer",
    resource=CONTAINER,
)
async def retrieve_container(env: Env, call: Call, request: ContainerName) -> ContainerObject:
    """What is known of a container."""
    return container_object(await containers.get_container(env, call, request.container_id))


@action(
    "openai:deleteContainer",
    method="DELETE",
    path="/v1/containers/{container_id}",
    permission="studio:DeleteContainer",
    resource=CONTAINER,
)
async def delete_container(env: Env, call: Call, request: ContainerName) -> Deleted:
    """End a container; its files go with it."""
    await containers.delete_container(env, call, request.container_id)
    return Deleted(id=request.container_id, object="container.deleted")


def require_closed(policy: dict[str, Any] | None, where: str) -> None:
    """Raises Invalid for a policy that would let code out to the network."""
    if policy is None:
        return
    if policy.get("type") not in ("disabled", "allowlist"):
        raise invalid(f"{where}.type", "it is `disabled`")
    if policy["type"] == "allowlist":
        raise unsupported(f"{where}.type", "containers have no way out to the network")


def container_object(container: Container) -> ContainerObject:
    return ContainerObject(
        id=container.id,
        created_at=container.created_us // 1_000_000,
        status=container.state,
        name=container.name,
        last_active_at=container.last_active_us // 1_000_000,
        expires_after=ExpiresAfter(anchor="last_active_at", minutes=container.minutes),
        memory_limit=container.size,
        network_policy={"type": "disabled"},
    )
