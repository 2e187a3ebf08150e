"""HTTP/1.1 on the wire: one connection, parsed by httptools, with limits on what a client may do.

uvicorn makes one `LimitedProtocol` for each connection (`http=` in app/run.py) and drains them at
the end. Requests that come while another is answered (pipelining) wait their turn. A client that
breaks a rule (app/head.py) gets a short answer, never a gateway's, and its connection ends; where
an answer is already on its way, it is not broken into. `VOLANO_HTTP=stock` uses uvicorn's own
class instead, which has none of these limits.

An application may offer a `lane` (wire/lane.py): it is asked first, where nothing else is being
answered on the connection and the client takes what is written.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from math import inf
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl

from volano.app.exchange import JOIN_BYTES, STATUS_LINES, Exchange
from volano.app.flow import WriteFlow
from volano.app.head import Head, Limits, Refused, check_head, path_and_query, whole_request
from volano.app.lane import LaneExchange, lane_length
from volano.wire.lane import Answer, Asked

if TYPE_CHECKING:
    import uvicorn
    from uvicorn.server import ServerState

    from volano.wire.lane import Again, Lane, Upload

    AnyExchange = Exchange | LaneExchange

_IDLE, _HEAD, _BODY, _ANSWER, _CLOSING = range(5)
"""What a connection waits for: a request, its head, its body, our answer, its end."""
MARK_BYTES = 3
_EXTENSIONS: dict[str, dict[str, Any]] = {"http.response.zerocopysend": {}}
_ASGI = {"version": "3.0", "spec_version": "2.3"}


class LimitedProtocol(WriteFlow):
    """One connection."""

    limits = Limits()

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(server_state)
        self.logger = logging.getLogger("uvicorn.error")
        self.loop = _loop or asyncio.get_running_loop()
        self.transport: asyncio.Transport = None  # type: ignore[assignment]  # until it is made
        self._config = config
        self._app_state = app_state
        self._parser = httptools.HttpRequestParser(self)
        self._scope: dict[str, Any] = {}
        """What the scopes of all requests of this connection have in common."""
        self._phase, self._deadline = _IDLE, inf
        self._ticker: asyncio.TimerHandle | None = None
        self._in_head = False
        self._unclaimed_bytes = 0
        """Fed to the parser since it last finished a head or gave a piece of a body."""
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._latest: AnyExchange | None = None
        """Being read; it may wait behind `_current`, which is being answered."""
        self._current: AnyExchange | None = None
        self._queue: deque[Exchange] = deque()
        self._lane: Lane | None = getattr(config.loaded_app, "lane", None)
        self._declined = False
        """The lane was asked for the request that comes, and leaves it to the application."""
        self._had_answer = False
        self._again: dict[bytes, Again] = {}
        """By the first `MARK_BYTES` of a request, which tell its method."""
        self._client_ip, self._secure = "", False
        self._deaf = False
        """What still comes is thrown away: the connection ends after the answers."""
        self._read_paused = False

    # The transport's side.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as asyncio's streams
        self.transport = transport
        self._state.connections.add(self)  # type: ignore[arg-type]  # uvicorn calls shutdown() only
        secure = self._secure = is_ssl(transport)
        client = get_remote_addr(transport)
        self._client_ip = client[0] if client else ""
        self._scope = {
            "type": "http",
            "asgi": _ASGI,
            "http_version": "1.1",
            "server": get_local_addr(transport),
            "client": client,
            "scheme": "https" if secure else "http",
            "root_path": "",
            "extensions": {} if secure else _EXTENSIONS,
        }
        self._watch(_IDLE, self.limits.head_s)
        self._ticker = self.loop.call_later(self.limits.tick_s, self._tick)

    def connection_lost(self, exc: Exception | None) -> None:
        self._state.connections.discard(self)
        if self._ticker is not None:
            self._ticker.cancel()
        for exchange in (self._current, self._latest):
            if exchange is not None:
                exchange.leave(lost=True)
        self._queue.clear()
        self._deaf = True
        self.wake()

    def eof_received(self) -> bool:
        """Half-close: whole requests are still answered, where the transport can do that."""
        latest, current = self._latest, self._current
        if current is None or latest is None or self._secure:
            return False
        self._deaf = True
        for exchange in (current, *self._queue, latest):
            exchange.leave(lost=False)
        latest.keep_alive = False
        return latest.body_ended or latest is not current

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        if self._phase is _IDLE:
            if self._lane is not None and self._answer_whole(self._lane, data):
                return
            self._watch(_HEAD, self.limits.head_s)
        elif self._phase is _BODY:
            bought = self._deadline + len(data) / self.limits.body_bytes_s
            self._deadline = min(bought, self.loop.time() + self.limits.body_idle_s)
        self._unclaimed_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._refuse(400, "Bad Request")
        if self._unclaimed_bytes > self.limits.header_bytes:
            self._refuse_long_head()
        elif self._in_head and self._phase is _IDLE:  # behind a request that a lane answered
            self._watch(_HEAD, self.limits.head_s)

    # The parser's side.

    def on_message_begin(self) -> None:
        self._in_head = True
        self._url = b""
        self._headers = []

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # else it is a trailer, which nothing here reads
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._unclaimed_bytes = 0
        parser = self._parser
        if self._deaf or parser.should_upgrade():
            return
        version = parser.get_http_version()
        try:
            expects = check_head(self._url, self._headers, version, self.limits)
            raw_path, query = path_and_query(self._url)
        except Refused as refused:
            self._refuse(refused.status, refused.phrase)
            return
        keep_alive = version == "1.1" and parser.should_keep_alive()
        if (
            self._lane is not None
            and not self._declined
            and self._current is None
            and not self.write_paused
            and version == "1.1"
            and self._ask_lane(self._lane, raw_path, query, keep_alive=keep_alive, expects=expects)
        ):
            return
        self._declined = False
        method = parser.get_method()
        scope = self._scope_of(Head(method, raw_path, query, {}), self._headers, version)
        self._accept(Exchange(self, scope, keep_alive=keep_alive, expects_continue=expects))

    def _scope_of(
        self, head: Head, headers: list[tuple[bytes, bytes]], version: str
    ) -> dict[str, Any]:
        scope = self._scope.copy()
        path = head.path.decode("ascii")
        scope["method"] = head.method.decode("ascii")
        scope["path"] = unquote(path) if "%" in path else path
        scope["raw_path"] = head.path
        scope["query_string"] = head.query
        scope["headers"] = headers
        scope["http_version"] = version
        return scope

    def on_body(self, body: bytes) -> None:
        self._unclaimed_bytes = 0
        latest = self._latest
        if not self._deaf and latest is not None and latest.feed(body):
            self._pause_reading()

    def on_message_complete(self) -> None:
        self._unclaimed_bytes = 0
        latest = self._latest
        if self._deaf or latest is None or self._parser.should_upgrade():
            return
        latest.end_body()
        self._deaf = not latest.keep_alive
        if self._phase is _BODY:
            self._watch(_ANSWER, inf)

    # The lane.

    def _answer_whole(self, lane: Lane, data: bytes) -> bool:
        """Whether `data` was one request, read without the parser, that a lane answers."""
        if self._in_head or self._unclaimed_bytes or self.write_paused:
            return False
        again = self._again.get(data[:MARK_BYTES])
        found: Answer | Upload | None = None if again is None else again.answer(data)
        if found is None:
            whole = whole_request(data, self.limits)
            if whole is None:
                return False
            # A connection whose second request the lane answers may well send more of its kind.
            wanted = self._had_answer and (again is None or not again.fits(data))
            found = lane(Asked(*whole[0], self._client_ip, self._secure, data if wanted else b""))
        if isinstance(found, Answer):
            self._latest = None
            self.write_answer(found, keep_alive=True)
            self._after_answer(keep_alive=True)
            return True
        self._declined = found is None or not self._take_whole(found, data)
        return not self._declined

    def _take_whole(self, upload: Upload, data: bytes) -> bool:
        """Let an upload have the body of a request that came whole, unless that is too long."""
        body = data[data.index(b"\r\n\r\n") + 4 :]
        if len(body) > upload.limit_bytes:
            return False
        exchange = LaneExchange(self, lambda: self._scope_of_whole(data), upload, keep_alive=True)
        self._latest = self._current = exchange
        self._watch(_ANSWER, inf)
        exchange.feed(body)
        exchange.end_body()
        return True

    def _scope_of_whole(self, data: bytes) -> dict[str, Any]:
        whole = whole_request(data, self.limits)
        assert whole is not None, "it was read before"
        return self._scope_of(whole[0], list(whole[0].headers.items()), "1.1")

    def _ask_lane(
        self, lane: Lane, raw_path: bytes, query: bytes, *, keep_alive: bool, expects: bool
    ) -> bool:
        """Whether a lane has answered, or takes the body that comes."""
        pairs, headers = self._headers, dict(self._headers)
        method = self._parser.get_method()
        length = lane_length(method, headers)
        if len(headers) != len(pairs) or length is None:
            return False
        head = Head(method, raw_path, query, headers)
        found = lane(Asked(*head, self._client_ip, self._secure))
        if found is None:
            return False
        if isinstance(found, Answer):
            assert length == 0, "an answer at once to a request with a body"
            self._latest = None
            self.write_answer(found, keep_alive=keep_alive)
            self._after_answer(keep_alive=keep_alive)
        elif length > found.limit_bytes:
            return False
        else:
            exchange = LaneExchange(
                self, lambda: self._scope_of(head, pairs, "1.1"), found, keep_alive=keep_alive
            )
            self._latest = self._current = exchange
            self._watch(_BODY, self.limits.body_idle_s)
            if expects:
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def write_answer(self, answer: Answer, *, keep_alive: bool) -> None:
        """Write a lane's answer, and keep what it says of the next requests."""
        self._had_answer = True
        if answer.again is not None:
            self._again[answer.again.method[:MARK_BYTES]] = answer.again
        end = b"\r\n" if keep_alive else b"Connection: close\r\n\r\n"
        head = (STATUS_LINES[answer.status], *self.default_lines(), answer.lines, end)
        if len(answer.body) > JOIN_BYTES:
            self.transport.writelines((b"".join(head), answer.body))
        else:
            self.transport.write(b"".join((*head, answer.body)))

    def _after_answer(self, *, keep_alive: bool) -> None:
        self._state.total_requests += 1
        if keep_alive:
            self._watch(_IDLE, self._config.timeout_keep_alive)
        else:
            self._end(read_all=True)

    def put_in_place(self, given_up: LaneExchange, exchange: Exchange) -> None:
        """Let `exchange` answer what a lane gave up."""
        if self._latest is given_up:
            self._latest = exchange
        self._start(exchange)

    # One exchange after the other.

    def _accept(self, exchange: Exchange) -> None:
        if self._current is None:
            self._latest = exchange
            self._start(exchange)
        elif len(self._queue) < self.limits.pipelined:
            self._latest = exchange
            self._queue.append(exchange)
            self._pause_reading()
        else:
            self._queue[-1].keep_alive = False
            self._deaf = True

    def _start(self, exchange: Exchange) -> None:
        self._current = exchange
        if exchange.body_ended:
            self._watch(_ANSWER, inf)
        else:
            self._watch(_BODY, self.limits.body_idle_s)
        exchange.task = self.loop.create_task(exchange.run(self._config.loaded_app))
        self._state.tasks.add(exchange.task)

    def exchange_ended(self, exchange: AnyExchange) -> None:
        """The application is done with `exchange`, and it was answered or given up."""
        self._state.total_requests += 1
        if exchange.task is not None:
            self._state.tasks.discard(exchange.task)
        if exchange is not self._current:
            return  # it was refused meanwhile
        self._current = None
        if self.transport.is_closing():
            return
        if not exchange.keep_alive:
            self._end(read_all=exchange.body_ended)
        elif self._queue:
            self._start(self._queue.popleft())
        else:
            self._watch(_HEAD if self._in_head else _IDLE, self._config.timeout_keep_alive)
            self._resume_reading()

    def want_body(self, exchange: Exchange) -> None:
        """`exchange` has room for more of its body."""
        if exchange is self._latest:
            self._resume_reading()

    def _upgrade(self, rest: bytes) -> None:
        method = self._parser.get_method()
        upgrade = [value.lower() for name, value in self._headers if name == b"upgrade"]
        if self._deaf:
            return
        if self._current is not None:
            self._refuse(400, "Bad Request")
        elif method == b"CONNECT":
            self._refuse(405, "Method Not Allowed")
        elif upgrade == [b"websocket"] and method == b"GET" and self._config.ws_protocol_class:
            self._become_websocket(rest)
        else:
            self._ignore_upgrade(method, rest)

    def _ignore_upgrade(self, method: bytes, rest: bytes) -> None:
        """A server may ignore `Upgrade` (RFC 9110, 7.8); llhttp skipped the body, so feed again.

        Java's own client offers HTTP/2 so with every first request.
        """
        kept = [(n, v) for n, v in self._headers if n not in (b"upgrade", b"connection")]
        head = b"%b %b HTTP/1.1\r\n" % (method, self._url)
        head += b"".join(b"%b: %b\r\n" % pair for pair in kept)
        self._parser = httptools.HttpRequestParser(self)
        self.data_received(head + b"\r\n" + rest)

    def _become_websocket(self, rest: bytes) -> None:
        if self._ticker is not None:
            self._ticker.cancel()
        self._state.connections.discard(self)
        head = b"GET %b HTTP/1.1\r\n" % self._url
        head += b"".join(b"%b: %b\r\n" % pair for pair in self._headers)
        made: Any = self._config.ws_protocol_class
        protocol = made(config=self._config, server_state=self._state, app_state=self._app_state)
        protocol.connection_made(self.transport)
        protocol.data_received(head + b"\r\n" + rest)
        self.transport.set_protocol(protocol)

    # Time, refusals and the end.

    def _watch(self, phase: int, seconds: float) -> None:
        self._phase = phase
        self._deadline = self.loop.time() + seconds

    def _tick(self) -> None:
        self._ticker = self.loop.call_later(self.limits.tick_s, self._tick)
        now = self.loop.time()
        if now > self.write_deadline or (now > self._deadline and self._phase is _CLOSING):
            self.abort()
        elif now <= self._deadline or self._read_paused:
            return  # when reading is paused, it is not the client that is slow
        elif self._phase is _IDLE:
            self.close()
        else:
            self._refuse(408, "Request Timeout")

    def _refuse_long_head(self) -> None:
        if len(self._url) > self.limits.header_bytes // 2:
            self._refuse(414, "URI Too Long")
        else:
            self._refuse(431, "Request Header Fields Too Large")

    def _refuse(self, status: int, phrase: str) -> None:
        """End the connection; say why, where that does not break into another answer."""
        if self._deaf or self.transport.is_closing():
            return
        self._deaf = True
        current, latest = self._current, self._latest
        if current is not None and latest is current and not current.body_ended:
            if current.started:
                self.abort()
                return
            current.leave(lost=True)  # its body broke off, so its application must end
            self._current = current = None
        if current is None:
            self._say(status, phrase)
            self._end(read_all=False)
            return
        if self._queue and not self._queue[-1].body_ended:
            self._queue.pop()
        (self._queue[-1] if self._queue else current).keep_alive = False

    def _say(self, status: int, phrase: str) -> None:
        body = f"{status} {phrase}\n".encode()
        head = (
            f"HTTP/1.1 {status} {phrase}\r\nContent-Type: text/plain\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)

    def _end(self, *, read_all: bool) -> None:
        """Close once what was written is sent; linger where the client may still be sending.

        Closing a socket with unread bytes resets the connection, and the client may never see the
        answer; so end the sending side, and throw away what comes for a while.
        """
        self._deaf = True
        if read_all or not self.transport.can_write_eof():
            self.close()
            return
        self._watch(_CLOSING, self.limits.linger_s)
        self._resume_reading()
        self.transport.write_eof()

    def close(self) -> None:
        """Close after what is written is sent; a client that does not take it is cut off."""
        self._watch(_CLOSING, self.limits.stall_s)
        self.transport.close()

    def abort(self) -> None:
        self.transport.abort()

    def shutdown(self) -> None:
        """uvicorn is about to stop: no more requests after those that are being answered."""
        if self._current is None:
            self.transport.close()
        elif self._latest is not None:
            self._latest.keep_alive = False
            self._deaf = self._latest.body_ended

    # Flow.

    def _pause_reading(self) -> None:
        if not self._read_paused and not self.transport.is_closing():
            self._read_paused = True
            self.transport.pause_reading()

    def _resume_reading(self) -> None:
        if self._read_paused and not self.transport.is_closing():
            self._read_paused = False
            self.transport.resume_reading()
            if self._phase is _BODY:
                self._deadline = self.loop.time() + self.limits.body_idle_s
