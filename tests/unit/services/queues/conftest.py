"""A caller of SQS behind the gateway, and a clock that tests move."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.services.objects.conftest import call_as_root

from volano.kernel.call import Call, Env
from volano.kernel.clock import ManualClock
from volano.wire.action import find_action, run_action

ACCOUNT = "111111111111"


class Sqs:
    """Runs SQS actions as they run behind the gateway, for one caller."""

    def __init__(self, env: Env, call: Call) -> None:
        self.env = env
        self.call = call

    async def __call__(self, operation: str, /, **request: Any) -> dict[str, Any]:
        found = find_action(f"sqs:{operation}")
        assert found is not None, operation
        return await run_action(self.env, self.call, found, request) or {}

    async def make(self, name: str, **attributes: str) -> str:
        made = await self("CreateQueue", QueueName=name, Attributes=attributes)
        return str(made["QueueUrl"])

    async def bodies(self, url: str, count: int = 10, **request: Any) -> list[str]:
        found = await self("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=count, **request)
        return [message["Body"] for message in found.get("Messages", [])]

    async def counts(self, url: str) -> tuple[int, int, int]:
        """Visible, in flight, delayed."""
        found = await self("GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])
        names = ("", "NotVisible", "Delayed")
        return tuple(int(found["Attributes"][f"ApproximateNumberOfMessages{n}"]) for n in names)  # type: ignore[return-value]  # three of them

    async def arn(self, url: str) -> str:
        found = await self("GetQueueAttributes", QueueUrl=url, AttributeNames=["QueueArn"])
        return str(found["Attributes"]["QueueArn"])


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def sqs(env: Env, clock: ManualClock) -> Sqs:
    """SQS for one account on a clock of its own."""
    return Sqs(replace(env, clock=clock), call_as_root(env, ACCOUNT))


@pytest.fixture
def live_sqs(env: Env) -> Sqs:
    """SQS on the machine's clock."""
    return Sqs(env, call_as_root(env, ACCOUNT))
