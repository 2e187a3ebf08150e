"""Work of the workplace: mirrors of principals, retrieval, events for apps."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.kernel.errors import NotFound
from volano.kernel.events import relayed, subscribe
from volano.kernel.work import job_kind, reconciler
from volano.services.chat.logic import apps, live, presence, reminders, scheduling, seats, users
from volano.services.chat.logic.app_events import tell_app, tell_apps, tell_everyone
from volano.services.chat.logic.calls import call_people
from volano.services.chat.logic.deletions import remove_deleted
from volano.services.chat.logic.deliveries import deliver_due
from volano.services.chat.logic.ephemerals import remove_old_ephemerals
from volano.services.chat.logic.exports.running import run_export
from volano.services.chat.logic.files import remove_bytes
from volano.services.chat.logic.guests import end_expired
from volano.services.chat.logic.imports.running import run_import
from volano.services.chat.logic.indexing import index_waiting
from volano.services.chat.logic.link_previews import preview_links
from volano.services.chat.logic.passes import remove_old_passes
from volano.services.chat.logic.rules import remove_expired
from volano.services.chat.logic.transfers import EXPORT_JOB, IMPORT_JOB
from volano.services.chat.logic.urgent import escalate
from volano.services.chat.logic.words import keep_words
from volano.services.chat.model import (
    ChannelChanged,
    FileShared,
    MemberChanged,
    MessageChanged,
    MessageDeleted,
    MessagePosted,
    ReactionChanged,
)
from volano.services.chat.model.apps import AppTold, WorkspaceTold
from volano.services.chat.store import workspaces as workspace_rows
from volano.services.identity.interface import (
    PrincipalChanged,
    PrincipalCreated,
    PrincipalDeleted,
)

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.events import Event
    from volano.kernel.work import JobContext

PERSON = "user"

relayed(live.SENT)(live.hear_sent)
relayed(live.SAID)(live.hear_said)
relayed(presence.HERE)(presence.hear_listening)
relayed(seats.ACTIVE)(seats.hear_active)


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


@subscribe("chat:index", MessagePosted, MessageChanged, FileShared)
async def on_words(env: Env, event: Event) -> None:
    """New words are to be found."""
    assert isinstance(event, MessagePosted | MessageChanged | FileShared)
    await index_waiting(env, event.account)


@subscribe("chat:previews", MessagePosted)
async def on_link(env: Env, event: MessagePosted) -> None:
    """Show what the links of a message lead to."""
    await preview_links(env, event.account, event.channel, event.ts_us)


@subscribe("chat:calls", MessagePosted)
async def on_call(env: Env, event: MessagePosted) -> None:
    """Tell whom a message calls."""
    await call_people(env, event.account, event.channel, event.ts_us)


@subscribe(
    "chat:apps",
    MessagePosted,
    MessageChanged,
    MessageDeleted,
    ReactionChanged,
    ChannelChanged,
    MemberChanged,
    FileShared,
)
async def on_anything(env: Env, event: Event) -> None:
    """Tell the apps."""
    assert isinstance(event, _TOLD)
    await tell_apps(env, event)


_TOLD = (
    MessagePosted
    | MessageChanged
    | MessageDeleted
    | ReactionChanged
    | ChannelChanged
    | MemberChanged
    | FileShared
)


@subscribe("chat:apps-alone", AppTold)
async def on_app_told(env: Env, event: AppTold) -> None:
    """Tell one app."""
    await tell_app(env, event)


@subscribe("chat:apps-together", WorkspaceTold)
async def on_workspace_told(env: Env, event: WorkspaceTold) -> None:
    """Tell every app."""
    await tell_everyone(env, event)


@subscribe("chat:words", MessagePosted, MessageChanged, MessageDeleted)
async def on_searchable(env: Env, event: Event) -> None:
    """Keep the words of messages for search."""
    assert isinstance(event, MessagePosted | MessageChanged | MessageDeleted)
    await keep_words(env, event.account, event.channel, event.ts_us)


@reconciler("chat:later", every_s=1.0)
async def reconcile_later(env: Env) -> None:
    """Post scheduled messages and remind people."""
    await scheduling.post_due(env)
    await reminders.tell_due(env)


@reconciler("chat:deliver", every_s=2.0)
async def reconcile_deliveries(env: Env) -> None:
    """Send events to the URLs of apps."""
    await deliver_due(env)


@reconciler("chat:index", every_s=60.0)
async def reconcile_index(env: Env) -> None:
    """Index what an event was lost for (a restored backup, a handler given up)."""
    for account in await workspace_rows.select_accounts(env.store.reader):
        await index_waiting(env, account)


@reconciler("chat:urgent", every_s=10.0)
async def reconcile_urgent(env: Env) -> None:
    """Try the next way to reach who has not acknowledged an urgent message."""
    await escalate(env)


@reconciler("chat:retention", every_s=600.0)
async def reconcile_retention(env: Env) -> None:
    """Remove what is older than its channel keeps messages."""
    await remove_expired(env)


@reconciler("chat:deletions", every_s=600.0)
async def reconcile_deletions(env: Env) -> None:
    """Take away the messages of channels that were deleted."""
    await remove_deleted(env)


@reconciler("chat:live", every_s=300.0)
async def reconcile_live(env: Env) -> None:
    """Forget live events that nobody will ask for any more."""
    await live.forget_old(env)


@reconciler("chat:guests", every_s=60.0)
async def reconcile_guests(env: Env) -> None:
    """Switch off guests whose time is over."""
    await end_expired(env)


@reconciler("chat:files", every_s=300.0)
async def reconcile_files(env: Env) -> None:
    """Remove the bytes of deleted and abandoned files, and what apps did not fetch in time."""
    await remove_bytes(env)
    await apps.remove_old(env)
    await remove_old_passes(env)
    await remove_old_ephemerals(env)


@job_kind(IMPORT_JOB)
async def import_archive(env: Env, context: JobContext, payload: str) -> str:
    """Import what somebody uploaded."""
    wanted = json.loads(payload)
    await run_import(env, context, wanted["account"], wanted["transfer"])
    return "{}"


@job_kind(EXPORT_JOB)
async def export_workplace(env: Env, context: JobContext, payload: str) -> str:
    """Make the archive that somebody asked for."""
    wanted = json.loads(payload)
    await run_export(env, context, wanted["account"], wanted["transfer"])
    return "{}"
