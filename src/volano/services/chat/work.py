"""Work of the workplace: mirrors of principals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import NotFound
from volano.kernel.events import subscribe
from volano.services.chat.logic import users
from volano.services.chat.store import workspaces as workspace_rows
from volano.services.identity.interface import (
    PrincipalChanged,
    PrincipalCreated,
    PrincipalDeleted,
)

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.events import Event

PERSON = "user"


@subscribe("chat:principals", PrincipalCreated, PrincipalChanged, PrincipalDeleted)
async def on_principal(env: Env, event: Event) -> None:
    """Mirror a person; bots are mirrored when they first speak."""
    assert isinstance(event, PrincipalCreated | PrincipalChanged | PrincipalDeleted)
    if await workspace_rows.find_workspace(env.store.reader, event.account) is None:
        return  # the workspace takes in everybody when it is made
    if isinstance(event, PrincipalDeleted):
        await users.remove_principal(env, event.account, event.principal_id)
        return
    if isinstance(event, PrincipalCreated) and event.kind != PERSON:
        return
    try:
        await users.mirror_principal(env, event.account, event.principal_id)
    except NotFound:
        await users.remove_principal(env, event.account, event.principal_id)
