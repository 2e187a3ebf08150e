"""S3: a bucket's static website, and what its visitors get on the website host.

The host is `bucket.s3-website.<any domain of ours>`; on one machine
`http://bucket.s3-website.localhost:9000/`. Visitors are anonymous, so what they read must be
public by policy or list.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from volano.kernel.errors import VolanoError
from volano.services.objects.api.facts import facts_of_bucket
from volano.services.objects.logic import website as logic
from volano.services.objects.logic.access import open_bucket
from volano.services.objects.logic.errors import InvalidRequest, MalformedXml, NoSuchBucket
from volano.wire.action import action, find_action, run_action
from volano.wire.aws.catalog import get_codec, get_service
from volano.wire.aws.codec import Incoming
from volano.wire.aws.s3_edges import WEBSITE, s3_edge
from volano.wire.http import Response

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.objects.api.members import Request, Result
    from volano.services.objects.logic.website import Redirect, Website
    from volano.wire.http import Request as HttpRequest

BUCKET = "arn:aws:s3:::{Bucket}"
_HTML = ("Content-Type", "text/html; charset=utf-8")
_TITLES = {403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 400: "Bad Request"}
_NOT_MODIFIED = 304


@action(
    "s3:GetBucketWebsite",
    permission="s3:GetBucketWebsite",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def get_bucket_website(env: Env, call: Call, request: Request) -> Result:
    bucket = await open_bucket(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    website = await logic.get_website(env, bucket)
    if website.all_to is not None:
        to: Result = {"HostName": website.all_to.host}
        if website.all_to.protocol:
            to["Protocol"] = website.all_to.protocol
        return {"RedirectAllRequestsTo": to}
    result: Result = {"IndexDocument": {"Suffix": website.index}}
    if website.error_key:
        result["ErrorDocument"] = {"Key": website.error_key}
    if website.rules:
        result["RoutingRules"] = [_rule_result(rule) for rule in website.rules]
    return result


@action(
    "s3:PutBucketWebsite",
    permission="s3:PutBucketWebsite",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def put_bucket_website(env: Env, call: Call, request: Request) -> Result:
    website = _website(request["WebsiteConfiguration"])
    owner = request.get("ExpectedBucketOwner")
    await logic.put_website(env, request["Bucket"], website, owner=owner)
    return {}


@action(
    "s3:DeleteBucketWebsite",
    permission="s3:DeleteBucketWebsite",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def delete_bucket_website(env: Env, call: Call, request: Request) -> Result:
    owner = request.get("ExpectedBucketOwner")
    await logic.put_website(env, request["Bucket"], None, owner=owner)
    return {}


def _website(members: Request) -> Website:
    to = members.get("RedirectAllRequestsTo")
    return logic.Website(
        all_to=None
        if to is None
        else logic.Redirect(host=to.get("HostName") or "", protocol=to.get("Protocol") or ""),
        index=(members.get("IndexDocument") or {}).get("Suffix") or "",
        error_key=(members.get("ErrorDocument") or {}).get("Key") or "",
        rules=tuple(_rule(each) for each in members.get("RoutingRules") or ()),
    )


def _rule(member: Request) -> logic.Rule:
    condition, redirect = member.get("Condition"), member.get("Redirect") or {}
    if condition == {}:
        raise InvalidRequest(
            "Condition cannot be empty. To redirect all requests without a condition, the "
            "condition element shouldn't be present."
        )
    condition = condition or {}
    error = condition.get("HttpErrorCodeReturnedEquals")
    return logic.Rule(
        prefix=condition.get("KeyPrefixEquals"),
        error=None if error is None else _code(error),
        redirect=logic.Redirect(
            host=redirect.get("HostName") or "",
            protocol=redirect.get("Protocol") or "",
            status=_code(redirect.get("HttpRedirectCode") or "301"),
            key=redirect.get("ReplaceKeyWith"),
            key_prefix=redirect.get("ReplaceKeyPrefixWith"),
        ),
    )


def _code(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) != 3:
        raise MalformedXml()
    return int(text)


def _rule_result(rule: logic.Rule) -> Result:
    condition = {
        "KeyPrefixEquals": rule.prefix,
        "HttpErrorCodeReturnedEquals": None if rule.error is None else str(rule.error),
    }
    result: Result = {"Redirect": _redirect_result(rule.redirect)}
    if any(value is not None for value in condition.values()):
        result["Condition"] = condition
    return result


def _redirect_result(redirect: Redirect) -> Result:
    return {
        "HostName": redirect.host or None,
        "Protocol": redirect.protocol or None,
        "HttpRedirectCode": None if redirect.status == 301 else str(redirect.status),
        "ReplaceKeyWith": redirect.key,
        "ReplaceKeyPrefixWith": redirect.key_prefix,
    }


@s3_edge(WEBSITE)
async def answer_visitor(env: Env, request: HttpRequest, call: Call, bucket_name: str) -> Response:
    """What a visitor of the website host gets; refusals are pages."""
    try:
        if request.method not in ("GET", "HEAD"):
            return _page(
                405,
                "MethodNotAllowed",
                "The specified method is not allowed against this resource.",
            )
        bucket = await open_bucket(env, bucket_name)
        website = await logic.get_website(env, bucket)
    except NoSuchBucket as error:
        return _page(404, error.wire_code, error.message)
    except VolanoError as error:
        return _page(error.wire_status, error.wire_code, error.message)
    path = request.path[1:]
    rule = logic.Rule(redirect=website.all_to) if website.all_to else None
    rule = rule or logic.find_rule(website, path, None)
    if rule is not None:
        return _moved(request, rule, path)
    try:
        return await _read(env, request, call, bucket_name, logic.key_of(website, path))
    except VolanoError as error:
        return await _after_error(env, request, call, (bucket_name, website, path), error)


async def _after_error(
    env: Env,
    request: HttpRequest,
    call: Call,
    place: tuple[str, Website, str],
    error: VolanoError,
) -> Response:
    """A folder's redirect, a rule for the error, the error document, or a plain page."""
    bucket, website, path = place
    if error.wire_status == _NOT_MODIFIED:
        return Response(status=_NOT_MODIFIED)
    if error.wire_status in (403, 404) and path and not path.endswith("/"):
        folder = f"{path}/{website.index}"
        if await _is_readable(env, call, bucket, folder):
            return Response(status=302, headers=[("Location", f"/{quote(path)}/")])
    rule = logic.find_rule(website, path, error.wire_status)
    if rule is not None:
        return _moved(request, rule, path)
    if website.error_key and 400 <= error.wire_status < 500:
        try:
            page = await _read(env, request, call, bucket, website.error_key, plain=True)
        except VolanoError:
            return _page(error.wire_status, error.wire_code, error.message)
        page.status = error.wire_status
        return page
    return _page(error.wire_status, error.wire_code, error.message)


async def _read(
    env: Env, request: HttpRequest, call: Call, bucket: str, key: str, *, plain: bool = False
) -> Response:
    """The object as GetObject or HeadObject answers it, by the same rules."""
    operation = "HeadObject" if request.method == "HEAD" else "GetObject"
    codec = await get_codec(await get_service("s3"), operation, "rest-xml")
    wanted: Request = {"Bucket": bucket, "Key": key}
    if not plain:
        labels = {"Bucket": bucket, "Key": key}
        wanted = codec.read(Incoming(headers=request.headers, labels=labels))
    found = find_action(f"s3:{operation}")
    assert found is not None
    result = await run_action(env, call, found, wanted)
    result.pop("_headers", None)  # the fence of pages on the host of others
    answer = codec.write(result, str(call.request_id))
    redirect = answer.header("x-amz-website-redirect-location")
    if redirect is not None:
        return Response(status=301, headers=[("Location", redirect)])
    return answer


async def _is_readable(env: Env, call: Call, bucket: str, key: str) -> bool:
    found = find_action("s3:HeadObject")
    assert found is not None
    try:
        await run_action(env, call, found, {"Bucket": bucket, "Key": key})
    except VolanoError:
        return False
    return True


def _moved(request: HttpRequest, rule: logic.Rule, path: str) -> Response:
    to = logic.location(rule, path, scheme=request.scheme, host=request.host)
    return Response(status=rule.redirect.status, headers=[("Location", to)])


def _page(status: int, code: str, message: str) -> Response:
    """S3's page for an error, without an error document."""
    title = f"{status} {_TITLES.get(status, 'Error')}"
    lines = (f"Code: {code}", f"Message: {message}")
    body = "".join(f"<li>{escape(line)}</li>\n" for line in lines)
    text = (
        f"<html>\n<head><title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n<ul>\n{body}"
        "</ul>\n<hr/>\n</body>\n</html>\n"
    )
    headers = [_HTML, ("x-amz-error-code", code), ("x-amz-error-message", message)]
    return Response(status=status, headers=headers, body=text.encode())
