"""CPU of one authorization decision and of the credential look-ups, in microseconds.

Run `python bench/identity_authorize.py`. The target is 50 us for a chain of 22 statements with a
boundary and a resource policy (research/data_billing_security.md 3.1).
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from volano.app.build import open_process
from volano.kernel.call import system_call
from volano.kernel.config import Config
from volano.services.identity import interface as identity
from volano.services.identity.logic import attachments, policies, users

ROUNDS = 20_000


def document(*statements: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def twenty_statements() -> list[dict]:
    """Nineteen that say something about other buckets, and one that allows."""
    made = []
    for number in range(19):
        statement = {
            "Effect": "Allow" if number % 5 else "Deny",
            "Action": [f"service{number}:*", "s3:Put*" if number % 2 else "s3:Get*"],
            "Resource": [f"arn:aws:s3:::bucket{number}/*", f"arn:aws:s3:::other{number}"],
        }
        if number % 3 == 0:
            statement["Condition"] = {
                "StringLike": {"s3:prefix": ["${aws:username}/*", "x*"]},
                "IpAddress": {"aws:SourceIp": "10.0.0.0/8"},
            }
        made.append(statement)
    made.append(
        {
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::mine/${aws:username}/*",
            "Condition": {"Bool": {"aws:SecureTransport": "true"}},
        }
    )
    return made


async def measure(name: str, ask) -> None:
    await ask()
    began = time.process_time()
    for _ in range(ROUNDS):
        await ask()
    print(f"{name:44} {(time.process_time() - began) / ROUNDS * 1e6:6.1f} us")


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = Config(data_dir=Path(folder), runtime="process", log_level="warning")
        async with open_process(config) as process:
            await run(process.env)


async def run(env) -> None:
    first = await identity.bootstrap(env)
    admin = await env.authority.find_token(first.api_key)
    call = replace(
        system_call(env, first.account), principal=admin, context={"aws:SecureTransport": "true"}
    )
    user = await users.create_user(env, call, users.make_user(env, first.account, "ada"))
    target = attachments.Target("user", "ada")
    big = await policies.create_policy(env, call, "big", document(*twenty_statements()))
    await attachments.attach_policy(env, call, target, big.arn)
    limit = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    bound = await policies.create_policy(env, call, "bound", document(limit))
    await users.put_user_boundary(env, call, "ada", bound.arn)
    bucket_policy = document(
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": "arn:aws:s3:::mine/*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    )
    context = {
        identity.RESOURCE_POLICY: bucket_policy,
        identity.RESOURCE_ACCOUNT: first.account,
        "s3:prefix": "q",
    }
    as_ada = replace(call, principal=user.principal())
    allow = env.authority.authorize
    await measure("administrator", lambda: allow(call, "s3:GetObject", "arn:aws:s3:::mine/x", {}))
    await measure(
        "22 statements, boundary, bucket policy",
        lambda: allow(as_ada, "s3:GetObject", "arn:aws:s3:::mine/ada/key", context),
    )
    await measure("find_token", lambda: env.authority.find_token(first.api_key))
    await measure(
        "find_access_key", lambda: env.authority.find_access_key(first.access_key_id, None)
    )


if __name__ == "__main__":
    asyncio.run(main())
