"""Response URLs: five answers within half an hour to what a person did.

Also what an app says in its acknowledgement of a command or button: both have the same form
(docs.slack.dev, "Handling user interaction").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.kernel.foreign_json import decode_foreign
from volano.services.chat.logic import passes
from volano.services.chat.logic.app_posts import (
    be_bot,
    draft_of,
    post_as_bot,
    remove_message,
    replace_message,
    show_as_bot,
)
from volano.services.chat.logic.ephemerals import (
    drop_ephemeral,
    find_ephemeral,
    replace_ephemeral,
)
from volano.services.chat.logic.errors import refused
from volano.services.chat.logic.messages import compose
from volano.services.chat.logic.passes import PassExpired, PassUnknown, PassUsed
from volano.services.chat.model.apps import PassKind
from volano.services.chat.store import users as user_rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Tx
    from volano.services.chat.logic.workspaces import Here
    from volano.services.chat.model import Json
    from volano.services.chat.model.apps import Pass

PATH = "/slack/actions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What is answered: where it happened, who did it, and the message with the button."""

    channel: str
    user: str
    message_ts: str = ""
    thread_ts: str = ""
    ephemeral: bool = False


async def give_response_url(env: Env, here: Here, app_id: str, origin: Origin) -> str:
    """A new response URL."""
    secret = env.ids.token(24)
    body: Json = {
        "channel": origin.channel,
        "user": origin.user,
        "message_ts": origin.message_ts,
        "thread_ts": origin.thread_ts,
        "ephemeral": origin.ephemeral,
    }

    async def write(tx: Tx) -> None:
        await passes.give_pass(
            tx,
            env,
            PassKind.RESPONSE,
            secret,
            account=here.workspace.account,
            app_id=app_id,
            body=body,
        )

    await env.store.transact(write)
    return f"{env.config.console_url}{PATH}/{here.workspace.team_id}/{secret}"


async def use_response_url(env: Env, secret: str, body: Json) -> None:
    """Answer once. Raises used_url, expired_url, invalid_payload and what posting raises."""

    async def write(tx: Tx) -> Pass:
        try:
            return await passes.take_pass(tx, env, PassKind.RESPONSE, secret)
        except (PassUsed, PassExpired) as error:
            word = "used_url" if isinstance(error, PassUsed) else "expired_url"
            raise type(error)(error.message, code=word) from error
        except PassUnknown as error:
            raise PassUnknown("There is no such response URL.", code="no_response_url") from error

    found = await env.store.transact(write)
    origin = Origin(
        channel=str(found.body["channel"]),
        user=str(found.body["user"]),
        message_ts=str(found.body["message_ts"]),
        thread_ts=str(found.body["thread_ts"]),
        ephemeral=bool(found.body["ephemeral"]),
    )
    app = await user_rows.find_app(env.store.reader, found.app_id)
    if app is None:
        raise refused("no_service", "The app is gone.")
    await apply_response(env, await be_bot(env, found.account, app.user_id), origin, body)


async def apply_response(env: Env, here: Here, origin: Origin, body: Json) -> None:
    """Do what an answer says: post, show, replace or delete."""
    if body.get("delete_original") is True:
        await _delete(env, here, origin)
        return
    draft = draft_of(origin.channel, body, thread_ts="")
    if body.get("replace_original") is True and origin.message_ts:
        await _replace(env, here, origin, body)
        return
    if not (draft.text or draft.blocks or draft.attachments):
        raise refused("no_text", "An answer needs text, blocks or attachments.")
    if body.get("response_type") == "in_channel":
        await post_as_bot(env, here, draft)
        return
    await show_as_bot(env, here, origin.user, draft)


async def _replace(env: Env, here: Here, origin: Origin, body: Json) -> None:
    draft = draft_of(origin.channel, body)
    shown = await find_ephemeral(env.store.reader, origin.channel, origin.user, origin.message_ts)
    if shown is not None:
        await replace_ephemeral(env, here, shown, compose(env, here, draft))
        return
    await replace_message(env, here, origin.channel, origin.message_ts, draft)


async def _delete(env: Env, here: Here, origin: Origin) -> None:
    if not origin.message_ts:
        raise refused("invalid_payload", "There is no original message to delete.")
    shown = await find_ephemeral(env.store.reader, origin.channel, origin.user, origin.message_ts)
    if shown is not None:
        await drop_ephemeral(env, shown)
        return
    await remove_message(env, here, origin.channel, origin.message_ts)


def parse_response(data: bytes) -> Json:
    """The JSON object of a response URL's body. Raises invalid_payload."""
    try:
        body = decode_foreign(data or b"{}")
    except ValueError as error:
        raise refused("invalid_payload", "The body is not JSON.") from error
    if not isinstance(body, dict):
        raise refused("invalid_payload", "The body must be an object.")
    return body
