"""Output dictionaries to the responses of query, ec2, json and rpc-v2-cbor operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from volano.wire.aws import cbor
from volano.wire.aws.tree_writer import compile_tree_writer
from volano.wire.aws.xml import DECLARATION
from volano.wire.aws.xml_writer import XmlDialect, compile_members
from volano.wire.http import Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.model import OperationModel

    Write = Callable[[dict[str, Any], str], Response]

XML_MEDIA = "text/xml;charset=UTF-8"


def compile_query_writer(operation: OperationModel) -> Write:
    """`<OpResponse><OpResult>…</OpResult><ResponseMetadata>…`."""
    shape = operation.output_shape
    name = operation.name
    namespace = operation.metadata.get("xmlNamespace", "")
    opening = f'{DECLARATION}<{name}Response xmlns="{namespace}">'
    wrapper = f"{name}Result"
    if shape is not None:
        wrapper = str(shape.serialization.get("resultWrapper", wrapper))
    members = None if shape is None else compile_members(shape, XmlDialect(millis=False))

    def write(result: dict[str, Any], request_id: str) -> Response:
        parts = [opening]
        if members is not None:
            parts.append(f"<{wrapper}>")
            members(parts.append, result)
            parts.append(f"</{wrapper}>")
        parts.append(
            f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
            f"</{name}Response>"
        )
        return Response(headers=[("Content-Type", XML_MEDIA)], body="".join(parts).encode())

    return write


def ec2_namespace(operation: OperationModel) -> str:
    """EC2's namespace ends with a slash on the wire, unlike in the model (libcloud needs it)."""
    return str(operation.metadata.get("xmlNamespace", "")).rstrip("/") + "/"


def compile_ec2_writer(operation: OperationModel) -> Write:
    """`<OpResponse><requestId>…</requestId>…`."""
    shape = operation.output_shape
    name = operation.name
    opening = f'{DECLARATION}<{name}Response xmlns="{ec2_namespace(operation)}"><requestId>'
    members = None if shape is None else compile_members(shape, XmlDialect(millis=True))

    def write(result: dict[str, Any], request_id: str) -> Response:
        parts = [opening, request_id, "</requestId>"]
        if members is None:
            parts.append("<return>true</return>")
        else:
            members(parts.append, result)
        parts.append(f"</{name}Response>")
        return Response(headers=[("Content-Type", XML_MEDIA)], body="".join(parts).encode())

    return write


def compile_json_writer(operation: OperationModel) -> Write:
    """A JSON object; no body where the operation has no output."""
    shape = operation.output_shape
    media = f"application/x-amz-json-{operation.metadata.get('jsonVersion', '1.0')}"
    tree = None if shape is None else compile_tree_writer(shape, cbor=False)

    def write(result: dict[str, Any], _request_id: str) -> Response:
        body = b"" if tree is None else orjson.dumps(tree(result))
        return Response(headers=[("Content-Type", media)], body=body)

    return write


def compile_cbor_writer(operation: OperationModel) -> Write:
    """A CBOR map (smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html)."""
    shape = operation.output_shape
    tree = None if shape is None else compile_tree_writer(shape, cbor=True)

    def write(result: dict[str, Any], _request_id: str) -> Response:
        headers = [("smithy-protocol", "rpc-v2-cbor")]
        if tree is None:
            return Response(headers=headers)
        headers.append(("Content-Type", "application/cbor"))
        return Response(headers=headers, body=cbor.encode(tree(result)))

    return write
