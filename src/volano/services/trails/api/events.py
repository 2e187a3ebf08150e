"""CloudTrail: look events up, and the public keys of digests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.trails.api.members import to_us
from volano.services.trails.logic.events import (
    access_key_of,
    name_of,
    source_of,
    to_event,
    user_name_of,
)
from volano.services.trails.logic.lookup import Lookup, lookup, type_of
from volano.services.trails.logic.signing import list_keys
from volano.services.trails.model import LOOKUP_PAGE
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.journal import AuditRecord
    from volano.services.trails.api.members import Shape


@action(
    "cloudtrail:LookupEvents",
    permission="cloudtrail:LookupEvents",
    resource="*",
    partial="Management events.",
)
async def lookup_events(env: Env, call: Call, request: Shape) -> Shape:
    attributes = request.get("LookupAttributes") or [{}]
    found, cursor = await lookup(
        env,
        call,
        Lookup(
            attribute=attributes[0].get("AttributeKey") or "",
            value=attributes[0].get("AttributeValue") or "",
            from_us=to_us(request["StartTime"]) if request.get("StartTime") else 0,
            until_us=to_us(request["EndTime"]) if request.get("EndTime") else None,
            limit=min(request.get("MaxResults") or LOOKUP_PAGE, LOOKUP_PAGE),
            cursor=request.get("NextToken") or "",
        ),
    )
    answer: Shape = {"Events": [_entry(env, record) for record in found]}
    if cursor:
        answer["NextToken"] = cursor
    return answer


def _entry(env: Env, record: AuditRecord) -> Shape:
    """Event (CloudTrail API reference)."""
    entry: Shape = {
        "EventId": record.id,
        "EventName": name_of(record.action),
        "ReadOnly": str(record.read_only).lower(),
        "EventTime": record.time_us / 1e6,
        "EventSource": source_of(record.action),
        "Username": user_name_of(record),
        "AccessKeyId": access_key_of(record),
        "Resources": [],
        "CloudTrailEvent": msgspec.json.encode(to_event(record, env.region.name)).decode(),
    }
    if record.resource not in ("", "*"):
        entry["Resources"] = [{"ResourceName": record.resource, "ResourceType": type_of(record)}]
    return entry


@action("cloudtrail:ListPublicKeys", permission="cloudtrail:ListPublicKeys", resource="*")
async def list_public_keys(env: Env, call: Call, request: Shape) -> Shape:
    """The keys of this region, the same for all accounts."""
    now_us = env.clock.now_us()
    keys = await list_keys(
        env,
        from_us=to_us(request["StartTime"]) if request.get("StartTime") else 0,
        until_us=to_us(request["EndTime"]) if request.get("EndTime") else now_us,
    )
    return {
        "PublicKeyList": [
            {
                "Value": key.public,
                "ValidityStartTime": key.start_us / 1e6,
                "ValidityEndTime": key.end_us / 1e6,
                "Fingerprint": key.fingerprint,
            }
            for key in keys
        ]
    }
