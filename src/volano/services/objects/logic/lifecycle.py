"""Lifecycle rules: what a bucket's owner wants to expire, checked as S3 checks it.

Built are expiration of objects (by age or date) and of unfinished uploads; a rule that asks for
anything else is refused as a whole, because a rule that does half of what it says loses data or
costs money. Ages are in days of `lifecycle_day_s`; with real days they end at midnight UTC, as S3
has it (user guide, "Lifecycle rules based on an object's age").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.objects.logic.access import get_bucket
from volano.services.objects.logic.errors import InvalidArgument, InvalidRequest, NoSuchSetting
from volano.services.objects.store import buckets as rows
from volano.services.objects.store.lifecycle import KIND

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Reader, Tx
    from volano.services.objects.model import StoredObject

MAX_RULES = 1000
MAX_ID_CHARACTERS = 255
REAL_DAY_S = 86_400.0
DAY_US = 86_400_000_000


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rule. `plain_prefix` is whether it was written in the old form, without a filter.

    Exactly one of `days` and `date_us` is set when it expires objects; `abort_days` is the age of
    uploads that are given up.
    """

    id: str
    enabled: bool
    prefix: str = ""
    plain_prefix: bool = False
    tags: dict[str, str] = {}
    over_bytes: int | None = None
    under_bytes: int | None = None
    days: int | None = None
    date_us: int | None = None
    abort_days: int | None = None

    @property
    def expires_objects(self) -> bool:
        return self.enabled and (self.days is not None or self.date_us is not None)


_decode = msgspec.json.Decoder(list[Rule]).decode


def require_rules(rules: list[Rule]) -> None:
    """Raises InvalidArgument and InvalidRequest, in S3's words."""
    if not 1 <= len(rules) <= MAX_RULES:
        raise InvalidRequest(f"A lifecycle has 1 to {MAX_RULES} rules.", code="MalformedXML")
    if len({rule.id for rule in rules}) != len(rules):
        raise InvalidArgument("Rule ID must be unique. Found same ID for more than one rule")
    for rule in rules:
        _require_rule(rule)


def _require_rule(rule: Rule) -> None:
    if len(rule.id) > MAX_ID_CHARACTERS:
        raise InvalidArgument(f"ID length should not exceed allowed limit of {MAX_ID_CHARACTERS}")
    if rule.days is not None and rule.date_us is not None:
        raise InvalidRequest("Expiration has either Days or Date.", code="MalformedXML")
    if rule.days is None and rule.date_us is None and rule.abort_days is None:
        raise InvalidRequest("At least one action needs to be specified in a rule")
    for days, action in (
        (rule.days, "Expiration"),
        (rule.abort_days, "AbortIncompleteMultipartUpload"),
    ):
        if days is not None and not 1 <= days < 2**31:
            raise InvalidArgument(f"'Days' for {action} action must be a positive integer")
    if rule.date_us is not None and rule.date_us % DAY_US:
        raise InvalidArgument("'Date' must be at midnight GMT")
    sized = rule.over_bytes is not None or rule.under_bytes is not None
    if rule.abort_days is not None and (rule.tags or sized):
        word = "Tags" if rule.tags else "Object Size"
        raise InvalidRequest(f"AbortIncompleteMultipartUpload cannot be specified with {word}.")
    if "\x00" in rule.id + rule.prefix + "".join(rule.tags) + "".join(rule.tags.values()):
        raise InvalidArgument("A rule may not contain the character NUL.")


async def put_lifecycle(env: Env, bucket_name: str, rules: list[Rule], owner: str | None) -> None:
    """Replace the bucket's rules. Raises NoSuchBucket and what `require_rules` does."""
    require_rules(rules)
    bucket = await get_bucket(env.store.reader, bucket_name, owner)
    document = msgspec.json.encode(rules).decode()
    await env.store.transact(lambda tx: rows.upsert_setting(tx, bucket.id, KIND, document))


async def get_lifecycle(env: Env, bucket_name: str, owner: str | None) -> list[Rule]:
    """Raises NoSuchBucket and NoSuchSetting."""
    bucket = await get_bucket(env.store.reader, bucket_name, owner)
    rules = await find_rules(env.store.reader, bucket.id)
    if not rules:
        raise NoSuchSetting(
            "The lifecycle configuration does not exist",
            code="NoSuchLifecycleConfiguration",
            fields={"BucketName": bucket_name},
        )
    return rules


async def delete_lifecycle(env: Env, bucket_name: str, owner: str | None) -> None:
    """No error when there is none."""
    bucket = await get_bucket(env.store.reader, bucket_name, owner)

    async def remove(tx: Tx) -> None:
        await rows.delete_setting(tx, bucket.id, KIND)

    await env.store.transact(remove)


async def find_rules(reader: Reader, bucket_id: str) -> list[Rule]:
    document = await rows.select_setting(reader, bucket_id, KIND)
    return [] if document is None else parse_rules(document)


def parse_rules(document: str) -> list[Rule]:
    return _decode(document)


def expiry_us(rule: Rule, item: StoredObject, day_s: float) -> int | None:
    """When the rule removes the object; None when it never does."""
    if not rule.expires_objects or not _concerns(rule, item):
        return None
    if rule.date_us is not None:
        return rule.date_us
    assert rule.days is not None, "a rule expires by days or by date"
    return after_days(item.modified_us, rule.days, day_s)


def after_days(start_us: int, days: int, day_s: float) -> int:
    due_us = start_us + int(days * day_s * 1e6)
    return due_us if day_s != REAL_DAY_S else -(-due_us // DAY_US) * DAY_US


def _concerns(rule: Rule, item: StoredObject) -> bool:
    if not item.key.startswith(rule.prefix):
        return False
    if rule.over_bytes is not None and item.size_bytes <= rule.over_bytes:
        return False
    if rule.under_bytes is not None and item.size_bytes >= rule.under_bytes:
        return False
    tags = item.description.tags
    return all(tags.get(name) == value for name, value in rule.tags.items())


def first_expiry(rules: list[Rule], item: StoredObject, day_s: float) -> tuple[int, str] | None:
    """(when, rule id) of the rule that removes the object first."""
    found = ((expiry_us(rule, item, day_s), rule.id) for rule in rules)
    return min(((when, name) for when, name in found if when is not None), default=None)
