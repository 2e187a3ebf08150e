"""What an id of an organization means: its root, a unit, an account or a policy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from volano.services.identity.model.org_errors import InvalidOrgInput, TargetNotFound
from volano.services.identity.model.organizations import Member, Organization, OrgPolicy, Unit
from volano.services.identity.store import org_policies as policy_rows
from volano.services.identity.store import organizations as rows

if TYPE_CHECKING:
    from volano.kernel.store import Reader

Target = Organization | Unit | Member | OrgPolicy
_FORMS = re.compile(
    r"r-[a-z0-9]{4,32}|ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}|\d{12}|p-[0-9A-Za-z_]{8,128}"
)


def require_target_form(target: str) -> None:
    if not _FORMS.fullmatch(target):
        raise InvalidOrgInput


async def find_target(reader: Reader, org: Organization, target: str) -> tuple[str, Target]:
    """Its kind as Organizations names it, and the thing; raises InvalidOrgInput, TargetNotFound."""
    require_target_form(target)
    if target == org.root_id:
        return "ROOT", org
    if target.startswith("ou-"):
        for unit in await rows.select_units(reader, org.id, limit=1000):
            if unit.id == target:
                return "ORGANIZATIONAL_UNIT", unit
    elif target.startswith("p-"):
        policy = await policy_rows.find_policy(reader, org.id, target)
        if policy is not None:
            return "POLICY", policy
    else:
        member = await rows.find_member(reader, target)
        if member is not None and member.org == org.id:
            return "ACCOUNT", member
    raise TargetNotFound
