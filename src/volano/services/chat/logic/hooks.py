"""Incoming webhooks: an address that posts into one channel as an app's bot."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from volano.kernel.errors import NotFound
from volano.services.chat.logic.access import get_joined, require_regular
from volano.services.chat.logic.app_posts import be_bot, draft_of, post_as_bot
from volano.services.chat.logic.dialects import NO_CONTENT, Said, parse_hook, shown_to_discord
from volano.services.chat.logic.errors import refused
from volano.services.chat.logic.installs import find_app
from volano.services.chat.logic.workspaces import enter, get_workspace
from volano.services.chat.model.apps import Hook
from volano.services.chat.store import app_configs as rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.chat.model import Json

PATH = "/services"


class NoService(NotFound):
    """The webhook was removed, or never was."""

    code = "no_service"


async def create_hook(env: Env, call: Call, app_id: str, channel_id: str) -> tuple[Hook, str]:
    """A webhook of an app into a channel that the caller is in, and its URL, shown once."""
    here = await enter(env, call)
    require_regular(here.me)
    secret = env.ids.token(18)
    channel, _ = await get_joined(env.store.reader, here.me, channel_id)

    async def write(tx: Tx) -> Hook:
        app = await find_app(tx, call.account, app_id)
        hook = Hook(
            id=env.ids.slack("B"),
            account=call.account,
            app_id=app.id,
            user_id=app.user_id,
            channel_id=channel.id,
            created_by=here.me.id,
            created_us=env.clock.now_us(),
        )
        await rows.insert_hook(tx, hook, env.secrets.digest(secret))
        return hook

    hook = await env.store.transact(write)
    url = f"{env.config.console_url}{PATH}/{here.workspace.team_id}/{hook.id}/{secret}"
    return hook, url


async def list_hooks(env: Env, call: Call) -> list[Hook]:
    return await rows.select_hooks(env.store.reader, call.account)


async def delete_hook(env: Env, call: Call, hook_id: str) -> None:
    """Raises no_service."""

    async def write(tx: Tx) -> bool:
        return await rows.delete_hook(tx, call.account, hook_id)

    if not await env.store.transact(write):
        raise NoService(f"There is no webhook {hook_id[:40]}.")


async def use_hook(
    env: Env, team_id: str, hook_id: str, secret: str, body: Json, *, waits: bool = False
) -> Said:
    """Post what was sent; Discord's programs may wait for the message.

    Raises no_service, invalid_payload, no_text, channel_is_archived.
    """
    hook = await rows.find_hook(env.store.reader, env.secrets.digest(secret))
    if hook is None or hook.id != hook_id:
        raise NoService("There is no webhook with this address.")
    workspace = await get_workspace(env, hook.account)
    if workspace.team_id != team_id:
        raise NoService("There is no webhook with this address.")
    said = parse_hook(body)
    draft = draft_of(hook.channel_id, said.body)
    if not (draft.text.strip() or draft.blocks or draft.attachments):
        raise refused("no_text", "A message needs text, blocks or attachments.")
    here = await be_bot(env, hook.account, hook.user_id)
    posted = await post_as_bot(env, here, replace(draft, subtype="bot_message"))
    if not waits or said.status != NO_CONTENT:
        return said
    channel = hook.channel_id
    return shown_to_discord(body, said, id_=posted.message.ts, channel=channel, hook=hook_id)
