"""Which services somebody may use by policy, and when they last did.

Specified in the IAM API reference (GenerateServiceLastAccessedDetails,
ListPoliciesGrantingServiceAccess). A report is a question that is kept; it is answered from the
rows when it is asked for. Uses are written down every minute, and at once for a report.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from volano.services.identity.logic.access import stored_authority
from volano.services.identity.logic.policies import get_policy
from volano.services.identity.logic.policy import PolicyKind, Source, SourceKind, compile_policy
from volano.services.identity.logic.subjects import find_subject
from volano.services.identity.logic.uses import write_uses
from volano.services.identity.model.errors import InvalidInput, NoSuchEntity
from volano.services.identity.model.items import Item, ItemKind
from volano.services.identity.store import groups as group_rows
from volano.services.identity.store import items as rows
from volano.services.identity.store import policies as policy_rows
from volano.services.identity.store import roles as role_rows
from volano.services.identity.store import service_uses as use_rows
from volano.services.identity.store import users as user_rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.identity.model.principals import Role, User

MAX_REPORTS = 100
"""Questions kept per account; the oldest goes."""
MAX_ENTITIES = 10_000
SERVICE_NAMES = {
    "billing": "Volano Billing",
    "ce": "AWS Cost Explorer",
    "chat": "Volano Chat",
    "cloudtrail": "AWS CloudTrail",
    "ec2": "Amazon EC2",
    "iam": "AWS Identity and Access Management",
    "identity": "Volano Identity",
    "kms": "AWS Key Management Service",
    "models": "Volano Models",
    "organizations": "AWS Organizations",
    "s3": "Amazon S3",
    "secretsmanager": "AWS Secrets Manager",
    "sns": "Amazon SNS",
    "sqs": "Amazon SQS",
    "sts": "AWS Security Token Service",
    "studio": "Volano Studio",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A user, group or role; `kind` is in capitals as IAM tells it."""

    kind: str
    id: str
    name: str
    arn: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Accessed:
    """A service that the subject may use; who of it last did, when and where."""

    service: str
    used_us: int | None = None
    region: str = ""
    entity: str = ""
    entities: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    arn: str
    granularity: str
    asked_us: int


async def generate_report(env: Env, call: Call, arn: str, granularity: str) -> str:
    """The id of a report on a user, group, role or policy; raises NoSuchEntity, InvalidInput."""
    await _documents(env, call, arn)
    await write_uses(env)
    job = env.ids.uuid()
    item = Item(
        id=job,
        account=call.account,
        kind=ItemKind.ACCESS_REPORT,
        name=job,
        body={"arn": arn, "granularity": granularity},
        created_us=env.clock.now_us(),
    )

    async def write(tx: Tx) -> None:
        known = await rows.select_items(tx, call.account, ItemKind.ACCESS_REPORT)
        for old in sorted(known, key=lambda one: one.created_us)[: len(known) + 1 - MAX_REPORTS]:
            await rows.delete_item(tx, old.id)
        await rows.insert_item(tx, item)

    await env.store.transact(write)
    return job


async def get_report(env: Env, call: Call, job: str) -> Report:
    """Raises NoSuchEntity."""
    item = await rows.find_item(env.store.reader, call.account, ItemKind.ACCESS_REPORT, job)
    if item is None:
        raise NoSuchEntity(f"No job with id {job[:40]} exists.")
    return Report(
        arn=item.body["arn"], granularity=item.body["granularity"], asked_us=item.created_us
    )


async def services_accessed(env: Env, call: Call, report: Report) -> list[Accessed]:
    """Every service that the subject's policies open, by name of the service."""
    sources = await _documents(env, call, report.arn)
    entities = {one.id: one for one in await _users_of(env, call, report.arn)}
    uses = await use_rows.select_service_uses(env.store.reader, call.account)
    found = []
    for service in sorted({*SERVICE_NAMES, *(service for _, service in uses)}):
        if not any(_grants(source, service) for source in sources):
            continue
        own = [(*use, who) for (who, what), use in uses.items() if what == service]
        own = [one for one in own if one[2] in entities]
        if not own:
            found.append(Accessed(service=service))
            continue
        used_us, region, who = max(own)
        found.append(
            Accessed(
                service=service,
                used_us=used_us,
                region=region,
                entity=entities[who].arn,
                entities=len(own),
            )
        )
    return found


async def entities_accessed(
    env: Env, call: Call, report: Report, service: str
) -> list[tuple[Entity, int | None]]:
    """Who of the subject may use the service, and when each last did."""
    uses = await use_rows.select_service_uses(env.store.reader, call.account)
    found = []
    for entity in await _users_of(env, call, report.arn):
        used = uses.get((entity.id, service))
        found.append((entity, used[0] if used else None))
    return found


def _grants(source: Source, service: str) -> bool:
    return any(
        not statement.deny and statement.actions.touches(service)
        for statement in source.compiled.statements
    )


async def _documents(env: Env, call: Call, arn: str) -> Sequence[Source]:
    """The identity policies of a subject, or the policy that is named."""
    sources = stored_authority(env).sources
    if ":policy/" in arn:
        policy = await get_policy(env.store.reader, call.account, arn)
        text = await sources.document(policy.arn)
        assert text is not None, "a policy has a default version"
        compiled = compile_policy(text, PolicyKind.IDENTITY)
        kind = SourceKind.IDENTITY
        return [Source(kind=kind, name=policy.name, text=text, compiled=compiled, arn=arn)]
    subject = await find_subject(env, call.account, arn)
    if subject.kind == "root":
        raise InvalidInput(f"Invalid Entity Arn: {arn[:200]}")
    held = await sources.of_holder(subject.id)
    return [one for one in held if one.kind is SourceKind.IDENTITY]


async def _users_of(env: Env, call: Call, arn: str) -> list[Entity]:
    """Who acts by the subject: itself, a group's members, or all that hold a policy."""
    reader = env.store.reader
    if ":policy/" not in arn:
        subject = await find_subject(env, call.account, arn)
        ids = [subject.id]
    else:
        ids = await policy_rows.select_attached_targets(reader, call.account, arn)
    found: dict[str, Entity] = {}
    for one in ids:
        members = [one]
        if one.startswith("AGPA"):
            members = [who for who, _ in await group_rows.select_member_ids(
                reader, one, limit=MAX_ENTITIES
            )]  # fmt: skip
        for who in members:
            entity = await _entity(env, who)
            if entity is not None:
                found[who] = entity
    return list(found.values())


async def _entity(env: Env, holder: str) -> Entity | None:
    reader = env.store.reader
    if holder.startswith("AROA"):
        role = await role_rows.find_role(reader, holder)
        return None if role is None else _entity_of("ROLE", role)
    user = await user_rows.find_user(reader, holder)
    return None if user is None else _entity_of("USER", user)


def _entity_of(kind: str, thing: User | Role) -> Entity:
    return Entity(kind=kind, id=thing.id, name=thing.name, arn=thing.arn, path=thing.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Granting:
    """A policy that opens a service. `entity` is the user, role or group it hangs on inline."""

    name: str
    arn: str
    entity_kind: str = ""
    entity: str = ""


async def policies_granting(
    env: Env, call: Call, arn: str, services: Sequence[str]
) -> dict[str, list[Granting]]:
    """For each service the subject's policies that open it."""
    subject = await find_subject(env, call.account, arn)
    found: dict[str, list[Granting]] = {}
    sources = await _documents(env, call, arn)
    for service in services:
        granting = []
        for source in sources:
            if not _grants(source, service):
                continue
            one = Granting(name=source.name, arn=source.arn)
            if not source.arn:
                through = source.through.rpartition("/")[2]
                kind = "GROUP" if through else subject.kind.upper()
                one = replace(one, entity_kind=kind, entity=through or subject.name)
            granting.append(one)
        found[service] = granting
    return found
