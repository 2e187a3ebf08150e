"""The organisation's directory: departments, managers, titles; and who is here now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.chat.api.desk import Done, NoFields
from volano.services.chat.logic import directory, presence
from volano.services.chat.model.directory import Position
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env

DIRECTORY = "arn:aws:chat:{region}:{account}:directory"
KEEP = "chatadmin:KeepDirectory"


class DirectoryDepartment(msgspec.Struct, kw_only=True):
    id: str
    name: str
    parent: str


class DirectoryPosition(msgspec.Struct, kw_only=True):
    """Where somebody stands; '' where nothing is set."""

    user: str
    department: str = ""
    manager: str = ""
    title: str = ""
    phone: str = ""


class DirectoryPage(msgspec.Struct, kw_only=True):
    departments: list[DirectoryDepartment]
    positions: list[DirectoryPosition]


@action(
    "volano:getDirectory",
    method="GET",
    path="/volano/v1/chat/directory",
    permission="chat:ListUsers",
    resource=DIRECTORY,
)
async def get_directory(env: Env, call: Call, request: NoFields) -> DirectoryPage:
    """Every department and where people stand in them."""
    departments, positions = await directory.read_directory(env, call)
    return DirectoryPage(
        departments=[
            DirectoryDepartment(id=item.id, name=item.name, parent=item.parent_id)
            for item in departments
        ],
        positions=[_position(item) for item in positions],
    )


def _position(item: Position) -> DirectoryPosition:
    return DirectoryPosition(
        user=item.user_id,
        department=item.department_id,
        manager=item.manager_id,
        title=item.title,
        phone=item.phone,
    )


class NewDepartment(msgspec.Struct, kw_only=True):
    name: str
    parent: str = ""


class DepartmentChange(NewDepartment, kw_only=True):
    id: str


class DepartmentId(msgspec.Struct, kw_only=True):
    id: str


@action(
    "volano:createDepartment",
    method="POST",
    path="/volano/v1/chat/departments",
    permission=KEEP,
    resource=DIRECTORY,
)
async def create_department(env: Env, call: Call, request: NewDepartment) -> DepartmentId:
    """Make a department, below another or at the top."""
    made = await directory.put_department(
        env, call, department_id="", name=request.name, parent_id=request.parent
    )
    return DepartmentId(id=made.id)


@action(
    "volano:putDepartment",
    method="PUT",
    path="/volano/v1/chat/departments/{id}",
    permission=KEEP,
    resource=DIRECTORY,
)
async def put_department(env: Env, call: Call, request: DepartmentChange) -> DepartmentId:
    """Rename a department or move it below another."""
    made = await directory.put_department(
        env, call, department_id=request.id, name=request.name, parent_id=request.parent
    )
    return DepartmentId(id=made.id)


@action(
    "volano:deleteDepartment",
    method="DELETE",
    path="/volano/v1/chat/departments/{id}",
    permission=KEEP,
    resource=DIRECTORY,
)
async def delete_department(env: Env, call: Call, request: DepartmentId) -> Done:
    """Remove a department; its people and departments move to the one above."""
    await directory.delete_department(env, call, request.id)
    return Done()


@action(
    "volano:putPosition",
    method="PUT",
    path="/volano/v1/chat/positions/{user}",
    permission=KEEP,
    resource=DIRECTORY,
)
async def put_position(env: Env, call: Call, request: DirectoryPosition) -> DirectoryPosition:
    """Say where somebody stands: department, manager, title, telephone."""
    position = Position(
        user_id=request.user,
        account=call.account,
        department_id=request.department,
        manager_id=request.manager,
        title=request.title.strip(),
        phone=request.phone.strip(),
    )
    return _position(await directory.put_position(env, call, position))


class Present(msgspec.Struct, kw_only=True):
    present: list[str]


@action(
    "volano:listPresent",
    method="GET",
    path="/volano/v1/chat/presence",
    permission="chat:GetUser",
    resource="arn:aws:chat:{region}:{account}:user/*",
)
async def list_present(env: Env, call: Call, request: NoFields) -> Present:
    """Users of the workplace who have it open now."""
    return Present(present=await presence.list_present(env, call))
