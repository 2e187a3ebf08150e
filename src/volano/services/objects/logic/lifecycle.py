"""Lifecycle rules: what a bucket's owner wants to expire or to move, checked as S3 checks it.

Ages are in days of `lifecycle_day_s`; with real days they end at midnight UTC, as S3 has it (user
guide, "Lifecycle rules based on an object's age"). Where S3 would refuse to move an object back
into a nearer class, any class of this region may be named: the youngest due transition counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import msgspec

from volano.services.objects.logic.access import get_bucket
from volano.services.objects.logic.errors import InvalidArgument, InvalidRequest, NoSuchSetting
from volano.services.objects.logic.storage_classes import has_storage_class
from volano.services.objects.store import buckets as rows
from volano.services.objects.store.lifecycle import KIND

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Store, Tx
    from volano.services.objects.model import StoredObject

MAX_RULES = 1000
MAX_ID_CHARACTERS = 255
MAX_NEWER_VERSIONS = 100
REAL_DAY_S = 86_400.0
DAY_US = 86_400_000_000
MAX_KNOWN = 10_000
"""Buckets whose rules are kept in memory."""
SMALL_BYTES = 128 * 1024
MINIMUM_128K = "all_storage_classes_128K"
MINIMUMS = ("", MINIMUM_128K, "varies_by_storage_class")
_KNOWN: WeakKeyDictionary[Store, dict[str, Lifecycle]] = WeakKeyDictionary()
"""Rules by bucket id, where this process alone writes the database."""


class Transition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Move to `storage_class`, at an age or a date; `newer` is how many noncurrent versions stay.

    For noncurrent versions the age counts from when they were replaced.
    """

    storage_class: str
    days: int | None = None
    date_us: int | None = None
    newer: int = 0


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rule. `plain_prefix` is whether it was written in the old form, without a filter.

    `days` or `date_us` expire current objects, `markers` delete markers that hide nothing;
    `noncurrent_days` older versions beside the `newer` newest of them; `abort_days` is the age of
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
    markers: bool | None = None
    noncurrent_days: int | None = None
    newer: int | None = None
    transitions: tuple[Transition, ...] = ()
    noncurrent_transitions: tuple[Transition, ...] = ()
    abort_days: int | None = None

    @property
    def expires_objects(self) -> bool:
        return self.enabled and (self.days is not None or self.date_us is not None)

    @property
    def concerns_current(self) -> bool:
        return self.expires_objects or (self.enabled and bool(self.transitions))

    @property
    def concerns_versions(self) -> bool:
        """Whether it may touch anything but current objects and uploads."""
        return self.enabled and bool(
            self.markers
            or self.noncurrent_days is not None
            or self.noncurrent_transitions
            or self.expires_objects
        )


class Lifecycle(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All rules of a bucket; `minimum` is what its owner said of small objects, '' for nothing."""

    rules: list[Rule] = []
    minimum: str = ""

    @property
    def least_moved_bytes(self) -> int:
        return SMALL_BYTES if self.minimum == MINIMUM_128K else 0


_decode = msgspec.json.Decoder(Lifecycle).decode
_decode_rules = msgspec.json.Decoder(list[Rule]).decode


def require_lifecycle(env: Env, wanted: Lifecycle) -> None:
    """Raises InvalidArgument and InvalidRequest, in S3's words."""
    rules = wanted.rules
    if not 1 <= len(rules) <= MAX_RULES:
        raise _malformed(f"A lifecycle has 1 to {MAX_RULES} rules.")
    if wanted.minimum not in MINIMUMS:
        raise InvalidArgument("Invalid TransitionDefaultMinimumObjectSize found")
    if len({rule.id for rule in rules}) != len(rules):
        raise InvalidArgument("Rule ID must be unique. Found same ID for more than one rule")
    for rule in rules:
        _require_rule(rule)
        for transition in (*rule.transitions, *rule.noncurrent_transitions):
            _require_transition(env, transition)


def _malformed(message: str) -> InvalidRequest:
    return InvalidRequest(message, code="MalformedXML")


def _require_rule(rule: Rule) -> None:
    if len(rule.id) > MAX_ID_CHARACTERS:
        raise InvalidArgument(f"ID length should not exceed allowed limit of {MAX_ID_CHARACTERS}")
    ways = (rule.days, rule.date_us, rule.markers)
    if sum(way is not None for way in ways) > 1:
        raise _malformed("Expiration has one of Days, Date and ExpiredObjectDeleteMarker.")
    others = (rule.noncurrent_days, rule.abort_days)
    if all(way is None for way in (*ways, *others)) and not (
        rule.transitions or rule.noncurrent_transitions
    ):
        raise InvalidRequest("At least one action needs to be specified in a rule")
    for days, action in (
        (rule.days, "Expiration"),
        (rule.noncurrent_days, "NoncurrentVersionExpiration"),
        (rule.abort_days, "AbortIncompleteMultipartUpload"),
    ):
        if days is not None and not 1 <= days < 2**31:
            raise InvalidArgument(f"'Days' for {action} action must be a positive integer")
    _require_newer(rule.newer)
    _require_midnight(rule.date_us)
    _require_filter(rule)


def _require_filter(rule: Rule) -> None:
    sized = rule.over_bytes is not None or rule.under_bytes is not None
    for value, action in (
        (rule.abort_days, "AbortIncompleteMultipartUpload"),
        (rule.markers, "ExpiredObjectDeleteMarker"),
    ):
        if value is not None and (rule.tags or (sized and value is rule.abort_days)):
            word = "Tags" if rule.tags else "Object Size"
            raise InvalidRequest(f"{action} cannot be specified with {word}.")
    if "\x00" in rule.id + rule.prefix + "".join(rule.tags) + "".join(rule.tags.values()):
        raise InvalidArgument("A rule may not contain the character NUL.")


def _require_newer(newer: int | None) -> None:
    if newer is not None and not 1 <= newer <= MAX_NEWER_VERSIONS:
        raise InvalidArgument(
            f"'NewerNoncurrentVersions' must be a positive integer up to {MAX_NEWER_VERSIONS}"
        )


def _require_midnight(date_us: int | None) -> None:
    if date_us is not None and date_us % DAY_US:
        raise InvalidArgument("'Date' must be at midnight GMT")


def _require_transition(env: Env, transition: Transition) -> None:
    if (transition.days is None) == (transition.date_us is None):
        raise _malformed("A transition has one of Days and Date.")
    if transition.days is not None and not 0 <= transition.days < 2**31:
        raise InvalidArgument("'Days' for Transition action must be nonnegative")
    _require_midnight(transition.date_us)
    if not has_storage_class(env, transition.storage_class):
        raise _malformed(f"There is no storage class {transition.storage_class[:64]} here.")


async def put_lifecycle(env: Env, bucket_name: str, wanted: Lifecycle, owner: str | None) -> None:
    """Replace the bucket's rules. Raises NoSuchBucket and what `require_lifecycle` does."""
    require_lifecycle(env, wanted)
    bucket = await get_bucket(env.store.reader, bucket_name, owner)
    document = msgspec.json.encode(wanted).decode()
    await env.store.transact(lambda tx: rows.upsert_setting(tx, bucket.id, KIND, document))
    forget_rules(env, bucket.id)


async def get_lifecycle(env: Env, bucket_name: str, owner: str | None) -> Lifecycle:
    """Raises NoSuchBucket and NoSuchSetting."""
    bucket = await get_bucket(env.store.reader, bucket_name, owner)
    found = await find_lifecycle(env, bucket.id)
    if not found.rules:
        raise NoSuchSetting(
            "The lifecycle configuration does not exist",
            code="NoSuchLifecycleConfiguration",
            fields={"BucketName": bucket_name},
        )
    return found


async def delete_lifecycle(env: Env, bucket_name: str, owner: str | None) -> None:
    """No error when there is none."""
    bucket = await get_bucket(env.store.reader, bucket_name, owner)

    async def remove(tx: Tx) -> None:
        await rows.delete_setting(tx, bucket.id, KIND)

    await env.store.transact(remove)
    forget_rules(env, bucket.id)


async def find_lifecycle(env: Env, bucket_id: str) -> Lifecycle:
    """A bucket's rules, none when there are none; from memory where nobody else writes them."""
    known = _KNOWN.setdefault(env.store, {}) if getattr(env.store, "exclusive", False) else {}
    found = known.get(bucket_id)
    if found is None:
        document = await rows.select_setting(env.store.reader, bucket_id, KIND)
        found = Lifecycle() if document is None else parse_lifecycle(document)
        if len(known) >= MAX_KNOWN:
            known.clear()
        known[bucket_id] = found
    return found


def forget_rules(env: Env, bucket_id: str) -> None:
    _KNOWN.get(env.store, {}).pop(bucket_id, None)


def parse_lifecycle(document: str) -> Lifecycle:
    """Read what is stored; rows of before 0.2 hold a bare list of rules."""
    if document.startswith("["):
        return Lifecycle(rules=_decode_rules(document))
    return _decode(document)


def after_days(start_us: int, days: int, day_s: float) -> int:
    due_us = start_us + int(days * day_s * 1e6)
    return due_us if day_s != REAL_DAY_S else -(-due_us // DAY_US) * DAY_US


def concerns(rule: Rule, item: StoredObject) -> bool:
    """Whether the rule's filter lets the object through."""
    if not rule.enabled or not item.key.startswith(rule.prefix):
        return False
    if rule.over_bytes is not None and item.size_bytes <= rule.over_bytes:
        return False
    if rule.under_bytes is not None and item.size_bytes >= rule.under_bytes:
        return False
    tags = item.description.tags
    return all(tags.get(name) == value for name, value in rule.tags.items())
