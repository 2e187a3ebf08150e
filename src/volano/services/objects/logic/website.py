"""Static websites: the configuration, and which key, redirect or error a path leads to.

Specified in the S3 user guide, "Hosting a static website" (index documents, error documents,
redirects and routing rules). Pure but for the setting's row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from volano.services.objects.logic.access import forget_bucket, get_bucket
from volano.services.objects.logic.bucket_access import change_flags
from volano.services.objects.logic.errors import InvalidArgument, InvalidRequest, NoSuchSetting
from volano.services.objects.store import buckets as rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Tx
    from volano.services.objects.model import Bucket

KIND = "website"
MAX_RULES = 50
PROTOCOLS = ("http", "https")


class Redirect(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a rule sends a visitor; '' and None mean that the part stays."""

    host: str = ""
    protocol: str = ""
    status: int = 301
    key: str | None = None
    key_prefix: str | None = None


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A routing rule: for keys of a prefix, or after an error, go elsewhere."""

    prefix: str | None = None
    error: int | None = None
    redirect: Redirect


class Website(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`all_to` sends every request to another host; otherwise `index` is the suffix of folders."""

    all_to: Redirect | None = None
    index: str = ""
    error_key: str = ""
    rules: tuple[Rule, ...] = ()


def require_website(website: Website) -> None:
    """Raises InvalidArgument and InvalidRequest for a configuration that leads nowhere."""
    if website.all_to is not None:
        if website.index or website.error_key or website.rules:
            raise InvalidRequest(
                "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.",
            )
        _require_redirect(website.all_to)
        return
    if not website.index or "/" in website.index:
        raise InvalidArgument(
            "The IndexDocument Suffix is not well formed",
            fields={"ArgumentName": "IndexDocument", "ArgumentValue": website.index[:256]},
        )
    if len(website.rules) > MAX_RULES:
        raise InvalidRequest(
            f"{len(website.rules)} routing rules provided, the number of routing "
            f"rules in a website configuration is limited to {MAX_RULES}."
        )
    for rule in website.rules:
        _require_redirect(rule.redirect)


def _require_redirect(redirect: Redirect) -> None:
    if redirect.protocol and redirect.protocol not in PROTOCOLS:
        raise InvalidRequest(
            "Invalid protocol, protocol can be http or https. If not defined the "
            "protocol will be selected automatically."
        )
    if redirect.key is not None and redirect.key_prefix is not None:
        raise InvalidRequest("You can only define ReplaceKeyPrefix or ReplaceKey but not both.")
    if not 300 <= redirect.status < 400 or redirect.status in (304, 306):
        raise InvalidRequest(
            f"The provided HTTP redirect code ({redirect.status}) is not valid. Valid codes are "
            "3XX except 300."
        )


async def put_website(
    env: Env, name: str, website: Website | None, *, owner: str | None = None
) -> None:
    """Set the bucket's website; None removes it."""
    if website is not None:
        require_website(website)

    async def write(tx: Tx) -> None:
        bucket = await get_bucket(tx, name, owner)
        if website is None:
            await rows.delete_setting(tx, bucket.id, KIND)
        else:
            text = msgspec.json.encode(website).decode()
            await rows.upsert_setting(tx, bucket.id, KIND, text)
        await change_flags(tx, bucket, website=website is not None)

    await env.store.transact(write)
    forget_bucket(env, name)


async def get_website(env: Env, bucket: Bucket) -> Website:
    """Raises NoSuchSetting."""
    document = None
    if bucket.access.website:
        document = await rows.select_setting(env.store.reader, bucket.id, KIND)
    if document is None:
        raise NoSuchSetting(
            "The specified bucket does not have a website configuration",
            code="NoSuchWebsiteConfiguration",
            fields={"BucketName": bucket.name},
        )
    return msgspec.json.decode(document, type=Website)


def key_of(website: Website, path: str) -> str:
    """The key that a visitor's path (without its first slash) means."""
    return path + website.index if not path or path.endswith("/") else path


def find_rule(website: Website, path: str, error: int | None) -> Rule | None:
    """The first rule for the path, before anything was read (`error` None) or after an error."""
    for rule in website.rules:
        if rule.prefix is not None and not path.startswith(rule.prefix):
            continue
        if rule.error == error:
            return rule
    return None


def location(rule: Rule, path: str, *, scheme: str, host: str) -> str:
    """Where a rule sends the visitor."""
    redirect = rule.redirect
    if redirect.key is not None:
        path = redirect.key
    elif redirect.key_prefix is not None:
        path = redirect.key_prefix + path[len(rule.prefix or "") :]
    return f"{redirect.protocol or scheme}://{redirect.host or host}/{quote(path)}"
