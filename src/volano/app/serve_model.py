"""One folder of weights served alone with OpenAI's API, for `volano models serve`.

It is a process of the cloud on an empty folder that is removed at the end: one account, one
caller who may do all, one model, and no door but `/v1`. Nothing is kept between two runs.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import signal
import socket
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from volano.app.build import open_process
from volano.app.lane import open_console_lane
from volano.app.listeners import Listener
from volano.app.server import App
from volano.backends.inference.model_files import licence_of, size_of, task_of
from volano.kernel.call import system_principal
from volano.kernel.errors import Unavailable
from volano.kernel.ids import AccountId
from volano.services.models import interface as models
from volano.wire.http import Response
from volano.wire.openai import gateway as openai

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from volano.app.build import Process
    from volano.kernel.call import Call, Env
    from volano.kernel.config import Config
    from volano.kernel.identity import AccessKey, Principal
    from volano.wire.http import Request

ACCOUNT = AccountId("000000000000")
BACKLOG = 1024


class _OneCaller:
    """Whoever knows the key (anybody when there is none) may do all: there is one model here."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()
        self._caller = system_principal(ACCOUNT)

    async def find_access_key(
        self, access_key_id: str, session_token: str | None
    ) -> AccessKey | None:
        return None

    async def find_token(self, token: str) -> Principal | None:
        fits = not self._key or hmac.compare_digest(token.encode(), self._key)
        return self._caller if fits else None

    async def find_session(self, cookie: str, csrf: str | None, *, safe: bool) -> Principal | None:
        return None

    async def authorize(
        self, call: Call, permission: str, resource: str, context: Mapping[str, str]
    ) -> None:
        return


def serve_model(
    config: Config, folder: Path, *, name: str, key: str, on_ready: Callable[[str], None]
) -> None:
    """Serve until SIGINT or SIGTERM; `on_ready` is told the URL. Raises Unavailable for a port in
    use, and Invalid for a model that cannot be served."""
    import uvloop  # noqa: PLC0415 - commands that start no server do not pay for it

    task = task_of(folder)
    with tempfile.TemporaryDirectory(prefix="volano-serve-") as scratch, _listen(config) as door:
        data_dir = Path(scratch)
        extras = config.data_dir / "extras"
        if extras.is_dir():  # what was installed for the cloud serves here as well
            (data_dir / "extras").symlink_to(extras)
        own = replace(config, data_dir=data_dir, store="sqlite", root_key="file")
        model = models.FolderModel(
            name=name,
            folder=str(folder),
            task=task,
            licence=licence_of(folder) or "",
            size_bytes=size_of(folder),
        )
        uvloop.run(_serve(own, door, model, key=key, on_ready=on_ready))


async def _serve(
    config: Config,
    door: socket.socket,
    model: models.FolderModel,
    *,
    key: str,
    on_ready: Callable[[str], None],
) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_process(config) as opened:
        process = replace(opened, env=replace(opened.env, authority=_OneCaller(key)))
        await models.register_folder(process.env, ACCOUNT, model)
        # No reconcilers: there is nothing of a cloud here for them to look after.
        loops = [
            asyncio.create_task(process.feed.run(process.env, process.store)),
            asyncio.create_task(process.journal.run()),
        ]
        await process.env.inference.load(model.files)
        listener = Listener(door, _app(process))
        process.health.starting = False
        on_ready(f"http://{config.listen}:{door.getsockname()[1]}")
        await stop.wait()
        await listener.stop()
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)


def _app(process: Process) -> App:
    env: Env = process.env

    async def gateway(request: Request) -> Response:
        if request.raw_path == "/healthz":
            return Response(body=b'{"status":"ok"}')
        return await openai.handle(env, request)

    return App(env, process.health, gateway, open_console_lane(env))


def _listen(config: Config) -> socket.socket:
    family = socket.AF_INET6 if ":" in config.listen else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((config.listen, config.port))
    except OSError as error:
        door.close()
        raise Unavailable(
            f"Port {config.port} cannot be opened: {os.strerror(error.errno or 0)}. "
            "Name another one with --port."
        ) from error
    door.listen(BACKLOG)
    return door
