"""Which changes of a bucket are told to whom: the rules, checked and kept.

A rule names events, perhaps a prefix and a suffix of the key, and a target: a queue, a topic, or a
hook by an ARN of a function's form. Two rules of one event may not both fit a key. A target must be
there and let S3 send for this bucket when the rules are put.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote
from weakref import WeakKeyDictionary

import msgspec

from volano.kernel.ids import parse_arn
from volano.services.objects.logic.access import forget_bucket, get_bucket, open_bucket
from volano.services.objects.logic.errors import InvalidArgument
from volano.services.objects.store import buckets as rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Env
    from volano.kernel.store import Reader, Store, Tx
    from volano.services.objects.model import Bucket

KIND = "notification"
MAX_RULES = 100
MAX_VALUE_CHARACTERS = 1024
MAX_KNOWN = 10_000
"""Buckets whose rules are kept in memory."""
SERVICES = {"queue": "sqs", "topic": "sns", "function": "lambda"}
_EVENTS = {
    "ObjectCreated": ("Put", "Post", "Copy", "CompleteMultipartUpload"),
    "ObjectRemoved": ("Delete", "DeleteMarkerCreated"),
    "ObjectTagging": ("Put", "Delete"),
    "LifecycleExpiration": ("Delete", "DeleteMarkerCreated"),
    "LifecycleTransition": (),
    "ObjectAcl": ("Put",),
}
EVENTS = frozenset(
    f"s3:{kind}{part}"
    for kind, names in _EVENTS.items()
    for part in ((":*", *(f":{name}" for name in names)) if len(names) > 1 else
                 tuple(f":{name}" for name in names) or ("",))
)  # fmt: skip
"""What a rule may name: what happens here."""


_KNOWN: WeakKeyDictionary[Store, dict[str, Notifications]] = WeakKeyDictionary()
"""Rules by the database that holds them, and by bucket id."""


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rule; `kind` is `queue`, `topic` or `function`."""

    id: str
    kind: str
    arn: str
    events: tuple[str, ...]
    prefix: str = ""
    suffix: str = ""


class Notifications(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class NoSuchTarget:
    """Why a target cannot be used, beside its ARN."""

    arn: str
    reason: str


async def find_notifications(env: Env, bucket: Bucket) -> Notifications:
    """The rules of a bucket, none when there are none; from memory where this process alone
    writes the database, since every change of an object asks."""
    if not getattr(env.store, "exclusive", False):
        return await _select(env.store.reader, bucket)
    known = _KNOWN.setdefault(env.store, {})
    found = known.get(bucket.id)
    if found is None:
        found = await _select(env.store.reader, bucket)
        if len(known) >= MAX_KNOWN:
            known.clear()
        known[bucket.id] = found
    return found


async def _select(reader: Reader, bucket: Bucket) -> Notifications:
    text = await rows.select_setting(reader, bucket.id, KIND)
    return Notifications() if text is None else msgspec.json.decode(text, type=Notifications)


def forget_notifications(env: Env) -> None:
    """Rows were changed by others than logic (test mode's reset)."""
    _KNOWN.pop(env.store, None)


async def get_notifications(env: Env, name: str, owner: str | None) -> Notifications:
    """Raises NoSuchBucket."""
    return await find_notifications(env, await open_bucket(env, name, owner))


async def put_notifications(
    env: Env, name: str, owner: str | None, wanted: Sequence[Rule]
) -> Bucket:
    """Replace all rules of a bucket; their targets were checked. Raises NoSuchBucket."""
    document = msgspec.json.encode(Notifications(rules=tuple(wanted))).decode()

    async def write(tx: Tx) -> Bucket:
        bucket = await get_bucket(tx, name, owner)
        if wanted:
            await rows.upsert_setting(tx, bucket.id, KIND, document)
        else:
            await rows.delete_setting(tx, bucket.id, KIND)
        return bucket

    bucket = await env.store.transact(write)
    _KNOWN.get(env.store, {}).pop(bucket.id, None)
    forget_bucket(env, name)
    return bucket


def require_rules(env: Env, wanted: Sequence[Rule]) -> None:
    """Raises InvalidArgument in S3's words."""
    if len(wanted) > MAX_RULES:
        raise InvalidArgument(f"A bucket has at most {MAX_RULES} notification rules.")
    if len({rule.id for rule in wanted}) != len(wanted):
        raise InvalidArgument("Same ID used for multiple configurations. IDs must be unique")
    for rule in wanted:
        _require_rule(env, rule)
    for place, one in enumerate(wanted):
        for other in wanted[place + 1 :]:
            _require_apart(one, other)


def _require_rule(env: Env, rule: Rule) -> None:
    arn = parse_arn(rule.arn)
    if arn is None or arn.service != SERVICES[rule.kind]:
        raise InvalidArgument(
            "The ARN could not be parsed",
            fields={"ArgumentName": _ARGUMENTS[rule.kind], "ArgumentValue": rule.arn},
        )
    if arn.region != env.region.name and not env.config.test_mode:
        raise InvalidArgument(
            "The notification destination service region is not valid for the bucket location "
            "constraint"
        )
    for name in rule.events:
        if name not in EVENTS:
            raise InvalidArgument(
                "The event is not supported for notifications",
                fields={"ArgumentName": name, "ArgumentValue": ""},
            )
    if not rule.events:
        raise InvalidArgument("A notification rule names at least one event.")
    if any(
        len(text) > MAX_VALUE_CHARACTERS or "\x00" in text for text in (rule.prefix, rule.suffix)
    ):
        raise InvalidArgument("Size of filter rule value cannot exceed 1024 bytes in UTF-8")


_ARGUMENTS = {"queue": "Queue", "topic": "Topic", "function": "CloudFunction"}


def _require_apart(one: Rule, other: Rule) -> None:
    """No event of one key may fit both."""
    if not any(_meets(first, second) for first in one.events for second in other.events):
        return
    prefixes = one.prefix.startswith(other.prefix) or other.prefix.startswith(one.prefix)
    suffixes = one.suffix.endswith(other.suffix) or other.suffix.endswith(one.suffix)
    if prefixes and suffixes:
        raise InvalidArgument(
            "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules "
            "if the prefixes are overlapping for the same event type."
            if one.prefix or other.prefix or one.suffix or other.suffix
            else "Configurations overlap. Configurations on the same bucket cannot share a common "
            "event type."
        )


def _meets(first: str, second: str) -> bool:
    if first == second:
        return True
    return any(
        wide.endswith(":*") and narrow.startswith(wide[:-1])
        for wide, narrow in ((first, second), (second, first))
    )


def rules_for(found: Notifications, name: str, key: str) -> list[Rule]:
    """Rules that an event (`ObjectCreated:Put`) of a key fits."""
    full = f"s3:{name}"
    return [
        rule
        for rule in found.rules
        if key.startswith(rule.prefix)
        and key.endswith(rule.suffix)
        and any(_meets(event, full) for event in rule.events)
    ]


def filter_value(text: str) -> str:
    """A filter's value, which may be percent-encoded as keys in listings are."""
    return unquote(text.replace("+", " ")) if "%" in text or "+" in text else text
