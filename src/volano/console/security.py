"""What is weak in an account: users, keys, buckets, roles, keys of KMS, the trail.

Every check reads through the AWS actions of the caller, so it shows nobody more than they may see;
what the caller may not read is said to be unchecked.
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import msgspec

from volano.kernel.errors import Denied, NotBuilt, NotFound
from volano.wire.action import SIGNED_IN, action, run_action
from volano.wire.aws.plain import find_operation, plain_output

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from volano.kernel.call import Call, Env

MAX_LOOKED_AT = 500
"""Users, roles, buckets or keys that one overview looks at; beyond it says that there are more."""
KEY_AGE_DAYS = 90
UNUSED_DAYS = 90
MANY_ADMINISTRATORS = 3
GIVES_ITSELF_ALL = "iam:AttachUserPolicy"
"""Whoever may do this to everyone is an administrator, by whatever policy and through whatever
group."""
BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


class Finding(msgspec.Struct, kw_only=True):
    """One weakness. `severity` is high, medium or low; `link` is the console's page to mend it."""

    check: str
    severity: str
    resource: str
    text: str
    mend: str
    link: str


class Check(msgspec.Struct, kw_only=True):
    """One thing that was looked at: how many there are, or why it could not be looked at."""

    name: str
    text: str
    looked_at: int
    unchecked: str = ""


class NoFields(msgspec.Struct):
    pass


class SecurityOverview(msgspec.Struct, kw_only=True):
    """`findings` are the worst first."""

    findings: list[Finding]
    checks: list[Check]
    checked_us: int


_RANK = {"high": 0, "medium": 1, "low": 2}


@action(
    "volano:getSecurityOverview",
    method="GET",
    path="/volano/v1/security-overview",
    permission=SIGNED_IN,
    resource="*",
)
async def get_security_overview(env: Env, call: Call, request: NoFields) -> SecurityOverview:
    """What is weak in this account and how to mend it, as far as the caller may look."""
    reader = _Reader(env, call)
    findings: list[Finding] = []
    checks: list[Check] = []
    for name, text, check in _CHECKS:
        done = Check(name=name, text=text, looked_at=0)
        try:
            async for found in check(reader, done):
                findings.append(found)
        except (Denied, NotBuilt) as error:
            done.unchecked = error.message
        checks.append(done)
        await asyncio.sleep(0)
    findings.sort(key=lambda found: (_RANK[found.severity], found.check, found.resource))
    return SecurityOverview(findings=findings, checks=checks, checked_us=env.clock.now_us())


class _Reader:
    """AWS operations as the caller."""

    def __init__(self, env: Env, call: Call) -> None:
        self._env = env
        self._call = call
        self._users: list[dict[str, Any]] | None = None
        self.now = datetime.fromtimestamp(env.clock.now_us() / 1e6, UTC)

    async def ask(self, service: str, operation: str, **given: Any) -> dict[str, Any]:
        """The output; empty where S3 or IAM say that there is nothing."""
        found, model = await find_operation(service, operation)
        try:
            result = await run_action(self._env, self._call, found, given)
        except NotFound:
            return {}
        return plain_output(model, result or {})

    async def pages(self, service: str, operation: str, member: str) -> list[dict[str, Any]]:
        """Items of a list that is paged by Marker, up to MAX_LOOKED_AT."""
        items: list[dict[str, Any]] = []
        given: dict[str, Any] = {}
        while len(items) < MAX_LOOKED_AT:
            answer = await self.ask(service, operation, **given)
            items += answer.get(member, [])
            marker = answer.get("Marker") or answer.get("NextMarker")
            if not marker:
                break
            given = {"Marker": marker}
        return items[:MAX_LOOKED_AT]

    async def may(self, arn: str, permission: str) -> bool:
        """Whether a user may do that on everything, as the policy engine decides."""
        answer = await self.ask(
            "iam", "SimulatePrincipalPolicy", PolicySourceArn=arn, ActionNames=[permission]
        )
        return any(
            each["EvalDecision"] == "allowed" for each in answer.get("EvaluationResults", [])
        )

    async def users(self) -> list[dict[str, Any]]:
        """The account's users, read once for all checks."""
        if self._users is None:
            self._users = await self.pages("iam", "ListUsers", "Users")
        return self._users

    def days_since(self, text: str) -> float:
        return (self.now - datetime.fromisoformat(text)) / timedelta(days=1)


async def _users(reader: _Reader, done: Check) -> AsyncIterator[Finding]:
    administrators: list[str] = []
    for user in await reader.users():
        done.looked_at += 1
        name = user["UserName"]
        powerful = await reader.may(user["Arn"], GIVES_ITSELF_ALL)
        if powerful:
            administrators.append(name)
        profile = await reader.ask("iam", "GetLoginProfile", UserName=name)
        devices = await reader.ask("iam", "ListMFADevices", UserName=name)
        if profile and not devices.get("MFADevices"):
            yield Finding(
                check=done.name,
                severity="high" if powerful else "medium",
                resource=user["Arn"],
                text=f"{name} signs in with a password alone.",
                mend="Add a passkey or a one-time-password device.",
                link=f"/people?user={name}",
            )
    if len(administrators) > MANY_ADMINISTRATORS:
        yield Finding(
            check=done.name,
            severity="low",
            resource=", ".join(administrators[:10]),
            text=f"{len(administrators)} people may do everything.",
            mend="Give most of them a policy for what they do.",
            link="/people",
        )


async def _access_keys(reader: _Reader, done: Check) -> AsyncIterator[Finding]:
    for user in await reader.users():
        name = user["UserName"]
        answer = await reader.ask("iam", "ListAccessKeys", UserName=name)
        for key in answer.get("AccessKeyMetadata", []):
            done.looked_at += 1
            if key["Status"] != "Active":
                continue
            age = reader.days_since(key["CreateDate"])
            used = await reader.ask("iam", "GetAccessKeyLastUsed", AccessKeyId=key["AccessKeyId"])
            last = used.get("AccessKeyLastUsed", {}).get("LastUsedDate")
            idle = reader.days_since(last) if last else age
            if idle > UNUSED_DAYS:
                yield _key(done, name, key, "medium", f"unused for {idle:.0f} days", "Delete it.")
            elif age > KEY_AGE_DAYS:
                said = f"{age:.0f} days old"
                yield _key(done, name, key, "low", said, "Make a new one, then delete this.")


def _key(
    done: Check, user: str, key: dict[str, Any], severity: str, said: str, mend: str
) -> Finding:
    return Finding(
        check=done.name,
        severity=severity,
        resource=key["AccessKeyId"],
        text=f"An access key of {user} is {said}.",
        mend=mend,
        link=f"/people?user={user}",
    )


async def _password_rules(reader: _Reader, done: Check) -> AsyncIterator[Finding]:
    done.looked_at = 1
    rules = (await reader.ask("iam", "GetAccountPasswordPolicy")).get("PasswordPolicy")
    if not rules or rules.get("MinimumPasswordLength", 0) < 8:
        yield Finding(
            check=done.name,
            severity="low",
            resource="password policy",
            text="The account has no password policy of its own with at least 8 characters.",
            mend="Set one: aws iam update-account-password-policy --minimum-password-length 14.",
            link="/people/account",
        )


async def _roles(reader: _Reader, done: Check) -> AsyncIterator[Finding]:
    for role in await reader.pages("iam", "ListRoles", "Roles"):
        done.looked_at += 1
        if _is_open(role.get("AssumeRolePolicyDocument")):
            yield Finding(
                check=done.name,
                severity="high",
                resource=role["Arn"],
                text=f"Anyone with a key of any account may take on the role {role['RoleName']}.",
                mend="Name the principals in its trust policy, or add a condition.",
                link="/people/groups",
            )


def _is_open(document: Any) -> bool:
    policy = json.loads(unquote(document)) if isinstance(document, str) else document or {}
    statements = policy.get("Statement", [])
    statements = statements if isinstance(statements, list) else [statements]
    return any(
        each.get("Effect") == "Allow"
        and each.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
        and not each.get("Condition")
        for each in statements
    )


async def _buckets(reader: _Reader, done: Check) -> AsyncIterator[Finding]:
    listed = await reader.ask("s3", "ListBuckets")
    for bucket in listed.get("Buckets", [])[:MAX_LOOKED_AT]:
        done.looked_at += 1
        name = bucket["Name"]
        link = f"/objects/{name}/settings"
        status = await reader.ask("s3", "GetBucketPolicyStatus", Bucket=name)
        block = await reader.ask("s3", "GetPublicAccessBlock", Bucket=name)
        switches = block.get("PublicAccessBlockConfiguration", {})
        if status.get("PolicyStatus", {}).get("IsPublic") and not switches.get(BLOCKS[3]):
            yield Finding(
                check=done.name,
                severity="high",
                resource=f"arn:aws:s3:::{name}",
                text=f"The policy of {name} lets everyone in.",
                mend="Name who may, or turn on “let in only this account”.",
                link=link,
            )
        elif switches and not all(switches.get(switch) for switch in BLOCKS):
            yield Finding(
                check=done.name,
                severity="low",
                resource=f"arn:aws:s3:::{name}",
                text=f"Public access to {name} is not wholly blocked.",
                mend="Turn on the four switches unless it is meant to be public.",
                link=link,
            )
        versioning = await reader.ask("s3", "GetBucketVersioning", Bucket=name)
        if versioning.get("Status") != "Enabled":
            yield Finding(
                check=done.name,
                severity="low",
                resource=f"arn:aws:s3:::{name}",
                text=f"{name} keeps no versions: what is overwritten or deleted is gone.",
                mend="Turn versioning on, with a lifecycle rule for old versions.",
                link=link,
            )


async def _trail(reader: _Reader, done: Check) -> AsyncIterator[Finding]:
    trails = (await reader.ask("cloudtrail", "DescribeTrails")).get("trailList", [])
    done.looked_at = len(trails)
    logging = False
    for trail in trails:
        status = await reader.ask("cloudtrail", "GetTrailStatus", Name=trail["TrailARN"])
        logging = logging or bool(status.get("IsLogging"))
    if not logging:
        yield Finding(
            check=done.name,
            severity="medium",
            resource="trails",
            text="The audit trail is kept for 90 days here, and copied to no bucket.",
            mend="Make a trail with signed digests: aws cloudtrail create-trail, start-logging.",
            link="/people/audit",
        )


async def _kms_keys(reader: _Reader, done: Check) -> AsyncIterator[Finding]:
    for key in await reader.pages("kms", "ListKeys", "Keys"):
        done.looked_at += 1
        answer = await reader.ask("kms", "DescribeKey", KeyId=key["KeyId"])
        about = answer.get("KeyMetadata", {})
        if about.get("KeyState") == "PendingDeletion":
            yield Finding(
                check=done.name,
                severity="medium",
                resource=about["Arn"],
                text=f"A key is deleted on {about.get('DeletionDate', '')[:10]}; what it encrypts "
                "is lost then.",
                mend="Cancel if anything still needs it: aws kms cancel-key-deletion.",
                link="/security",
            )


_CHECKS: list[tuple[str, str, Callable[[_Reader, Check], AsyncIterator[Finding]]]] = [
    ("users", "People and how they sign in", _users),
    ("access-keys", "Access keys and their age", _access_keys),
    ("passwords", "Rules for passwords", _password_rules),
    ("roles", "Roles and who may take them on", _roles),
    ("buckets", "Buckets: public access and versions", _buckets),
    ("trail", "The audit trail's copy in a bucket", _trail),
    ("kms", "Keys of KMS", _kms_keys),
]
