"""Remote files of apps, and public links of files."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from volano.kernel.ids import AccountId
from volano.services.chat.logic.errors import FileNotFound, conflict, denied, refused
from volano.services.chat.logic.files import get_file, open_bytes, to_json
from volano.services.chat.logic.messages import Draft, post_message
from volano.services.chat.logic.views import calling_app
from volano.services.chat.logic.workspaces import Here, enter, get_workspace
from volano.services.chat.model import File
from volano.services.chat.model.items import RemoteFile
from volano.services.chat.store import files as file_rows
from volano.services.chat.store import remote_files as rows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.chat.model import Json

PUBLIC_PATH = "/slack/public"
MAX_TITLE_CHARACTERS = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked of a remote file; '' leaves a part as it is."""

    external_url: str = ""
    title: str = ""
    filetype: str = ""


async def add_remote_file(env: Env, call: Call, external_id: str, wanted: Wanted) -> Json:
    """Raises bad_title, invalid_external_id; the same external_id again changes the file."""
    here, app = await calling_app(env, call)
    if not external_id:
        raise refused("invalid_external_id", "external_id is needed.")
    _require(wanted)

    async def write(tx: Tx) -> RemoteFile:
        known = await rows.find_by_external_id(tx, app.id, external_id)
        item = known or RemoteFile(
            id=env.ids.slack("F"),
            account=call.account,
            app_id=app.id,
            user_id=here.me.id,
            external_id=external_id,
            external_url=wanted.external_url,
            title=wanted.title,
            filetype=wanted.filetype,
            created_us=env.clock.now_us(),
        )
        item = _merged(item, wanted)
        await rows.upsert_remote_file(tx, item)
        return item

    return remote_json(env, here, await env.store.transact(write))


def _require(wanted: Wanted) -> None:
    if not wanted.title or len(wanted.title) > MAX_TITLE_CHARACTERS or "\x00" in wanted.title:
        raise refused("bad_title", f"title has 1 to {MAX_TITLE_CHARACTERS} characters.")
    if urlsplit(wanted.external_url).scheme not in ("http", "https"):
        raise refused("invalid_arguments", "external_url is an http or https URL.")


def _merged(item: RemoteFile, wanted: Wanted) -> RemoteFile:
    return replace(
        item,
        external_url=wanted.external_url or item.external_url,
        title=wanted.title or item.title,
        filetype=wanted.filetype or item.filetype,
    )


async def get_remote_file(
    env: Env, call: Call, file_id: str, external_id: str
) -> tuple[Here, RemoteFile]:
    """By id, or by the calling app's own name for it. Raises file_not_found."""
    if file_id:
        here = await enter(env, call)
        found = await rows.find_remote_file(env.store.reader, call.account, file_id)
    else:
        here, app = await calling_app(env, call)
        found = await rows.find_by_external_id(env.store.reader, app.id, external_id)
    if found is None:
        raise FileNotFound("There is no such remote file.")
    return here, found


async def update_remote_file(
    env: Env, call: Call, file_id: str, external_id: str, wanted: Wanted
) -> Json:
    """Raises file_not_found and bad_title."""
    here, found = await _own(env, call, file_id, external_id)
    item = _merged(found, wanted)
    _require(Wanted(external_url=item.external_url, title=item.title))

    async def write(tx: Tx) -> None:
        await rows.upsert_remote_file(tx, item)

    await env.store.transact(write)
    return remote_json(env, here, item)


async def _own(env: Env, call: Call, file_id: str, external_id: str) -> tuple[Here, RemoteFile]:
    here, found = await get_remote_file(env, call, file_id, external_id)
    if found.app_id != here.me.app_id:
        raise FileNotFound("There is no such remote file of this app.")
    return here, found


async def remove_remote_file(env: Env, call: Call, file_id: str, external_id: str) -> None:
    """Raises file_not_found."""
    _, found = await _own(env, call, file_id, external_id)

    async def write(tx: Tx) -> None:
        await rows.delete_remote_file(tx, found.id)

    await env.store.transact(write)


async def share_remote_file(
    env: Env, call: Call, file_id: str, external_id: str, channels: Sequence[str]
) -> Json:
    """Post it to channels. Raises what posting raises."""
    here, found = await get_remote_file(env, call, file_id, external_id)
    if not channels:
        raise refused("channel_not_found", "channels is needed.")
    shown = remote_json(env, here, found)
    for channel in channels:
        body: Json = {"files": [shown], "upload": False}
        draft = Draft(channel=channel, subtype="file_share", body=body)
        await post_message(env, call, draft)
    return shown


async def list_remote_files(
    env: Env, call: Call, *, before_us: int, limit: int
) -> tuple[list[Json], int]:
    """The newest first, and when the last was made when there are more."""
    here = await enter(env, call)
    found = await rows.select_remote_files(
        env.store.reader, call.account, before_us=before_us, limit=limit + 1
    )
    page = found[:limit]
    shown = [remote_json(env, here, item) for item in page]
    return shown, page[-1].created_us if len(found) > limit else 0


def remote_json(env: Env, here: Here, item: RemoteFile) -> Json:
    """Slack's file object of a remote file."""
    created = item.created_us // 1_000_000
    link = f"{env.config.console_url}/files/{item.user_id}/{item.id}"
    return {
        "id": item.id,
        "created": created,
        "timestamp": created,
        "name": item.title,
        "title": item.title,
        "mimetype": "application/octet-stream",
        "filetype": item.filetype or "remote",
        "pretty_type": "Remote",
        "user": item.user_id,
        "user_team": here.workspace.team_id,
        "editable": False,
        "size": 0,
        "mode": "external",
        "is_external": True,
        "external_type": "app",
        "external_id": item.external_id,
        "external_url": item.external_url,
        "is_public": False,
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "url_private": item.external_url,
        "permalink": link,
        "comments_count": 0,
        "channels": [],
        "groups": [],
        "ims": [],
        "file_access": "visible",
        "app_id": item.app_id,
    }


def _secret(env: Env, file_id: str) -> str:
    return env.secrets.digest(f"public-file:{file_id}").hex()[:32]


def public_url(env: Env, here: Here, file_id: str) -> str:
    team = here.workspace.team_id
    return f"{env.config.console_url}{PUBLIC_PATH}/{team}-{file_id}/{_secret(env, file_id)}"


async def share_publicly(env: Env, call: Call, file_id: str) -> Json:
    """Anybody with the link may read the file. Raises already_public and not_allowed."""
    here, file = await _own_file(env, call, file_id)

    async def write(tx: Tx) -> bool:
        return await rows.insert_public(tx, file.id, file.account, env.clock.now_us())

    if not await env.store.transact(write):
        raise conflict("already_public", "The file has a public link already.")
    return await _with_link(env, here, file, shared=True)


async def revoke_public(env: Env, call: Call, file_id: str) -> Json:
    """The link is good no more."""
    here, file = await _own_file(env, call, file_id)

    async def write(tx: Tx) -> None:
        await rows.delete_public(tx, file.id)

    await env.store.transact(write)
    return await _with_link(env, here, file, shared=False)


async def _own_file(env: Env, call: Call, file_id: str) -> tuple[Here, File]:
    here, file = await get_file(env, call, file_id)
    if file.user_id != here.me.id:
        raise denied("not_allowed", "Only who uploaded a file makes it public.")
    return here, file


async def _with_link(env: Env, here: Here, file: File, *, shared: bool) -> Json:
    shown = await to_json(env, here, file)
    link: Json = {"permalink_public": public_url(env, here, file.id)} if shared else {}
    return shown | {"public_url_shared": shared} | link


async def show_file(env: Env, here: Here, file: File) -> Json:
    """The file as `files.info` answers it, with its public link if it has one."""
    shared = await rows.find_public(env.store.reader, file.id) is not None
    return await _with_link(env, here, file, shared=shared)


async def open_public(env: Env, file_id: str, secret: str) -> tuple[File, AsyncIterator[bytes]]:
    """The bytes behind a public link. Raises file_not_found."""
    account = await rows.find_public(env.store.reader, file_id)
    if account is None or not hmac.compare_digest(_secret(env, file_id), secret):
        raise FileNotFound("There is no public file with this address.")
    file = await file_rows.find_file(env.store.reader, account, file_id)
    if file is None:
        raise FileNotFound("The file was deleted.")
    workspace = await get_workspace(env, account)
    return file, await open_bytes(env, workspace, AccountId(account), file)
