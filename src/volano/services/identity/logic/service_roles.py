"""Service-linked roles: made for a service, trusted by it alone, and removed by their own action.

Specified in the IAM API reference. Deleting is done at once; the task that clients poll is told to
have succeeded when the role is gone.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from volano.services.identity.logic.access import forget
from volano.services.identity.logic.names import require_name
from volano.services.identity.logic.roles import SERVICE_PATH, add_role, get_role, make_role
from volano.services.identity.model.errors import InvalidInput, NoSuchEntity
from volano.services.identity.model.principals import Role
from volano.services.identity.model.service_roles import ROLE_NAMES, SUFFIXED
from volano.services.identity.store import keys as key_rows
from volano.services.identity.store import policies as policy_rows
from volano.services.identity.store import roles as rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

_SERVICE = re.compile(r"[a-z0-9][a-z0-9.-]{0,100}\.amazonaws\.com\Z")
_TASK = re.compile(r"task/aws-service-role/[^/]+/([^/]+)/[0-9a-f-]{36}\Z")


async def create_service_role(
    env: Env, call: Call, service: str, *, description: str, suffix: str
) -> Role:
    """Raises InvalidInput, also when there is one already."""
    if not _SERVICE.match(service):
        raise InvalidInput(f"{service[:128]} is not the name of a service.")
    short = service.removesuffix(".amazonaws.com")
    if suffix and short in ROLE_NAMES and short not in SUFFIXED:
        raise InvalidInput(f"Custom suffix is not allowed for {service}")
    name = (
        "AWSServiceRoleFor"
        + ROLE_NAMES.get(short, short.replace(".", ""))
        + (f"_{suffix}" if suffix else "")
    )
    require_name(name, field="roleName")
    statement = {
        "Action": ["sts:AssumeRole"],
        "Effect": "Allow",
        "Principal": {"Service": [service]},
    }
    role = make_role(
        env,
        call.account,
        name,
        json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        path=f"{SERVICE_PATH}{service}/",
        description=description,
    )

    async def write(tx: Tx) -> None:
        if await rows.is_role_name_taken(tx, call.account, name):
            raise InvalidInput(
                f"Service role name {name} has been taken in this account, please try a different "
                "suffix."
            )
        await add_role(tx, role)

    await env.store.transact(write)
    return role


async def delete_service_role(env: Env, call: Call, name: str) -> str:
    """Remove it with its sessions; the id of the task, which is done."""

    async def write(tx: Tx) -> Role:
        role = await get_role(tx, call.account, name)
        if not role.path.startswith(SERVICE_PATH):
            raise InvalidInput(f"{name} is not a service-linked role.")
        for arn in await policy_rows.select_attached_arns(tx, role.id):
            await policy_rows.delete_attachment(tx, role.id, arn)
        await key_rows.delete_temporary_keys_of(tx, role.id)
        await rows.delete_role(tx, role.id)
        return role

    role = await env.store.transact(write)
    forget(env)
    return f"task{role.path}{role.name}/{env.ids.uuid()}"


async def deletion_status(env: Env, call: Call, task: str) -> str:
    """SUCCEEDED when the role of that task is gone; raises NoSuchEntity for an unknown task."""
    found = _TASK.match(task)
    if found is None:
        raise NoSuchEntity(f"Service linked role deletion task {task[:200]} cannot be found.")
    role = await rows.find_role_by_name(env.store.reader, call.account, found[1])
    return "SUCCEEDED" if role is None else "FAILED"
