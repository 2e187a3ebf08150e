"""The policies that speak in a decision, read from rows and named.

Authorization reads them through a cache and merged (`access.py`); explanations and simulation read
the same ones with their names. A stored policy that cannot be read denies everything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from volano.services.identity.logic.policy import (
    Policies,
    PolicyKind,
    PolicySet,
    Source,
    SourceKind,
    compile_policy,
    deny_everything,
    merge,
)
from volano.services.identity.model.errors import MalformedPolicyDocument
from volano.services.identity.model.managed import managed_documents
from volano.services.identity.model.organizations import CONTROLS, OrgPolicyType
from volano.services.identity.store import groups as group_rows
from volano.services.identity.store import org_policies as control_rows
from volano.services.identity.store import organizations as org_rows
from volano.services.identity.store import policies as rows
from volano.services.identity.store import roles as role_rows
from volano.services.identity.store import users as user_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from volano.kernel.log import Log
    from volano.kernel.store import Store
    from volano.services.identity.model.organizations import Organization

UNREADABLE = (
    '{"Version": "2012-10-17", "Statement": {"Sid": "unreadable", "Effect": "Deny", '
    '"Action": "*", "Resource": "*"}}'
)
"""Stands for a stored policy that cannot be read."""
MAX_GROUPS = 1000
_HOLDERS = {"AROA": "role", "AGPA": "group"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrgFacts:
    """The organization that an account is in, and what its policies say of the account.

    `path` is as in `aws:PrincipalOrgPaths`: `o-…/r-…/ou-…/`.
    """

    id: str = ""
    path: str = ""
    sources: tuple[Source, ...] = ()
    policies: Policies = field(default_factory=Policies)

    def keys(self, prefix: str) -> dict[str, str]:
        """Condition keys; `prefix` is `aws:Principal` or `aws:Resource`."""
        return {f"{prefix}OrgID": self.id, f"{prefix}OrgPaths": self.path} if self.id else {}


NO_ORG = OrgFacts()


class PolicySources:
    """Reads and compiles the policies of one store."""

    def __init__(self, store: Store, log: Log) -> None:
        self._store = store
        self._log = log

    def compiled(self, document: str, kind: PolicyKind) -> PolicySet:
        """Compiled once per document; what cannot be read denies everything."""
        try:
            return compile_policy(document, kind)
        except MalformedPolicyDocument as error:
            self._log.error("a stored policy cannot be read; it denies all", error=error.message)
            return deny_everything()

    def source(
        self, kind: SourceKind, name: str, text: str, *, arn: str = "", through: str = "",
        holder: str = "", level: int = 0, grammar: PolicyKind = PolicyKind.IDENTITY,
    ) -> Source:  # fmt: skip
        """A policy with its name."""
        compiled = self.compiled(text, grammar)
        if compiled.statements and compiled.statements[0].sid == "unreadable":
            text = UNREADABLE
        return Source(
            kind=kind, name=name, text=text, compiled=compiled, arn=arn, through=through,
            holder=holder, level=level,
        )  # fmt: skip

    async def of_holder(self, holder: str) -> list[Source]:
        """Identity policies of a user (with groups) or role, and the permissions boundary."""
        reader = self._store.reader
        attached, inline = await rows.select_effective(reader, holder)
        groups = {
            group.id: group.arn
            for group in await group_rows.select_groups_of(reader, holder, limit=MAX_GROUPS)
        }
        found = [
            self.source(
                SourceKind.IDENTITY,
                name,
                document,
                through=groups.get(target, ""),
                holder=_HOLDERS.get(target[:4], "user"),
            )
            for target, name, document in inline
        ]
        for target, arn in attached:
            document = await self.document(arn)
            if document is not None:
                name = arn.rpartition("/")[2]
                through = groups.get(target, "")
                found.append(
                    self.source(SourceKind.IDENTITY, name, document, arn=arn, through=through)
                )
        boundary = await self._boundary_arn(holder)
        if boundary is not None:
            document = await self.document(boundary) or UNREADABLE
            name = boundary.rpartition("/")[2]
            found.append(self.source(SourceKind.BOUNDARY, name, document, arn=boundary))
        return found

    async def document(self, arn: str) -> str | None:
        """The text of a managed policy's default version."""
        managed = managed_documents().get(arn)
        if managed is not None:
            return managed
        return await rows.find_default_document(self._store.reader, arn)

    async def _boundary_arn(self, holder: str) -> str | None:
        if holder.startswith("AROA"):
            role = await role_rows.find_role(self._store.reader, holder)
            return role.boundary if role else None
        user = await user_rows.find_user(self._store.reader, holder)
        return user.boundary if user else None

    async def of_organization(self, account: str) -> OrgFacts:
        """The account's organization, and the control policies of every level above the account.

        There are none for the management account.
        """
        reader = self._store.reader
        org = await org_rows.find_org_of(reader, account)
        member = await org_rows.find_member(reader, account)
        if org is None:
            return NO_ORG
        parent = member.parent if member is not None else org.root_id
        places = await org_rows.path_of(reader, org, parent)
        limited = member is not None and org.management != account
        sources = await self._controls(org, [*places, account]) if limited else []
        return OrgFacts(
            id=org.id,
            path="/".join([org.id, *places, ""]),
            sources=tuple(sources),
            policies=policies_of(sources),
        )

    async def _controls(self, org: Organization, targets: list[str]) -> list[Source]:
        reader = self._store.reader
        kinds = [kind for kind in CONTROLS if kind.value in org.policy_types]
        found: list[Source] = []
        for level, target in enumerate(targets):
            for policy in await control_rows.select_attached(reader, org.id, target):
                if policy.type not in kinds:
                    continue
                service = policy.type is OrgPolicyType.SERVICE_CONTROL
                found.append(
                    self.source(
                        SourceKind.SERVICE_CONTROL if service else SourceKind.RESOURCE_CONTROL,
                        policy.name,
                        policy.content,
                        arn=policy.arn(org.management),
                        through=target,
                        level=level,
                        grammar=PolicyKind.IDENTITY if service else PolicyKind.RESOURCE,
                    )
                )
        return found


def policies_of(sources: Iterable[Source]) -> Policies:
    """What `decide` reads: policies of one kind (and level) are read together."""
    sets: dict[tuple[SourceKind, int], list[PolicySet]] = {}
    for source in sources:
        sets.setdefault((source.kind, source.level), []).append(source.compiled)

    def one(kind: SourceKind) -> PolicySet | None:
        found = sets.get((kind, 0))
        return merge(found) if found else None

    def levels(kind: SourceKind) -> tuple[PolicySet, ...]:
        return tuple(merge(sets[key]) for key in sorted(k for k in sets if k[0] is kind))

    return Policies(
        identity=one(SourceKind.IDENTITY),
        boundary=one(SourceKind.BOUNDARY),
        session=one(SourceKind.SESSION),
        resource=one(SourceKind.RESOURCE),
        service_control=levels(SourceKind.SERVICE_CONTROL),
        resource_control=levels(SourceKind.RESOURCE_CONTROL),
    )
