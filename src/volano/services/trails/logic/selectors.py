"""Event selectors: which events a trail logs (CloudTrail API reference, EventSelector and
AdvancedEventSelector). Without any, a trail logs all management events."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from volano.services.trails.logic.errors import InvalidEventSelectors
from volano.services.trails.logic.events import data_type_of, is_global, name_of, source_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.journal import AuditRecord
    from volano.services.trails.model import Trail

Selector = dict[str, Any]

MAX_SELECTORS = 5
MAX_ADVANCED_VALUES = 500
DEFAULT: list[Selector] = [
    {
        "ReadWriteType": "All",
        "IncludeManagementEvents": True,
        "DataResources": [],
        "ExcludeManagementEventSources": [],
    }
]
_FIELDS = frozenset(
    {
        "eventCategory",
        "readOnly",
        "eventSource",
        "eventName",
        "eventType",
        "resources.type",
        "resources.ARN",
        "userIdentity.arn",
    }
)
_OPERATORS = (
    "Equals",
    "StartsWith",
    "EndsWith",
    "NotEquals",
    "NotStartsWith",
    "NotEndsWith",
)


def require_selectors(selectors: Sequence[Selector]) -> None:
    """Raises InvalidEventSelectors."""
    if len(selectors) > MAX_SELECTORS:
        raise InvalidEventSelectors(f"A trail has at most {MAX_SELECTORS} event selectors.")
    for selector in selectors:
        if selector.get("ReadWriteType", "All") not in ("All", "ReadOnly", "WriteOnly"):
            raise InvalidEventSelectors("ReadWriteType is All, ReadOnly or WriteOnly.")
        for resource in selector.get("DataResources") or ():
            if not resource.get("Type") or not resource.get("Values"):
                raise InvalidEventSelectors("A data resource has a type and values.")


def require_advanced(selectors: Sequence[Selector]) -> None:
    """Raises InvalidEventSelectors."""
    values = 0
    for selector in selectors:
        fields = {each["Field"]: each for each in selector["FieldSelectors"]}
        unknown = sorted(set(fields) - _FIELDS)
        if unknown:
            raise InvalidEventSelectors(f"The field {unknown[0]} cannot be selected by.")
        category = fields.get("eventCategory", {}).get("Equals")
        if category not in (["Management"], ["Data"]):
            raise InvalidEventSelectors("eventCategory must equal Management or Data.")
        if category == ["Data"] and not fields.get("resources.type", {}).get("Equals"):
            raise InvalidEventSelectors("A selector of data events must name resources.type.")
        values += sum(len(each.get(name) or ()) for each in fields.values() for name in _OPERATORS)
    if values > MAX_ADVANCED_VALUES:
        raise InvalidEventSelectors(f"Selectors may have {MAX_ADVANCED_VALUES} values.")


@lru_cache(maxsize=1024)
def _parsed(text: str) -> list[Selector]:
    return msgspec.json.decode(text, type=list[Selector]) if text else []


def selectors_of(trail: Trail) -> tuple[list[Selector], list[Selector]]:
    """Basic and advanced selectors as they were put; one of the lists is empty."""
    advanced = _parsed(trail.advanced)
    return ([] if advanced else _parsed(trail.selectors) or DEFAULT), advanced


def is_wanted(trail: Trail, record: AuditRecord) -> bool:
    """Whether the trail logs this record."""
    if is_global(record.action) and not trail.global_events:
        return False
    basic, advanced = selectors_of(trail)
    if advanced:
        return any(_fits_advanced(selector, record) for selector in advanced)
    return any(_fits(selector, record) for selector in basic)


def _fits(selector: Selector, record: AuditRecord) -> bool:
    ways = {"All": True, "ReadOnly": record.read_only, "WriteOnly": not record.read_only}
    if not ways[selector.get("ReadWriteType", "All")]:
        return False
    data_type = data_type_of(record.action)
    if not data_type:
        excluded = selector.get("ExcludeManagementEventSources") or ()
        return selector.get("IncludeManagementEvents", True) and (
            source_of(record.action) not in excluded
        )
    return any(
        resource["Type"] == data_type
        and any(record.resource.startswith(v) for v in _arns(resource))
        for resource in selector.get("DataResources") or ()
    )


def _arns(resource: Selector) -> list[str]:
    """Values of a data resource; `arn:aws:s3` and `arn:aws:s3:::*/*` are all objects."""
    return [str(value).removesuffix("*/*").removesuffix("*") for value in resource["Values"]]


def _fits_advanced(selector: Selector, record: AuditRecord) -> bool:
    data_type = data_type_of(record.action)
    facts = {
        "eventCategory": "Data" if data_type else "Management",
        "readOnly": str(record.read_only).lower(),
        "eventSource": source_of(record.action),
        "eventName": name_of(record.action),
        "eventType": "AwsApiCall",
        "resources.type": data_type,
        "resources.ARN": record.resource,
        "userIdentity.arn": record.principal_arn,
    }
    return all(_fits_field(each, facts[each["Field"]]) for each in selector["FieldSelectors"])


def _fits_field(field: Selector, value: str) -> bool:
    """Values of one operator are alternatives; operators of one field must all fit."""

    def given(name: str) -> tuple[str, ...]:
        return tuple(field.get(name) or ())

    positive = [
        not given("Equals") or value in given("Equals"),
        not given("StartsWith") or value.startswith(given("StartsWith")),
        not given("EndsWith") or value.endswith(given("EndsWith")),
    ]
    return all(positive) and not (
        value in given("NotEquals")
        or (given("NotStartsWith") and value.startswith(given("NotStartsWith")))
        or (given("NotEndsWith") and value.endswith(given("NotEndsWith")))
    )
