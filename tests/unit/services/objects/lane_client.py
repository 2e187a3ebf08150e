"""Sends requests to the lane and to the gateway of one Env, as bytes of HTTP would come."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any, NamedTuple

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from volano.app.head import Limits, whole_request
from volano.app.lane import open_aws_lane
from volano.wire.aws import gateway
from volano.wire.http import Request, body_of, send_response
from volano.wire.lane import Answer, Asked
from volano.wire.spelling import SPELLED

HOST = "localhost:9000"


class Got(NamedTuple):
    """An answer without what differs each time: ids and dates."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return dict(self.headers).get(name)


class LaneClient:
    """One signer of requests; `admin` has an access key."""

    def __init__(self, env: Any, admin: Any) -> None:
        self.env = env
        self.lane = open_aws_lane(env)
        self.keys = Credentials(admin.access_key_id, admin.secret_access_key)
        self.again: Any = None
        self.repeated = 0
        """Answers that came from `again`."""

    def signed(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[Asked, bytes]:
        made = AWSRequest(method=method, url=f"http://{HOST}{path}", data=body)
        made.headers["host"] = HOST
        for name, value in (headers or {}).items():
            made.headers[name] = value
        if body or method == "PUT":
            made.headers["content-length"] = str(len(body))
        signer = _Signer(self.keys, "s3", self.env.region.name)
        declared = (headers or {}).get("x-amz-content-sha256")
        signer.declared = declared or hashlib.sha256(body).hexdigest()
        signer.add_auth(made)
        pairs = {k.lower().encode(): v.encode("latin-1") for k, v in made.headers.items()}
        raw, _, query = path.partition("?")
        return Asked(method.encode(), raw.encode(), query.encode(), pairs, "127.0.0.1", False), body

    async def by_lane(self, asked: Asked, body: bytes = b"") -> Got | None:
        """What the lane answers; None where it leaves the request to the gateway.

        It is asked as a connection asks it: first what its last answer left for such requests.
        """
        data = bytes_of(asked) + body
        if whole_request(data, Limits()) is None:
            data = b""
        found = self.again.answer(data) if self.again is not None and data else None
        self.repeated += found is not None
        if found is None:
            found = self.lane(asked._replace(data=data))
        if found is None:
            return None
        if not isinstance(found, Answer):
            if len(body) > found.limit_bytes:
                return None
            taken = found.put(body)
            if taken is None or not await taken:
                return None
            found = found.answer()
        self.again = found.again or self.again
        lines = found.lines.decode("latin-1").split("\r\n")[:-1]
        pairs = [tuple(line.split(": ", 1)) for line in lines]
        return _plain(found.status, pairs, found.body)

    async def by_gateway(self, asked: Asked, body: bytes = b"") -> Got:
        """What every other server answers."""
        pairs = [(k.decode(), v.decode("latin-1")) for k, v in asked.headers.items()]
        request = Request(
            method=asked.method.decode(),
            raw_path=asked.path.decode(),
            raw_query=asked.query.decode(),
            headers=dict(pairs),
            header_list=pairs,
            body=body_of(body),
            port=9000,
        )
        response = await gateway.handle(self.env, request)
        response.headers.append(("x-request-id", request.scope["volano.request_id"]))
        sent: list[dict[str, Any]] = []

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        async def receive() -> dict[str, Any]:
            await asyncio.Event().wait()
            raise AssertionError

        await send_response(response, receive, send, head=request.method == "HEAD")
        headers = [(SPELLED.get(name, name), value) for name, value in sent[0]["headers"]]
        pairs = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in headers]
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return _plain(sent[0]["status"], pairs, body)


def bytes_of(asked: Asked) -> bytes:
    """The head as it comes on the wire."""
    target = asked.path + (b"?" + asked.query if asked.query else b"")
    lines = b"".join(b"%b: %b\r\n" % pair for pair in asked.headers.items())
    return b"%b %b HTTP/1.1\r\n%b\r\n" % (asked.method, target, lines)


class _Signer(S3SigV4Auth):
    declared = ""

    def payload(self, _request: Any) -> str:
        return self.declared

    def _should_sha256_sign_payload(self, _request: Any) -> bool:
        return True


def _plain(status: int, pairs: Any, body: bytes) -> Got:
    ids = ("x-amz-request-id", "x-request-id")
    headers = [(k, "id" if k in ids else v) for k, v in pairs if k != "Last-Modified"]
    return Got(status, headers, body)
