"""Calls that take place elsewhere: an app tells of them and shows them by `call` blocks.

A call belongs to the app that added it; no other app knows of it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from volano.kernel.errors import NotFound
from volano.services.chat.logic.errors import conflict, refused
from volano.services.chat.logic.views import calling_app
from volano.services.chat.model.items import AppCall
from volano.services.chat.store import app_calls as rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.chat.model import Json

MAX_PEOPLE = 1000
MAX_TEXT_CHARACTERS = 2000
_OF_PERSON = ("slack_id", "external_id", "display_name", "avatar_url")


class CallNotFound(NotFound):
    code = "call_not_found"


async def add_call(env: Env, call: Call, wanted: AppCall) -> AppCall:
    """Tell of a call; `wanted` needs no id. Raises invalid_arguments and not_allowed_token_type."""
    here, app = await calling_app(env, call)
    _require(wanted)
    made = replace(
        wanted,
        id=env.ids.slack("R"),
        account=call.account,
        app_id=app.id,
        creator=wanted.creator or here.me.id,
        users=_people(wanted.users),
        began_us=wanted.began_us or env.clock.now_us(),
    )

    async def write(tx: Tx) -> AppCall:
        await rows.upsert_call(tx, made)
        return made

    return await env.store.transact(write)


def _require(item: AppCall) -> None:
    if not item.external_id:
        raise refused("invalid_arguments", "external_unique_id is needed.")
    if urlsplit(item.join_url).scheme not in ("http", "https"):
        raise refused("invalid_arguments", "join_url is an http or https URL.")
    if item.desktop_url and "://" not in item.desktop_url:
        raise refused("invalid_arguments", "desktop_app_join_url is a URL.")
    texts = (item.external_id, item.join_url, item.desktop_url, item.display_id, item.title)
    if max(map(len, texts)) > MAX_TEXT_CHARACTERS:
        said = f"A text of a call has at most {MAX_TEXT_CHARACTERS} characters."
        raise refused("invalid_arguments", said)


def _people(users: Sequence[Json]) -> tuple[Json, ...]:
    """Each person once. Raises invalid_arguments for one without an id."""
    found: dict[str, Json] = {}
    for user in users:
        name = _name_of(user)
        if not name:
            raise refused("invalid_arguments", "Each user has a slack_id or an external_id.")
        found[name] = {
            key: str(user[key])[:MAX_TEXT_CHARACTERS] for key in _OF_PERSON if user.get(key)
        }
    if len(found) > MAX_PEOPLE:
        raise refused("invalid_arguments", f"A call has at most {MAX_PEOPLE} people.")
    return tuple(found.values())


def _name_of(user: Json) -> str:
    return str(user.get("slack_id") or user.get("external_id") or "")


async def get_call(env: Env, call: Call, call_id: str) -> AppCall:
    """Raises call_not_found."""
    _, app = await calling_app(env, call)
    return _known(await rows.find_call(env.store.reader, app.id, call_id), call_id)


def _known(found: AppCall | None, call_id: str) -> AppCall:
    if found is None:
        raise CallNotFound(f"There is no call {call_id[:40]}.")
    return found


async def update_call(
    env: Env, call: Call, call_id: str, *, join_url: str, desktop_url: str, title: str
) -> AppCall:
    """Change what is given ('' leaves a part as it is)."""

    def change(old: AppCall) -> AppCall:
        return replace(
            old,
            join_url=join_url or old.join_url,
            desktop_url=desktop_url or old.desktop_url,
            title=title or old.title,
        )

    return await _change(env, call, call_id, change)


async def end_call(env: Env, call: Call, call_id: str) -> AppCall:
    """It is over; raises call_ended when it was."""

    def change(old: AppCall) -> AppCall:
        if old.ended_us:
            raise conflict("call_ended", "The call is over already.")
        return replace(old, ended_us=env.clock.now_us())

    return await _change(env, call, call_id, change)


async def add_people(env: Env, call: Call, call_id: str, users: Sequence[Json]) -> AppCall:
    return await _change(
        env, call, call_id, lambda old: replace(old, users=_people([*old.users, *users]))
    )


async def remove_people(env: Env, call: Call, call_id: str, users: Sequence[Json]) -> AppCall:
    gone = {_name_of(user) for user in users}
    return await _change(
        env,
        call,
        call_id,
        lambda old: replace(
            old, users=tuple(user for user in old.users if _name_of(user) not in gone)
        ),
    )


async def _change(
    env: Env, call: Call, call_id: str, change: Callable[[AppCall], AppCall]
) -> AppCall:
    _, app = await calling_app(env, call)

    async def write(tx: Tx) -> AppCall:
        changed = change(_known(await rows.find_call(tx, app.id, call_id), call_id))
        _require(changed)
        await rows.upsert_call(tx, changed)
        return changed

    return await env.store.transact(write)
