"""The AWS door: one request in, one response out, in the protocol that the client speaks.

Find the service, the operation and the caller; read; check; run the action; write. Every error
leaves in the protocol's own form, with a request id and no traceback. A body is read only after
the caller's key is known, and streamed to the handler where the operation streams.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from volano.kernel.errors import Internal, Invalid, NotBuilt, VolanoError
from volano.wire.action import PUBLIC, find_action, run_action
from volano.wire.aws.caller import (
    Caller,
    env_as_signed,
    find_caller,
    open_payload,
    read_payload,
    verify_body,
)
from volano.wire.aws.catalog import get_codec, get_service, service_rows
from volano.wire.aws.checksums import check_body_checksums
from volano.wire.aws.chunked import ChunkedPayload
from volano.wire.aws.codec import Incoming
from volano.wire.aws.constraints import describe
from volano.wire.aws.errors import Origin, render
from volano.wire.aws.query_reader import parse_form
from volano.wire.aws.routes import decode_label
from volano.wire.aws.s3_edges import (
    CHARGED,
    LOGGED,
    WEBSITE_MARK,
    add_cors_headers,
    answer_preflight,
    answer_website,
    note_served,
    website_bucket_of_host,
)
from volano.wire.aws.s3_form import is_form, open_form
from volano.wire.aws.s3_routes import S3Routes, bucket_of_host
from volano.wire.aws.scalars import BadValue
from volano.wire.aws.sigv4 import (
    ALGORITHM,
    AuthFailure,
    AuthMalformed,
    find_claim,
    seconds_of_stamp,
)
from volano.wire.aws.target import (
    FORM_MEDIA,
    Target,
    UnknownOperation,
    find_rest_operation,
    target_of_headers,
    target_of_parameters,
)
from volano.wire.aws.xml import MALFORMED, MalformedXml
from volano.wire.credential import call_of, request_id_of
from volano.wire.http import ClientGone, Response
from volano.wire.refusals import record_refusal

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.wire.action import Action
    from volano.wire.aws.catalog import Service
    from volano.wire.aws.codec import Codec
    from volano.wire.aws.constraints import Violation
    from volano.wire.aws.sigv4 import Claim
    from volano.wire.http import Request

MAX_FORM_BYTES = 2 * 1024 * 1024
MAX_XML_BYTES = 4 * 1024 * 1024
MAX_JSON_BYTES = 16 * 1024 * 1024
SSE_HEADER = "x-amz-server-side-encryption"
"""Not in the model of reads, which S3 refuses when they carry it."""
_EC2_SETS = {"Resources": "resourceIdSet", "Tags": "tagSet"}
_SCOPE_SERVICE = re.compile(
    r"Credential=[^/%&, ]*(?:/|%2F)\d+(?:/|%2F)[^/%&, ]+(?:/|%2F)([a-z0-9-]+)(?:/|%2F)aws4_request"
)


async def handle(env: Env, request: Request) -> Response:
    """Answer one request on the AWS port; raises only ClientGone."""
    request_id = request_id_of(env, request)
    request.scope["volano.request_id"] = request_id
    origin = Origin(
        request_id=request_id,
        host_id=f"volano/{env.region.name}",
        head=request.method == "HEAD",
        began_s=env.clock.monotonic_s(),
    )
    try:
        response = await _answer(env, request, origin)
    except VolanoError as error:
        response = _refuse(env, error, origin)
        if isinstance(error, AuthFailure | AuthMalformed):
            await _record_refusal(env, request, error, origin)
    except ClientGone:
        raise
    except Exception as error:  # noqa: BLE001 - the door: nothing but a response leaves
        env.log.error("request failed", request_id=request_id, error=repr(error))
        response = render(Internal("We encountered an internal error. Please try again."), origin)
    response.headers.append(("x-amz-request-id", request_id))
    if _left_unread(request):
        response.headers.append(("Connection", "close"))
    if origin.service == "s3":
        await _finish_s3(env, request, response, origin)
    else:
        response.headers.append(("x-amzn-RequestId", request_id))
    return response


async def _finish_s3(env: Env, request: Request, response: Response, origin: Origin) -> None:
    """What S3 adds to every answer, also to refusals."""
    response.headers.append(("x-amz-id-2", origin.host_id))
    if "origin" in request.headers and request.method != "OPTIONS":
        try:
            await add_cors_headers(env, request, response, origin.bucket)
        except Exception as error:  # noqa: BLE001 - the answer goes out, though no page may read it
            env.log.error("no CORS headers", request_id=origin.request_id, error=repr(error))
    if origin.call is None:
        return
    charged = origin.call.context.get(CHARGED)
    if charged is not None:
        response.headers.append(("x-amz-request-charged", charged))
    if LOGGED in origin.call.context:
        note_served(env, request, response, origin, origin.call)


def _left_unread(request: Request) -> bool:
    """Whether bytes of the body may still be on the connection, so that it cannot be used again."""
    length = request.headers.get("content-length", "")
    if length.isdigit():
        return int(length) > request.body.received_bytes
    return "transfer-encoding" in request.headers and not request.body.received_bytes


def _refuse(env: Env, error: VolanoError, origin: Origin) -> Response:
    if isinstance(error, AuthFailure | AuthMalformed):
        env.metrics.count("volano_signatures_refused_total", (("code", error.wire_code),))
    if isinstance(error, Internal) and error.facts:
        env.log.error("answer failed", request_id=origin.request_id, **error.facts)
    return render(error, origin)


async def _record_refusal(env: Env, request: Request, error: VolanoError, origin: Origin) -> None:
    claim, malformed = _claim(request)
    if origin.ran or (claim is None and malformed is None):
        return
    key = None
    if claim is not None:
        with suppress(VolanoError):
            key = await env.authority.find_access_key(claim.access_key_id, claim.session_token)
    record_refusal(
        env,
        request,
        error,
        door="aws",
        action=f"{origin.service or 'aws'}:{origin.operation}",
        claimed=None if key is None else key.principal,
    )


async def _answer(env: Env, request: Request, origin: Origin) -> Response:
    website = website_bucket_of_host(request.host) if WEBSITE_MARK in request.host else ""
    if website:
        return await answer_website(env, request, website, origin)
    claim, refused = _claim(request)
    signing_name = claim.service if claim is not None else _guess_signing_name(request)
    if signing_name == "s3" and not request.raw_path.startswith("/v20180820/"):
        target: Target | None = Target(folder="s3", protocol="rest-xml")
    else:
        target = target_of_headers(request, signing_name)
    if target is not None:
        _set_origin(origin, request, target)
        if refused is not None:
            if env.config.test_mode and refused.message.startswith("X-Amz-Expires must"):
                refused.wire_status = 403  # (S3 answers 400; ceph's suite wants this)
            raise refused
        if target.folder == "s3":
            return await _answer_s3(env, request, origin, claim)
        return await _answer_other(env, request, origin, claim, target)
    origin.service, origin.protocol = (
        signing_name or "",
        "ec2" if signing_name == "ec2" else "query",
    )
    if refused is not None:
        raise refused
    return await _answer_query(env, request, origin, claim, signing_name)


def _claim(request: Request) -> tuple[Claim | None, VolanoError | None]:
    """The claim, or the error to answer with once the protocol to say it in is known."""
    try:
        return find_claim(request), None
    except VolanoError as error:
        return None, error


def _guess_signing_name(request: Request) -> str | None:
    """The service in a credential that could not be read otherwise."""
    header = request.headers.get("authorization")
    found = _SCOPE_SERVICE.search(header if header is not None else request.raw_query)
    return found.group(1) if found else None


def _set_origin(origin: Origin, request: Request, target: Target) -> None:
    origin.service, origin.protocol = target.folder, target.protocol
    origin.query_mode = "x-amzn-query-mode" in request.headers


def _require_action(folder: str, operation: str) -> Action:
    found = find_action(f"{folder}:{operation}")
    if found is None:
        raise NotBuilt(f"Volano does not have {folder}:{operation} yet.")
    return found


async def _answer_s3(env: Env, request: Request, origin: Origin, claim: Claim | None) -> Response:
    service = await get_service("s3")
    origin.model = service.model
    named = _s3_routes(service).match(request, _host_bases(env))
    if env.config.test_mode and ":" in unquote(named.bucket):
        # (Suites for Ceph's gateway name a bucket of another tenant so; names are global here.)
        named = named._replace(bucket=unquote(named.bucket).rpartition(":")[2])
    origin.bucket, origin.key = named.bucket, named.key
    if request.method == "OPTIONS":
        return await answer_preflight(env, request, named.bucket, named.key)
    at_bucket = bool(named.bucket) and not named.key and claim is None
    if request.method == "POST" and at_bucket and is_form(request):
        return await _answer_form(env, request, origin, service, named.bucket)
    if named.operation is None:
        raise UnknownOperation(
            "The specified method is not allowed against this resource.",
            fields={"Method": request.method},
        )
    origin.operation = named.operation
    caller = await find_caller(env, claim, "s3")
    payload = open_payload(request, caller, bucket_of_host(request.host, _host_bases(env)))
    action = _require_action("s3", named.operation)
    codec = await get_codec(service, named.operation, "rest-xml")
    labels = {"Bucket": _label(named.bucket)} if named.bucket else {}
    if named.key:
        labels["Key"] = _label(named.key)
    query = request.query if request.raw_query else []
    incoming = Incoming(headers=request.headers, labels=labels, query=query)
    if codec.streams_input:
        incoming.payload = payload
    elif not payload.empty or codec.needs_checksum:
        incoming.body = await read_payload(payload, MAX_XML_BYTES)
        if named.operation != "CompleteMultipartUpload":
            # (Its checksum headers are about the object, not about this body.)
            check_body_checksums(
                request.headers, payload.trailers, incoming.body, required=codec.needs_checksum
            )
    parsed = _read(codec, incoming, origin)
    if named.operation in ("GetObject", "HeadObject") and SSE_HEADER in request.headers:
        parsed["ServerSideEncryption"] = request.headers[SSE_HEADER]  # for the action to refuse
    if isinstance(payload, ChunkedPayload):
        _hide_chunking(parsed, payload)
    return await _run(env, request, caller, action, codec, parsed, origin)


async def _answer_form(
    env: Env, request: Request, origin: Origin, service: Service, bucket: str
) -> Response:
    """A browser's upload, which is a PutObject in another dress."""
    origin.operation = "PostObject"
    form = await open_form(env, request, _label(bucket))
    origin.key = quote(form.key)
    codec = await get_codec(service, "PutObject", "rest-xml")
    parsed = _read(codec, form.incoming(), origin)
    action = _require_action("s3", "PutObject")
    origin.auth_type = "POST"
    done = await _run(env, request, form.caller, action, codec, parsed, origin)
    return form.answer(request, done)


def _label(text: str) -> str:
    try:
        return decode_label(text)
    except BadValue:
        raise Invalid("Couldn't parse the specified URI.", code="InvalidURI") from None


_ROUTES: dict[str, S3Routes] = {}


def _s3_routes(service: Service) -> S3Routes:
    found = _ROUTES.get("s3")
    if found is None:
        found = _ROUTES["s3"] = S3Routes(service.model)
    return found


def _host_bases(env: Env) -> tuple[str, ...]:
    return (*env.config.extra_hosts, env.config.public_host, "localhost")


def _hide_chunking(parsed: dict[str, Any], payload: ChunkedPayload) -> None:
    """`aws-chunked` is how the body came, not what the object is."""
    codings = [part.strip() for part in parsed.pop("ContentEncoding", "").split(",")]
    kept = ",".join(part for part in codings if part and part != "aws-chunked")
    if kept:
        parsed["ContentEncoding"] = kept
    if "ContentLength" in parsed:
        parsed["ContentLength"] = payload.length


async def _answer_query(
    env: Env, request: Request, origin: Origin, claim: Claim | None, signing_name: str | None
) -> Response:
    caller = await find_caller(env, claim, signing_name or "")
    body = await request.body.read(MAX_FORM_BYTES)
    verify_body(request, caller, body)
    pairs = parse_form(request.raw_query)
    if request.headers.get("content-type", "").startswith(FORM_MEDIA):
        pairs += parse_form(body.decode("utf-8", "replace"))
    target = target_of_parameters(pairs, signing_name, request.headers.get("host", ""))
    if not target.folder:
        raise UnknownOperation("Could not find operation in the request.")
    service = await get_service(target.folder)
    _set_origin(origin, request, target)
    origin.model = service.query_model or service.model
    operation = target.operation or ""
    if target.folder == "sqs" and request.raw_path != "/":
        pairs = [("QueueUrl", request.raw_path), *pairs]  # older clients post to the queue's URL
    if operation not in service.operations:
        raise UnknownOperation(
            f"The action {operation[:64]} is not valid for this endpoint."
            if target.folder == "sqs"
            else f"Could not find operation {operation[:64]}."
        )
    origin.operation = operation
    action = _require_action(target.folder, operation)
    _require_signed(action, caller)
    codec = await get_codec(service, operation, target.protocol)
    incoming = Incoming(headers=request.headers, query=pairs)
    unchecked = _BARE_PATHS if env.config.test_mode and target.folder == "iam" else frozenset[str]()
    parsed = _read(codec, incoming, origin, unchecked)
    return await _run(env, request, caller, action, codec, parsed, origin)


async def _answer_other(
    env: Env, request: Request, origin: Origin, claim: Claim | None, target: Target
) -> Response:
    if not target.folder:
        raise UnknownOperation("No such service or operation.")
    if target.protocol.startswith("rest"):
        service = await find_rest_operation(request, target)
    else:
        service = await get_service(target.folder)
    _set_origin(origin, request, target)
    origin.model = service.model
    if target.operation not in service.operations:
        raise UnknownOperation("No such operation.")
    origin.operation = target.operation
    caller = await find_caller(env, claim, service_rows()[target.folder].signing_name)
    body = await request.body.read(MAX_JSON_BYTES)
    verify_body(request, caller, body)
    action = _require_action(target.folder, target.operation)
    _require_signed(action, caller)
    codec = await get_codec(service, target.operation, target.protocol)
    query = request.query if request.raw_query else []
    incoming = Incoming(headers=request.headers, labels=target.labels, query=query, body=body)
    parsed = _read(codec, incoming, origin)
    return await _run(env, request, caller, action, codec, parsed, origin)


def _require_signed(action: Action, caller: Caller) -> None:
    if caller.claim is None and action.permission != PUBLIC:
        raise AuthFailure(
            "Request is missing Authentication Token", code="MissingAuthenticationToken"
        )


def _read(
    codec: Codec, incoming: Incoming, origin: Origin, unchecked: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """The request's members; what the model says of those `unchecked` is not asked."""
    try:
        parsed = codec.read(incoming)
    except BadValue as error:
        raise Invalid(error.message, code="BadInput") from error
    except RecursionError as error:
        raise Invalid("The request is nested too deep.", code="BadInput") from error
    violations = [found for found in codec.check(parsed) if found.member not in unchecked]
    if violations:
        raise _violated(violations, origin)
    return parsed


def _violated(violations: list[Violation], origin: Origin) -> Invalid:
    first = violations[0]
    if origin.service == "organizations":
        pattern = first.member == "ResourceId" and "regular expression" in first.text
        told = "value that does not match the required pattern" if pattern else "invalid value"
        verb = "provided a" if pattern else "specified an"
        return Invalid(f"You {verb} {told}.", code="InvalidInputException")
    if not first.missing or origin.service not in ("s3", "ec2", "sqs"):
        return Invalid(describe(violations), code="MissingInput")
    if origin.service == "sqs":
        if first.member == "Entries" and origin.protocol == "query":  # none is all it can say
            message = f"There should be at least one {origin.operation}RequestEntry in the request."
            return Invalid(message, code="EmptyBatchRequest")
        message = f"The request must contain the parameter {first.member}."
        return Invalid(message, code="MissingParameter")
    if origin.service == "ec2":
        return _missing_for_ec2(first)
    elif first.nested:
        return MalformedXml(MALFORMED)
    elif first.in_body:
        return Invalid("Request body is empty.", code="MissingRequestBodyError")
    else:
        message = f"Missing required value in this request: {first.member}"
    return Invalid(message, code="MissingInput")


def _missing_for_ec2(first: Violation) -> Invalid:
    """EC2 names a list as its wire does (API reference, "Error codes")."""
    if first.member == "InstanceIds":
        return Invalid("No instances specified", code="InvalidParameterCombination")
    name = _EC2_SETS.get(first.member, first.member)
    return Invalid(f"The request must contain the parameter {name}", code="MissingInput")


async def _run(
    env: Env,
    request: Request,
    caller: Caller,
    action: Action,
    codec: Codec,
    parsed: dict[str, Any],
    origin: Origin,
) -> Response:
    env = env_as_signed(env, caller.claim, origin.service)
    call = call_of(env, request, caller.principal, door="aws")
    if caller.claim is not None:  # so that identity can tell for what a key was last used
        call.context["volano:access-key-id"] = caller.claim.access_key_id
        call.context["volano:signed-region"] = caller.claim.region
    if origin.service == "s3":
        _tell_signing(env, request, caller, call, origin)
    origin.call = call
    origin.ran = True
    result = await run_action(env, call, action, parsed, tell=codec.tell)
    return codec.write(result or {}, origin.request_id)


def _tell_signing(env: Env, request: Request, caller: Caller, call: Call, origin: Origin) -> None:
    """How the request was signed and where it came from, for policies (`s3:authType` …)."""
    claim = caller.claim
    if claim is not None:
        origin.signature_version = "SigV4" if claim.version == 4 else "SigV2"
        if not origin.auth_type:
            origin.auth_type = "QueryString" if claim.presigned else "AuthHeader"
        call.context["s3:signatureversion"] = ALGORITHM if claim.version == 4 else "AWS"
        call.context["s3:authType"] = _AUTH_TYPES[origin.auth_type]
        if claim.presigned and claim.version == 4:
            age_ms = env.clock.now_us() // 1000 - seconds_of_stamp(claim.timestamp) * 1000
            call.context["s3:signatureAge"] = str(max(0, age_ms))
    elif origin.auth_type and caller.key is not None:
        origin.signature_version = "SigV2"
        call.context["s3:signatureversion"] = "AWS"
        call.context["s3:authType"] = "POST"
    sent = request.headers
    for header, key in (("referer", "aws:Referer"), ("x-amz-content-sha256", _CONTENT_KEY)):
        if header in sent:
            call.context[key] = sent[header]


_BARE_PATHS = frozenset(("path", "newPath", "pathPrefix"))
"""Members that suites give without the slashes that IAM wants around them."""
_CONTENT_KEY = "s3:x-amz-content-sha256"
_AUTH_TYPES = {"QueryString": "REST-QUERY-STRING", "AuthHeader": "REST-HEADER", "POST": "POST"}
