"""Buckets of other S3 stores (another Volano, AWS, Ceph) that replication rules may name.

A rule names one by `arn:aws:s3:REGION:ACCOUNT:replication-target/NAME` of the bucket's own account.
There objects are written as a client writes them: the other store gives its own version ids.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from volano.kernel.egress import EgressRefused, parse_url
from volano.kernel.errors import Denied, Invalid, NotFound, QuotaExceeded, Unavailable
from volano.kernel.ids import parse_arn
from volano.services.identity.interface import declare_quota, quota_value
from volano.services.objects.logic.encryption import open_key
from volano.services.objects.logic.foreign_stores import ForeignBucket, ask
from volano.services.objects.logic.names import require_bucket_name
from volano.services.objects.logic.reading import read_range
from volano.services.objects.model import ReplicationTarget
from volano.services.objects.store import replication_targets as rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.objects.model import StoredObject

QUOTA = "s3.replication-targets"
DEFAULT_TARGETS = 100
SIGNED_BYTES = 8 * 1024 * 1024
"""Objects up to this are read whole and signed; larger ones are streamed."""
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_REGION = re.compile(r"[a-z0-9-]{1,64}\Z")
_HEADERS = {
    "CacheControl": "cache-control",
    "ContentDisposition": "content-disposition",
    "ContentEncoding": "content-encoding",
    "ContentLanguage": "content-language",
    "ContentType": "content-type",
}
declare_quota(QUOTA, DEFAULT_TARGETS)


class InvalidTarget(Invalid):
    code = "InvalidReplicationTarget"


class NoSuchTarget(NotFound):
    code = "NoSuchReplicationTarget"


class TooManyTargets(QuotaExceeded):
    code = "TooManyReplicationTargets"


def target_arn(env: Env, account: str, name: str) -> str:
    return f"arn:aws:s3:{env.region.name}:{account}:replication-target/{name}"


def is_target(text: str) -> bool:
    """Whether a rule's destination is another store and not a bucket here."""
    arn = parse_arn(text)
    return arn is not None and arn.resource.startswith("replication-target/")


async def find_target(env: Env, account: str, text: str) -> ReplicationTarget | None:
    """The target of that account with that ARN."""
    arn = parse_arn(text)
    name = "" if arn is None else arn.resource.removeprefix("replication-target/")
    if arn is None or arn.account != account or not _NAME.match(name):
        return None
    return await rows.select_target(env.store.reader, account, name)


async def put_target(
    env: Env, call: Call, target: ReplicationTarget, secret_access_key: str
) -> ReplicationTarget:
    """Make or replace a target; its secret is sealed. Raises InvalidTarget and TooManyTargets."""
    if not _NAME.match(target.name):
        raise InvalidTarget("A target's name has 1 to 64 letters, digits, '-' and '_'.")
    await _require_place(env, target)
    sealed = ReplicationTarget(
        account=call.account,
        name=target.name,
        endpoint=target.endpoint.rstrip("/"),
        region=target.region,
        bucket=target.bucket,
        access_key_id=target.access_key_id,
        secret=env.secrets.seal(
            secret_access_key.encode(), context=_context(call.account, target.name)
        ),
        created_us=env.clock.now_us(),
    )

    async def write(tx: Tx) -> None:
        if await rows.select_target(tx, call.account, target.name) is None:
            held = await rows.count_targets(tx, call.account)
            if held >= await quota_value(tx, call.account, QUOTA):
                raise TooManyTargets(f"The quota {QUOTA} of this account is used up: {held}.")
        await rows.upsert_target(tx, sealed)

    await env.store.transact(write)
    return sealed


async def _require_place(env: Env, target: ReplicationTarget) -> None:
    try:
        parse_url(target.endpoint)
        await env.egress.require_allowed(target.endpoint)
    except EgressRefused as error:
        raise InvalidTarget(error.message) from error
    parts = urlsplit(target.endpoint)
    if parts.path.strip("/") or parts.query or parts.username is not None:
        raise InvalidTarget("The endpoint is a scheme, a host and perhaps a port.")
    require_bucket_name(target.bucket)
    if not _REGION.match(target.region) or not re.fullmatch(r"[\w-]{1,128}", target.access_key_id):
        raise InvalidTarget("The region or the access key id is not one.")


def _context(account: str, name: str) -> str:
    return f"replication target {account} {name}"


async def list_targets(
    env: Env, call: Call, *, after: str, limit: int
) -> tuple[list[ReplicationTarget], str | None]:
    """The account's targets by name, and where the next page begins."""
    found = await rows.select_targets(env.store.reader, call.account, after=after, limit=limit + 1)
    return found[:limit], found[limit - 1].name if len(found) > limit else None


async def delete_target(env: Env, call: Call, name: str) -> None:
    """Raises NoSuchTarget; what is on its way fails."""

    async def write(tx: Tx) -> None:
        if "\x00" in name or not await rows.delete_target(tx, call.account, name):
            raise NoSuchTarget(f"There is no replication target called {name[:64]}.")

    await env.store.transact(write)


async def write_to_target(
    env: Env, call: Call, target: ReplicationTarget, item: StoredObject
) -> None:
    """Write one version to the other store, or delete its key for a delete marker. Raises Denied
    for what it refuses, Unavailable for what may work later."""
    secret = env.secrets.open(target.secret, context=_context(target.account, target.name))
    store = ForeignBucket(
        endpoint=target.endpoint,
        region=target.region,
        bucket=target.bucket,
        access_key_id=target.access_key_id,
        secret_access_key=secret.decode(),
    )
    if item.is_marker:
        reply = await ask(env, store, "DELETE", item.key, headers={})
    else:
        data_key = await open_key(env, call, item, None)
        chunks = read_range(env, item, 0, item.size_bytes, data_key=data_key)
        body = chunks
        headers = _headers_of(item)
        if item.size_bytes <= SIGNED_BYTES:
            whole = b"".join([chunk async for chunk in chunks])
            reply = await ask(
                env, store, "PUT", item.key, headers=headers, body=whole, length=len(whole)
            )
        else:
            reply = await ask(
                env, store, "PUT", item.key, headers=headers, body=body, length=item.size_bytes
            )
    if reply.status < 300:
        return
    text = f"The other store answered {reply.status} for {target.bucket}."
    if reply.status >= 500 or reply.status == 429:
        raise Unavailable(text)
    raise Denied(text)


def _headers_of(item: StoredObject) -> dict[str, str]:
    description = item.description
    found = {
        _HEADERS[name]: value for name, value in description.headers.items() if name in _HEADERS
    }
    found |= {f"x-amz-meta-{name}": value for name, value in description.metadata.items()}
    if description.tags:
        pairs = (f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in description.tags.items())
        found["x-amz-tagging"] = "&".join(pairs)
    return found
