"""A caller of SNS and SQS behind the gateway, and a webhook that listens on this machine."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.services.objects.conftest import call_as_root

from volano.backends.egress.http import HttpEgress
from volano.kernel.clock import ManualClock
from volano.kernel.egress import parse_networks
from volano.wire.action import find_action, run_action

if TYPE_CHECKING:
    from collections.abc import Iterator

    from volano.kernel.call import Call, Env

ACCOUNT = "111111111111"


class Aws:
    """Runs actions as they run behind the gateway, for one caller."""

    def __init__(self, env: Env, call: Call) -> None:
        self.env = env
        self.call = call

    async def __call__(self, name: str, /, **request: Any) -> dict[str, Any]:
        found = find_action(name)
        assert found is not None, name
        return await run_action(self.env, self.call, found, request) or {}

    async def make_queue(self, name: str, topic: str, **attributes: str) -> tuple[str, str]:
        """URL and ARN of a queue that lets the topic send."""
        arn = f"arn:aws:sqs:{self.env.region.name}:{self.call.account}:{name}"
        policy = {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
            },
        }
        made = await self(
            "sqs:CreateQueue",
            QueueName=name,
            Attributes=attributes | {"Policy": json.dumps(policy)},
        )
        return str(made["QueueUrl"]), arn

    async def bodies(self, url: str) -> list[str]:
        found = await self("sqs:ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10)
        return [message["Body"] for message in found.get("Messages", [])]


class _Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.server.seen.append((dict(self.headers.items()), body))
        statuses = self.server.statuses
        self.send_response(statuses.pop(0) if statuses else 200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        return


@pytest.fixture
def hook() -> Iterator[Any]:
    """A webhook: `url`, what it has `seen`, and the `statuses` it answers next."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Hook) as server:
        server.seen, server.statuses = [], []
        server.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def aws(env: Env, clock: ManualClock) -> Aws:
    """One account, a clock of its own, and an egress that may call this machine."""
    egress = HttpEgress(parse_networks(["127.0.0.0/8"]))
    return Aws(replace(env, clock=clock, egress=egress), call_as_root(env, ACCOUNT))
