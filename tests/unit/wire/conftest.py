"""A small server with the console port's doors, and doubles of the ports that doors use.

Each test module registers actions of its own in an empty registry; the fixture `registry` puts
the old one back.
"""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest
import uvicorn

from volano.app.sockets import SocketProtocol
from volano.kernel.call import Call, Env
from volano.kernel.clock import SystemClock
from volano.kernel.config import Config
from volano.kernel.errors import Denied
from volano.kernel.identity import Principal, PrincipalKind
from volano.kernel.ids import AccountId, Ids, PrincipalId
from volano.kernel.log import StreamLog
from volano.kernel.metrics import Metrics
from volano.kernel.place import region_with_zones
from volano.wire import action as registry_module
from volano.wire.action import find_socket
from volano.wire.http import Response, WebSocket, request_of, send_response
from volano.wire.openai import gateway as openai_gateway
from volano.wire.rest import gateway as rest_gateway
from volano.wire.slack import gateway as slack_gateway
from volano.wire.slack import raw as slack_raw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

ACCOUNT = AccountId("111122223333")


def principal(name: str, *, scopes: frozenset[str] | None = None) -> Principal:
    return Principal(
        kind=PrincipalKind.USER,
        account=ACCOUNT,
        id=PrincipalId(f"AIDA{name.upper()}"),
        name=name,
        arn=f"arn:aws:iam::{ACCOUNT}:user/{name}",
        scopes=scopes,
    )


class Doorkeeper:
    """Port `authority` with fixed tokens; everything is allowed but what `denied` names."""

    def __init__(self) -> None:
        self.tokens = {
            "sk-good": principal("ann"),
            "xoxb-good": principal("bot", scopes=frozenset({"chat:write"})),
            "xoxp-all": principal("cat"),
        }
        self.sessions = {"cookie-good": ("csrf-good", principal("dan"))}
        self.denied: set[str] = set()
        self.asked: list[tuple[str, str, str]] = []

    async def find_access_key(self, access_key_id: str, session_token: str | None) -> None:
        return None

    async def find_token(self, token: str) -> Principal | None:
        return self.tokens.get(token)

    async def find_session(self, cookie: str, csrf: str | None, *, safe: bool) -> Principal | None:
        expected, who = self.sessions.get(cookie, (None, None))
        return who if safe or csrf == expected else None

    async def authorize(
        self, call: Call, permission: str, resource: str, context: Mapping[str, str]
    ) -> None:
        self.asked.append((call.principal.name, permission, resource))
        if permission in self.denied:
            raise Denied(f"{call.principal.name} may not do {permission}.")


class Notebook:
    """Port `journal` that keeps what it was given."""

    def __init__(self) -> None:
        self.audited: list[Any] = []

    def audit(self, record: Any) -> None:
        self.audited.append(record)

    def usage(self, record: Any) -> None:
        raise AssertionError("no door writes usage")

    async def flush(self) -> None:
        return None


class Signals:
    """The signal half of port `events`, in process."""

    def __init__(self) -> None:
        self.sinks: dict[str, list[Callable[[bytes], None]]] = defaultdict(list)
        self.losers: dict[Callable[[bytes], None], Callable[[], None]] = {}

    def signal(self, topic: str, payload: bytes) -> None:
        for sink in list(self.sinks[topic]):
            sink(payload)

    def lose(self) -> None:
        for lost in list(self.losers.values()):
            lost()

    def attach(
        self, topic: str, sink: Callable[[bytes], None], lost: Callable[[], None] | None = None
    ) -> None:
        self.sinks[topic].append(sink)
        if lost is not None:
            self.losers[sink] = lost

    def detach(self, topic: str, sink: Callable[[bytes], None]) -> None:
        self.sinks[topic].remove(sink)
        self.losers.pop(sink, None)


class LogLines:
    """A text stream that keeps the log's lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, text: str) -> None:
        self.lines.append(text)

    def flush(self) -> None:
        return None


def make_env(data_dir: Path, **ports: Any) -> Env:
    clock = ports.pop("clock", SystemClock())
    unused = cast("Any", None)
    values: dict[str, Any] = {
        "config": Config(data_dir=data_dir),
        "region": region_with_zones("eu-home-1", 3),
        "clock": clock,
        "ids": Ids(),
        "log": StreamLog(clock, stream=cast("Any", LogLines())),
        "metrics": Metrics(),
        "events": Signals(),
        "authority": Doorkeeper(),
        "journal": Notebook(),
    }
    for name in (
        "store",
        "work",
        "bytes",
        "runtime",
        "inference",
        "secrets",
        "egress",
        "tools",
        "vectors",
    ):
        values[name] = unused
    return Env(**(values | ports))


@dataclass
class Server:
    """A running server; `url` has no slash at its end."""

    env: Env
    url: str = ""
    requests: list[str] = field(default_factory=list)
    loop: asyncio.AbstractEventLoop | None = None

    @property
    def authority(self) -> Doorkeeper:
        return cast("Doorkeeper", self.env.authority)

    @property
    def journal(self) -> Notebook:
        return cast("Notebook", self.env.journal)

    @property
    def log_text(self) -> str:
        return "".join(cast("Any", self.env.log)._stream.lines)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.loop = asyncio.get_running_loop()
        if scope["type"] == "websocket":
            socket = WebSocket(scope, receive, send)
            found = find_socket(scope["path"])
            await (found(self.env, socket) if found else socket.refuse(404))
        elif scope["type"] == "http":
            request = request_of(scope, receive)
            self.requests.append(f"{request.method} {request.raw_path}")
            response = await self._answer(request)
            await send_response(response, receive, send, head=request.method == "HEAD")

    async def _answer(self, request: Any) -> Response:
        for prefix, door in (
            ("/v1/", openai_gateway),
            ("/api/", slack_gateway),
            ("/slack/", slack_raw),
            ("/volano/v1/", rest_gateway),
        ):
            if request.raw_path.startswith(prefix):
                response: Response = await door.handle(self.env, request)
                return response
        return Response(status=404)


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    """Run `server` on a free port in a thread."""
    config = uvicorn.Config(
        cast("Any", server),
        port=0,
        ws=SocketProtocol,
        log_level="error",
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    runner = uvicorn.Server(config)
    thread = threading.Thread(target=runner.run, daemon=True)
    listening = threading.Event()
    startup = runner.startup

    async def start(sockets: Any = None) -> None:
        await startup(sockets=sockets)
        port = runner.servers[0].sockets[0].getsockname()[1]
        server.url = f"http://127.0.0.1:{port}"
        server.loop = asyncio.get_running_loop()
        listening.set()

    runner.startup = start  # type: ignore[method-assign] # the port is known only after it listens
    thread.start()
    assert listening.wait(30)
    try:
        yield server
    finally:
        runner.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def registry() -> Iterator[None]:
    """An empty registry for the module's own actions; what was there comes back."""
    before = dict(registry_module._ACTIONS)
    registry_module._ACTIONS.clear()
    yield
    registry_module._ACTIONS.clear()
    registry_module._ACTIONS.update(before)
    registry_module._REGISTERED.append("restored")


@pytest.fixture(scope="module")
def server(registry: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(Server(make_env(tmp_path_factory.mktemp("data")))) as running:
        yield running


@pytest.fixture
def env(tmp_path: Path) -> Env:
    return make_env(tmp_path)
