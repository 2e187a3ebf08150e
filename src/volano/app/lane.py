"""Uploads of the fast lane on a connection, and the lanes of the two doors.

`LaneExchange` stands where an `Exchange` stands (app/protocol.py) while a lane gathers a small body
and commits it. When the lane gives the request up, an ordinary exchange takes its place with what
was gathered, so that order, keep-alive and limits are the connection's own in both cases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from volano.app.exchange import Exchange
from volano.app.head import MAX_LENGTH_DIGITS
from volano.kernel.store import OwnStore
from volano.services.objects.api.lane import open_object_lane
from volano.wire.lane import Answer

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from volano.app.protocol import LimitedProtocol
    from volano.kernel.call import Env
    from volano.wire.lane import Asked, Lane, Upload

FRAMING_BYTES = 16 * 1024
"""What `aws-chunked` frames and trailers may add to a body that a lane takes."""
HEALTHY = b'{"status":"ok"}'


def lane_length(method: bytes, headers: dict[bytes, bytes]) -> int | None:
    """How long a body says it is; None for one that no lane takes.

    SDKs send `aws-chunked` bodies in HTTP's own chunks too, and say their length in a header.
    """
    text = headers.get(b"content-length", b"0")
    if b"transfer-encoding" in headers:
        if method != b"PUT" or headers[b"transfer-encoding"] != b"chunked":
            return None
        text = headers.get(b"x-amz-decoded-content-length", b"")
    return int(text) if text.isdigit() and len(text) <= MAX_LENGTH_DIGITS else None


class LaneExchange:
    """A request with a body that a lane takes whole."""

    __slots__ = (
        "_chunks",
        "_connection",
        "_left_bytes",
        "_scope_of",
        "_upload",
        "body_ended",
        "complete",
        "gone",
        "keep_alive",
        "lost",
        "started",
        "task",
    )

    def __init__(
        self,
        connection: LimitedProtocol,
        scope_of: Callable[[], dict[str, Any]],
        upload: Upload,
        *,
        keep_alive: bool,
    ) -> None:
        """`scope_of` makes the request's ASGI scope, which only an ordinary exchange needs."""
        self.keep_alive = keep_alive
        self.started = False
        self.complete = False
        self.body_ended = False
        self.gone = False
        self.lost = False
        self.task: asyncio.Task[None] | None = None
        self._connection = connection
        self._upload = upload
        self._scope_of = scope_of
        self._left_bytes = upload.limit_bytes + FRAMING_BYTES
        self._chunks: list[bytes] = []

    def feed(self, data: bytes) -> bool:
        """Keep a piece of the body; one that is longer than it said is given up."""
        self._chunks.append(data)
        self._left_bytes -= len(data)
        if self._left_bytes < 0:
            self._give_up()
        return False

    def end_body(self) -> None:
        self.body_ended = True
        chunks = self._chunks
        body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        self._chunks = [body]
        done = self._upload.put(body)
        if done is None:
            self._give_up()
        else:
            done.add_done_callback(self._answer)

    def leave(self, *, lost: bool) -> None:
        """The client sends no more, or is gone altogether."""
        self.gone = True
        self.lost = self.lost or lost

    def _answer(self, done: asyncio.Future[bool]) -> None:
        connection = self._connection
        try:
            if done.cancelled() or not done.result():
                self._give_up()
                return
            answer = self._upload.answer()
        except Exception as error:
            connection.logger.error("a lane failed", exc_info=error)
            self._give_up()
            return
        self.started = self.complete = True
        if not self.lost:
            connection.write_answer(answer, keep_alive=self.keep_alive)
        connection.exchange_ended(self)

    def _give_up(self) -> None:
        """Let an ordinary exchange answer instead."""
        if self.lost:
            self._connection.exchange_ended(self)
            return
        ordinary = Exchange(
            self._connection, self._scope_of(), keep_alive=self.keep_alive, expects_continue=False
        )
        for chunk in self._chunks:
            if chunk:
                ordinary.feed(chunk)
        if self.gone:
            ordinary.leave(lost=False)
        if self.body_ended:
            ordinary.end_body()
        self._connection.put_in_place(self, ordinary)


def open_console_lane(env: Env) -> Lane:
    """The lane of the console's port."""
    return _health_lane(env)


def open_aws_lane(env: Env) -> Lane:
    """The lane of the AWS port: S3's objects where this process alone has the database.

    A lane knows the connection's address only, which behind a proxy is not the caller's.
    """
    health = _health_lane(env)
    if not isinstance(env.store, OwnStore) or not env.store.exclusive:
        return health
    if env.config.trusted_proxies:
        return health
    objects = open_object_lane(env, env.store)

    def answer(asked: Asked) -> Answer | Upload | None:
        if asked.path == b"/healthz":
            return health(asked)
        try:
            return objects(asked)
        except Exception as error:  # noqa: BLE001 - gateway: the ordinary way answers instead
            env.log.error("lane failed", error=repr(error))
            return None

    return answer


def _health_lane(env: Env) -> Lane:
    """Answers `/healthz` as app/server.py does."""

    def answer(asked: Asked) -> Answer | None:
        if asked.path != b"/healthz" or asked.method != b"GET" or asked.query:
            return None
        if b"content-length" in asked.headers:
            return None
        lines = (
            "Content-Type: application/json\r\n"
            f"x-request-id: {env.ids.request_id()}\r\nContent-Length: {len(HEALTHY)}\r\n"
        )
        return Answer(200, lines.encode(), HEALTHY)

    return answer
