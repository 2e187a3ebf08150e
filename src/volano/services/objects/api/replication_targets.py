"""Replication targets over Volano's own REST API: buckets of other S3 stores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from volano.services.objects.logic import replication_targets as logic
from volano.services.objects.model import ReplicationTarget
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env

ONE = "arn:aws:s3:{region}:{account}:replication-target/{name}"
ALL = "arn:aws:s3:{region}:{account}:replication-target/*"


class TargetFields(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: str


class PutTargetFields(TargetFields):
    endpoint: str
    bucket: str
    access_key_id: str
    secret_access_key: str
    region: str = "us-east-1"


class TargetsFields(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    cursor: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100


class TargetView(msgspec.Struct, kw_only=True):
    """A target without its secret; `arn` is what a replication rule names."""

    name: str
    arn: str
    endpoint: str
    region: str
    bucket: str
    access_key_id: str
    created_us: int


class TargetPage(msgspec.Struct, kw_only=True):
    items: list[TargetView]
    next_cursor: str | None = None


def _view(env: Env, target: ReplicationTarget) -> TargetView:
    return TargetView(
        name=target.name,
        arn=logic.target_arn(env, target.account, target.name),
        endpoint=target.endpoint,
        region=target.region,
        bucket=target.bucket,
        access_key_id=target.access_key_id,
        created_us=target.created_us,
    )


@action(
    "volano:putReplicationTarget",
    method="PUT",
    path="/volano/v1/replication-targets/{name}",
    permission="s3:PutReplicationTarget",
    resource=ONE,
)
async def put_replication_target(env: Env, call: Call, request: PutTargetFields) -> TargetView:
    """Make or replace a target."""
    wanted = ReplicationTarget(
        account=call.account,
        name=request.name,
        endpoint=request.endpoint,
        region=request.region,
        bucket=request.bucket,
        access_key_id=request.access_key_id,
        secret=b"",
        created_us=0,
    )
    made = await logic.put_target(env, call, wanted, request.secret_access_key)
    return _view(env, made)


@action(
    "volano:listReplicationTargets",
    method="GET",
    path="/volano/v1/replication-targets",
    permission="s3:ListReplicationTargets",
    resource=ALL,
)
async def list_replication_targets(env: Env, call: Call, request: TargetsFields) -> TargetPage:
    """Targets of the account by name."""
    found, after = await logic.list_targets(env, call, after=request.cursor, limit=request.limit)
    return TargetPage(items=[_view(env, target) for target in found], next_cursor=after)


@action(
    "volano:deleteReplicationTarget",
    method="DELETE",
    path="/volano/v1/replication-targets/{name}",
    permission="s3:DeleteReplicationTarget",
    resource=ONE,
)
async def delete_replication_target(env: Env, call: Call, request: TargetFields) -> None:
    """Delete a target; what is on its way to it fails."""
    await logic.delete_target(env, call, request.name)
