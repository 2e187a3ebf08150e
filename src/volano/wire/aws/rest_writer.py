"""Output dictionaries to REST responses (rest-xml and rest-json), by closures compiled once.

Two special keys of a result are understood: `_status` replaces the status, `_headers` adds
headers. A streamed member may be bytes, an async iterator of bytes or a FileSlice.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import orjson

from volano.wire.aws import scalars
from volano.wire.aws.listing import contents_writer
from volano.wire.aws.mail_words import to_mail_text
from volano.wire.aws.tree_writer import compile_tree_writer, unknown_member
from volano.wire.aws.xml import DECLARATION, escape
from volano.wire.aws.xml_writer import XmlDialect, compile_structure, namespace_of
from volano.wire.http import Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.model import OperationModel, Shape, StructureShape

    Headers = list[tuple[str, str]]
    Put = Callable[[Headers, Any], None]
    BodyWriter = Callable[[dict[str, Any]], bytes]

S3_NAMESPACE = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
_S3_ROOTS = {
    "CompleteMultipartUpload": "CompleteMultipartUploadResult",
    "CreateMultipartUpload": "InitiateMultipartUploadResult",
    "CreateSession": "CreateSessionResult",
    "DeleteObjects": "DeleteResult",
    "GetBucketAccelerateConfiguration": "AccelerateConfiguration",
    "GetBucketAcl": "AccessControlPolicy",
    "GetBucketCors": "CORSConfiguration",
    "GetBucketLifecycle": "LifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "LifecycleConfiguration",
    "GetBucketLogging": "BucketLoggingStatus",
    "GetBucketNotification": "NotificationConfiguration",
    "GetBucketRequestPayment": "RequestPaymentConfiguration",
    "GetBucketTagging": "Tagging",
    "GetBucketVersioning": "VersioningConfiguration",
    "GetBucketWebsite": "WebsiteConfiguration",
    "GetObjectAcl": "AccessControlPolicy",
    "GetObjectAttributes": "GetObjectAttributesResponse",
    "GetObjectTagging": "Tagging",
    "ListBucketAnalyticsConfigurations": "ListBucketAnalyticsConfigurationResult",
    "ListBucketInventoryConfigurations": "ListInventoryConfigurationsResult",
    "ListBucketMetricsConfigurations": "ListMetricsConfigurationsResult",
    "ListBuckets": "ListAllMyBucketsResult",
    "ListDirectoryBuckets": "ListAllMyDirectoryBucketsResult",
    "ListMultipartUploads": "ListMultipartUploadsResult",
    "ListObjectVersions": "ListVersionsResult",
    "ListObjects": "ListBucketResult",
    "ListObjectsV2": "ListBucketResult",
    "ListParts": "ListPartsResult",
}
"""Root elements that differ from the model's shape names (S3 API reference, each operation)."""


def compile_rest_writer(operation: OperationModel) -> Callable[[dict[str, Any], str], Response]:
    """The writer of responses of `operation`."""
    shape = operation.output_shape
    status = int(operation.http.get("responseCode", 200))
    s3 = operation.service_model.service_name == "s3"
    xml = operation.metadata["protocol"].endswith("xml")
    puts = {} if shape is None else _puts(shape)
    status_key = _status_key(shape)
    body_keys = _body_keys(shape)
    streamed = _streamed_key(shape)
    write_body = None if streamed else _body_writer(operation, xml=xml, s3=s3)
    media = "application/xml" if xml else "application/json"
    shape_name = shape.name if shape is not None else operation.name

    def write(result: dict[str, Any], _request_id: str) -> Response:
        headers: Headers = []
        answer = Response(status=status, headers=headers)
        members: dict[str, Any] = {}
        for key, value in result.items():
            if value is None:
                continue
            if key in puts:
                puts[key](headers, value)
            elif key in body_keys:
                members[key] = value
            elif key in ("_status", status_key):
                answer.status = int(value)
            elif key == "_headers":
                headers.extend((name, safe_header(text)) for name, text in value.items())
            else:
                raise unknown_member(shape_name, key)
        if streamed is not None:
            _stream(answer, result, members.get(streamed), s3=s3)
        elif write_body is not None:
            answer.body = write_body(members)
            if answer.body and not any(name.lower() == "content-type" for name, _ in headers):
                headers.append(("Content-Type", media))
        return answer

    return write


def _stream(answer: Response, result: dict[str, Any], body: Any, *, s3: bool) -> None:
    answer.body = b"" if body is None else body.encode() if isinstance(body, str) else body
    answer.length = result.get("ContentLength")
    if s3 and result.get("ContentRange") and "_status" not in result:
        answer.status = 206


def _status_key(shape: StructureShape | None) -> str | None:
    for key, member in shape.members.items() if shape is not None else ():
        if member.serialization.get("location") == "statusCode":
            return str(key)
    return None


def _streamed_key(shape: StructureShape | None) -> str | None:
    payload = None if shape is None else shape.serialization.get("payload")
    if shape is None or payload is None:
        return None
    member = shape.members[payload]
    plain = member.type_name in ("blob", "string")
    return str(payload) if plain or member.serialization.get("eventstream") else None


def _body_keys(shape: StructureShape | None) -> frozenset[str]:
    if shape is None:
        return frozenset()
    payload = shape.serialization.get("payload")
    if payload is not None:
        return frozenset((payload,))
    return frozenset(k for k, m in shape.members.items() if not m.serialization.get("location"))


def _puts(shape: StructureShape) -> dict[str, Put]:
    puts: dict[str, Put] = {}
    for key, member in shape.members.items():
        location = member.serialization.get("location")
        name = str(member.serialization.get("name", key))
        if location == "header":
            puts[key] = _put_header(name, member)
        elif location == "headers":
            puts[key] = _put_headers(name)
    return puts


def _put_header(name: str, member: Shape) -> Put:
    if member.serialization.get("jsonvalue"):
        return lambda headers, value: headers.append(
            (name, base64.b64encode(orjson.dumps(value)).decode())
        )
    if member.type_name == "list":
        item = _header_text(member.member)
        return lambda headers, value: headers.append((name, ",".join(item(each) for each in value)))
    text = _header_text(member)
    return lambda headers, value: headers.append((name, text(value)))


def _put_headers(prefix: str) -> Put:
    def put(headers: Headers, value: Any) -> None:
        for name, text in value.items():
            headers.append((prefix + safe_header(name), to_mail_text(text)))

    return put


def _header_text(member: Shape) -> Callable[[Any], str]:
    kind = member.type_name
    if kind == "timestamp":
        named = member.serialization.get("timestampFormat")
        return scalars.timestamp_writer(named, "rfc822", millis=False)
    if kind == "boolean":
        return scalars.boolean_text
    if kind in ("float", "double"):
        return scalars.float_text
    return safe_header if kind == "string" else str


def safe_header(value: Any) -> str:
    """Text that fits a header: no line can be broken out of; other than Latin goes as UTF-8."""
    text = value if isinstance(value, str) else str(value)
    if text.isascii() and text.isprintable():
        return text
    clean = "".join(char if char >= " " and char != "\x7f" else " " for char in text)
    return clean.encode("utf-8", "replace").decode("latin-1")


def _body_writer(operation: OperationModel, *, xml: bool, s3: bool) -> BodyWriter | None:
    shape = operation.output_shape
    if shape is None:
        return None if xml else lambda _members: b"{}"
    payload = shape.serialization.get("payload")
    if s3 and operation.name == "GetBucketLocation":
        return _bucket_location
    if payload is not None:
        return _payload_writer(operation, payload, xml=xml, s3=s3)
    if not xml:
        write = compile_tree_writer(shape, cbor=False)
        return lambda members: orjson.dumps(write(members))
    if not _body_keys(shape):
        return None
    root = _S3_ROOTS.get(operation.name, shape.name) if s3 else shape.name
    return _document(shape, root, _namespace(operation, shape, s3=s3), s3=s3)


def _payload_writer(operation: OperationModel, payload: str, *, xml: bool, s3: bool) -> BodyWriter:
    member = operation.output_shape.members[payload]
    if xml:
        root = str(member.serialization.get("name", member.name))
        document = _document(member, root, _namespace(operation, member, s3=s3), s3=s3)
    else:
        write = compile_tree_writer(member, cbor=False)

        def document(value: Any) -> bytes:
            return orjson.dumps(write(value))

    return lambda members: document(members[payload]) if payload in members else b""


def _namespace(operation: OperationModel, shape: Shape, *, s3: bool) -> str:
    if s3:
        return S3_NAMESPACE
    declared = operation.metadata.get("xmlNamespace")
    own = namespace_of(shape)
    if declared and "xmlns=" not in own:
        own = f' xmlns="{declared}"{own}'
    return own


def _document(
    shape: StructureShape, root: str, namespace: str, *, s3: bool
) -> Callable[[Any], bytes]:
    dialect = XmlDialect(millis=s3)
    if s3 and root == "ListBucketResult":
        dialect.replacements["Contents"] = contents_writer
    element = compile_structure(shape, root, dialect, namespace)

    def document(value: Any) -> bytes:
        parts = [DECLARATION]
        element(parts.append, value)
        return "".join(parts).encode()

    return document


def _bucket_location(members: dict[str, Any]) -> bytes:
    """The result is the root element itself (S3 API reference, GetBucketLocation)."""
    text = escape(members.get("LocationConstraint") or "")
    return f"{DECLARATION}<LocationConstraint{S3_NAMESPACE}>{text}</LocationConstraint>".encode()
