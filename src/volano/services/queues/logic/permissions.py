"""AddPermission and RemovePermission: statements of the queue's policy under a label."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from volano.services.queues.logic.errors import InvalidParameterValue, MissingParameter, OverLimit
from volano.services.queues.logic.queues import change_queue
from volano.services.queues.model import MAX_STATEMENTS, Queue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env

SHAREABLE = frozenset(
    (
        "*",
        "ChangeMessageVisibility",
        "DeleteMessage",
        "GetQueueAttributes",
        "GetQueueUrl",
        "ListDeadLetterSourceQueues",
        "PurgeQueue",
        "ReceiveMessage",
        "SendMessage",
    )
)
MAX_ACTIONS = 7
_LABEL = re.compile(r"[A-Za-z0-9_-]{1,80}\Z")
_ACCOUNT = re.compile(r"\d{12}\Z", re.ASCII)


async def add_permission(
    env: Env, call: Call, url: str, label: str, accounts: Sequence[str], actions: Sequence[str]
) -> None:
    """Let accounts do actions on the queue. Raises InvalidParameterValue and OverLimit."""
    if not _LABEL.match(label):
        raise InvalidParameterValue(
            f"Value {label[:80]} for parameter Label is invalid. Reason: Can only include "
            "alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        )
    _require_actions(actions)
    _require_accounts(accounts)
    statement = {
        "Sid": label,
        "Effect": "Allow",
        "Principal": {"AWS": _one_or_all([f"arn:aws:iam::{name}:root" for name in accounts])},
        "Action": _one_or_all([f"SQS:{name}" for name in actions]),
    }

    def change(queue: Queue) -> Queue:
        policy = _policy_of(queue)
        statements = policy["Statement"]
        if any(one.get("Sid") == label for one in statements):
            raise InvalidParameterValue(
                f"Value {label} for parameter Label is invalid. Reason: Already exists."
            )
        if len(statements) >= MAX_STATEMENTS:
            raise OverLimit(f"A queue's policy has at most {MAX_STATEMENTS} statements.")
        statements.append({**statement, "Resource": queue.arn})
        return _with_policy(env, queue, policy)

    await change_queue(env, call, url, change)


def _require_actions(actions: Sequence[str]) -> None:
    if not actions:
        raise MissingParameter("The request must contain the parameter Actions.")
    if len(actions) > MAX_ACTIONS:
        raise OverLimit(
            f"{len(actions)} Actions were found, maximum allowed is {MAX_ACTIONS}.", status=403
        )
    for name in actions:
        if name not in SHAREABLE:
            raise InvalidParameterValue(
                f"Value SQS:{name[:80]} for parameter ActionName is invalid. Reason: Only the "
                "queue owner is allowed to invoke this action."
            )


def _require_accounts(accounts: Sequence[str]) -> None:
    if not accounts:
        raise InvalidParameterValue(
            "Value [] for parameter PrincipalId is invalid. Reason: Unable to verify."
        )
    if not all(_ACCOUNT.match(name) for name in accounts):
        raise InvalidParameterValue(
            f"Value {list(accounts)} for parameter PrincipalId is invalid. Reason: Unable to "
            "verify."
        )


async def remove_permission(env: Env, call: Call, url: str, label: str) -> None:
    """Raises InvalidParameterValue when there is no such label."""

    def change(queue: Queue) -> Queue:
        policy = _policy_of(queue)
        kept = [one for one in policy["Statement"] if one.get("Sid") != label]
        if len(kept) == len(policy["Statement"]):
            where = " on existing policy" if kept else ""
            raise InvalidParameterValue(
                f"Value {label[:80]} for parameter Label is invalid. Reason: can't find label"
                f"{where}."
            )
        policy["Statement"] = kept
        return _with_policy(env, queue, policy)

    await change_queue(env, call, url, change)


def _policy_of(queue: Queue) -> dict[str, Any]:
    """The policy as a tree whose statements are a list."""
    if not queue.policy:
        return {
            "Version": "2008-10-17",
            "Id": f"{queue.arn}/SQSDefaultPolicy",
            "Statement": [],
        }
    policy = msgspec.json.decode(queue.policy, type=dict[str, Any])
    if not isinstance(policy.get("Statement"), list):
        policy["Statement"] = [policy["Statement"]] if policy.get("Statement") else []
    return policy


def _with_policy(env: Env, queue: Queue, policy: dict[str, Any]) -> Queue:
    attributes = dict(queue.attributes)
    attributes.pop("Policy", None)
    if policy["Statement"]:
        attributes["Policy"] = msgspec.json.encode(policy).decode()
    return replace(queue, attributes=attributes, modified_us=env.clock.now_us())


def _one_or_all(names: list[str]) -> str | list[str]:
    return names[0] if len(names) == 1 else names
