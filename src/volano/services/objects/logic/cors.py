"""Which pages may call a bucket (CORS): rules kept as a setting, and the one that matches.

S3 user guide, "Elements of a CORS configuration": the first rule of which origin, method and every
requested header match decides.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from volano.services.objects.logic.access import forget_bucket, get_bucket, open_bucket
from volano.services.objects.logic.bucket_access import change_flags
from volano.services.objects.logic.errors import InvalidRequest, MalformedXml, NoSuchSetting
from volano.services.objects.store import buckets as rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Env
    from volano.kernel.store import Tx
    from volano.services.objects.model import Bucket

KIND = "cors"
MAX_RULES = 100
MAX_REMEMBERED = 1024
METHODS = ("GET", "PUT", "HEAD", "POST", "DELETE")


class CorsRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rule, as the client wrote it."""

    id: str = ""
    methods: tuple[str, ...]
    origins: tuple[str, ...]
    headers: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    max_age_s: int | None = None


async def put_cors(
    env: Env, name: str, rules: Sequence[CorsRule], *, expected_owner: str | None = None
) -> None:
    """Replace all rules; none removes the setting. Raises InvalidRequest."""
    if len(rules) > MAX_RULES:
        raise MalformedXml("The number of CORS rules should not exceed allowed limit of 100 rules.")
    for rule in rules:
        _require_rule(rule)

    async def write(tx: Tx) -> None:
        bucket = await get_bucket(tx, name, expected_owner)
        if rules:
            text = msgspec.json.encode(list(rules)).decode()
            await rows.upsert_setting(tx, bucket.id, KIND, text)
        else:
            await rows.delete_setting(tx, bucket.id, KIND)
        await change_flags(tx, bucket, cors=bool(rules))

    await env.store.transact(write)
    forget_bucket(env, name)


def _require_rule(rule: CorsRule) -> None:
    for method in rule.methods:
        if method not in METHODS:
            raise InvalidRequest(
                "Found unsupported HTTP method in CORS config. Unsupported method is " + method[:64]
            )
    for origin in rule.origins:
        if origin.count("*") > 1:
            raise InvalidRequest(
                f'AllowedOrigin "{origin[:256]}" can not have more than one wildcard.'
            )
    for header in rule.headers:
        if header.count("*") > 1:
            raise InvalidRequest(
                f'AllowedHeader "{header[:256]}" can not have more than one wildcard.'
            )
    for header in rule.exposed:
        if "*" in header:
            raise InvalidRequest(
                f'ExposeHeader "{header[:256]}" contains wildcard. We currently do not support '
                "wildcard for ExposeHeader."
            )


async def get_cors(env: Env, bucket: Bucket) -> list[CorsRule]:
    """Raises NoSuchSetting."""
    found = await find_cors(env, bucket)
    if not found:
        raise NoSuchSetting(
            "The CORS configuration does not exist",
            code="NoSuchCORSConfiguration",
            fields={"BucketName": bucket.name},
        )
    return found


async def find_cors(env: Env, bucket: Bucket) -> list[CorsRule]:
    if not bucket.access.cors:
        return []
    document = await rows.select_setting(env.store.reader, bucket.id, KIND)
    return msgspec.json.decode(document, type=list[CorsRule]) if document else []


async def match_cors(
    env: Env, name: str, *, origin: str, method: str, headers: Sequence[str]
) -> tuple[bool, CorsRule | None]:
    """Whether the bucket has rules, and the one that lets this page in. Raises NoSuchBucket."""
    rules = await find_cors(env, await open_bucket(env, name))
    for rule in rules:
        if method in rule.methods and any(_matches(each, origin) for each in rule.origins):
            allowed = [each.lower() for each in rule.headers]
            if all(any(_matches(each, header) for each in allowed) for header in headers):
                return True, rule
    return bool(rules), None


def _matches(pattern: str, text: str) -> bool:
    return pattern == "*" or _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=MAX_REMEMBERED)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)
