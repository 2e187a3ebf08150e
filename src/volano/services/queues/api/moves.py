"""SQS: moves of dead letters."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

import msgspec

from volano.services.queues.api.members import facts_of_source
from volano.services.queues.logic import moving as logic
from volano.services.queues.logic.errors import InvalidParameterValue, ResourceNotFound
from volano.services.queues.model import MAX_BATCH
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.queues.api.members import Shape
    from volano.services.queues.model import MoveTask

SOURCE = "{SourceArn}"


@action(
    "sqs:StartMessageMoveTask",
    permission="sqs:StartMessageMoveTask",
    resource=SOURCE,
    facts=facts_of_source,
)
async def start_message_move_task(env: Env, call: Call, request: Shape) -> Shape:
    task = await logic.start_move(
        env,
        call,
        request["SourceArn"],
        destination=request.get("DestinationArn") or "",
        rate=request.get("MaxNumberOfMessagesPerSecond"),
    )
    env.work.wake("queues:moves")
    return {"TaskHandle": _handle(task)}


@action(
    "sqs:ListMessageMoveTasks",
    permission="sqs:ListMessageMoveTasks",
    resource=SOURCE,
    facts=facts_of_source,
)
async def list_message_move_tasks(env: Env, call: Call, request: Shape) -> Shape:
    limit = request.get("MaxResults")
    limit = 1 if limit is None else limit
    if not 1 <= limit <= MAX_BATCH:
        raise InvalidParameterValue(
            f"Value {limit} for parameter MaxResults is invalid. Reason: Must be between 1 and "
            f"{MAX_BATCH}, if provided."
        )
    tasks = await logic.list_moves(env, call, request["SourceArn"], limit=limit)
    return {"Results": [_task_shape(task) for task in tasks]}


@action(
    "sqs:CancelMessageMoveTask",
    permission="sqs:CancelMessageMoveTask",
    resource=lambda call, request: _parse_handle(request["TaskHandle"])[1],
)
async def cancel_message_move_task(env: Env, call: Call, request: Shape) -> Shape:
    task = await logic.cancel_move(env, call, _parse_handle(request["TaskHandle"])[0])
    return {"ApproximateNumberOfMessagesMoved": task.moved}


def _task_shape(task: MoveTask) -> Shape:
    shape: Shape = {
        "Status": task.status,
        "SourceArn": task.source,
        "ApproximateNumberOfMessagesMoved": task.moved,
        "ApproximateNumberOfMessagesToMove": task.wanted,
        "StartedTimestamp": task.started_us // 1000,
    }
    if task.status == "RUNNING":
        shape["TaskHandle"] = _handle(task)
    if task.destination:
        shape["DestinationArn"] = task.destination
    if task.rate:
        shape["MaxNumberOfMessagesPerSecond"] = task.rate
    if task.failure:
        shape["FailureReason"] = task.failure
    return shape


def _handle(task: MoveTask) -> str:
    plain = msgspec.json.encode({"taskId": task.id, "sourceArn": task.source})
    return base64.b64encode(plain).decode()


def _parse_handle(handle: str) -> tuple[str, str]:
    """Task id and source ARN; raises ResourceNotFound."""
    try:
        plain = base64.b64decode(handle.encode("ascii"), validate=True)
        found = msgspec.json.decode(plain, type=dict[str, str])
        return found["taskId"], found["sourceArn"]
    except (binascii.Error, ValueError, KeyError, msgspec.MsgspecError) as error:
        raise ResourceNotFound("The task handle is not valid.") from error
