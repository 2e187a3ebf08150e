"""A small service with OpenAI's API, for tests of upstreams: a real server in a thread.

It answers by what it is told in the model's name: `echo` repeats the last message, `fail-N` answers
500 the first N times, `busy` is 429, `bad` is 400, `slow` waits until it is let go, `cut` breaks
off in mid-answer, `whole` cannot stream. Each word is a token.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Upstream:
    """What was asked: (path, headers, body) of each request. `go` lets `slow` answer."""

    port: int
    asked: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)
    failed: dict[str, int] = field(default_factory=dict)
    go: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def bodies(self, model: str) -> list[dict[str, Any]]:
        """What was asked of one model."""
        return [body for _, _, body in self.asked if body.get("model") == model]


@contextmanager
def upstream(key: str = "") -> Iterator[Upstream]:
    """A running one; with a key it refuses requests without it."""
    told: Upstream

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            names = ["echo", "whole"]
            self._json(200, {"object": "list", "data": [{"id": name} for name in names]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            told.asked.append((self.path, dict(self.headers), body))
            if key and self.headers.get("authorization") != f"Bearer {key}":
                self._error(401, "invalid_api_key", "Incorrect API key provided.")
            elif self.path == "/v1/embeddings":
                self._embed(body)
            else:
                self._answer(body["model"], body)

        def _answer(self, model: str, body: dict[str, Any]) -> None:
            if model.startswith("fail-"):
                before = told.failed.get(model, 0)
                told.failed[model] = before + 1
                if before < int(model.split("-")[1]):
                    self._error(500, None, "It broke.")
                    return
            if model == "busy":
                self._error(429, "rate_limit_exceeded", "Too fast.")
            elif model == "bad":
                self._error(400, "invalid_value", "No such thing.", param="tools")
            else:
                if model == "slow":
                    told.go.wait(60)
                self._say(model, body)

        def _say(self, model: str, body: dict[str, Any]) -> None:
            last = body["messages"][-1]["content"] if "messages" in body else str(body["prompt"])
            words = last.split()
            usage = {"prompt_tokens": len(words) + 3, "completion_tokens": len(words)}
            if model == "whole":
                message = {"role": "assistant", "content": last}
                choice = {"index": 0, "message": message, "finish_reason": "stop"}
                self._json(200, {"choices": [choice], "usage": usage})
                return
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for at, word in enumerate(words):
                text = word if at == 0 else f" {word}"
                said = {"delta": {"content": text}} if "messages" in body else {"text": text}
                self._event({"choices": [{"index": 0, "finish_reason": None, **said}]})
                if model == "cut" and at == 1:
                    self.close_connection = True
                    return
            ended = {"delta": {}} if "messages" in body else {"text": ""}
            self._event({"choices": [{"index": 0, "finish_reason": "stop", **ended}]})
            self._event({"choices": [], "usage": usage})
            self._chunk(b"data: [DONE]\n\n")
            self._chunk(b"")

        def _embed(self, body: dict[str, Any]) -> None:
            rows = [
                {"index": at, "embedding": [0.0, 1.0, float(len(text))]}
                for at, text in enumerate(body["input"])
            ]
            words = sum(len(text.split()) for text in body["input"])
            self._json(200, {"data": rows, "usage": {"prompt_tokens": words}})

        def _event(self, event: dict[str, Any]) -> None:
            self._chunk(b"data: " + json.dumps(event).encode() + b"\n\n")

        def _chunk(self, data: bytes) -> None:
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()

        def _error(
            self, status: int, code: str | None, message: str, *, param: str | None = None
        ) -> None:
            error = {"message": message, "type": "error", "code": code, "param": param}
            self._json(status, {"error": error})

        def _json(self, status: int, answer: dict[str, Any]) -> None:
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    told = Upstream(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield told
    finally:
        told.go.set()
        server.shutdown()
        thread.join()
        server.server_close()
