"""Callers for the tests of the object store: two accounts' root principals and a caller of S3."""

from __future__ import annotations

from typing import Any

import pytest

from volano.kernel.call import Call, Env
from volano.kernel.identity import Principal, PrincipalKind
from volano.kernel.ids import AccountId, PrincipalId
from volano.wire.action import find_action, run_action


def call_as_root(env: Env, account: str) -> Call:
    """A call of an account's root principal, who may do everything in the account."""
    who = Principal(
        kind=PrincipalKind.ROOT,
        account=AccountId(account),
        id=PrincipalId(account),
        name="root",
        arn=f"arn:aws:iam::{account}:root",
    )
    return Call(
        principal=who,
        account=who.account,
        region=env.region.name,
        request_id=env.ids.request_id(),
        deadline_s=env.clock.monotonic_s() + 60,
        door="aws",
    )


class S3:
    """Runs S3 actions as they run behind the gateway, for one caller."""

    def __init__(self, env: Env, call: Call) -> None:
        self.env = env
        self.call = call

    async def __call__(self, operation: str, /, **request: Any) -> dict[str, Any]:
        found = find_action(f"s3:{operation}")
        assert found is not None, operation
        return await run_action(self.env, self.call, found, request)

    async def body(self, bucket: str, key: str, **request: Any) -> bytes:
        """The bytes that GetObject answers, whatever form they come in."""
        result = await self("GetObject", Bucket=bucket, Key=key, **request)
        content = result["Body"]
        if isinstance(content, bytes):
            return content
        if hasattr(content, "path"):
            with open(content.path, "rb") as file:
                file.seek(content.offset)
                return file.read(content.length)
        return b"".join([chunk async for chunk in content])

    async def keys(self, bucket: str, **request: Any) -> list[str]:
        result = await self("ListObjectsV2", Bucket=bucket, **request)
        return [item["Key"] for item in result["Contents"]]


@pytest.fixture
def owner(env: Env) -> Call:
    return call_as_root(env, "111111111111")


@pytest.fixture
def stranger(env: Env) -> Call:
    return call_as_root(env, "222222222222")


@pytest.fixture
async def s3(env: Env, owner: Call) -> S3:
    """The owner's S3, with a bucket called `shop`."""
    client = S3(env, owner)
    await client("CreateBucket", Bucket="shop")
    return client


@pytest.fixture
def other_s3(env: Env, stranger: Call) -> S3:
    return S3(env, stranger)


@pytest.fixture
def s3_for():
    """Makes an S3 for an account's root principal in any Env."""
    return lambda env, account: S3(env, call_as_root(env, account))
