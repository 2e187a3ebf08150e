"""Every operation of the services we serve, both ways, against botocore's own code.

Requests: a random input, written by botocore's serializer, must be routed to its operation and be
read back equal. Responses: a random output, written by us, must be parsed equal by botocore. A
failing case repeats from its seed.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from botocore.awsrequest import HeadersDict, create_request_object, prepare_request_dict
from botocore.model import ServiceModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from volano.wire.aws.catalog import Service, compile_codec, load_service
from volano.wire.aws.chunked import Payload
from volano.wire.aws.codec import Incoming
from volano.wire.aws.query_reader import parse_form
from volano.wire.aws.routes import RestRoutes, decode_label
from volano.wire.aws.s3_routes import S3Routes
from volano.wire.http import Request, body_of

if TYPE_CHECKING:
    from botocore.model import OperationModel, Shape

WHOLE = ("s3", "ec2", "iam", "sts", "ce", "sqs", "kms", "cloudwatch", "lambda", "route53", "logs")
SAMPLED = {"elbv2": 20, "dynamodb": 20, "autoscaling": 20, "apigateway": 30, "opensearch": 20}
EXTRA_PROTOCOLS = {"cloudwatch": ("json", "query")}
NOT_IN_TABLE = {"WriteGetObjectResponse", "GetBucketLocation"}
MAX_DEPTH = 5
TEXT = "abcXYZ019 _-./&<>\"'é€\N{SNOWMAN}\t\n\r\u2028"
HEADER_TEXT = "abcXYZ019_-./&<>'"


class Values:
    """Random values of shapes; the place decides what text may hold."""

    def __init__(self, seed: object, text: str = TEXT) -> None:
        self.random = random.Random(str(seed))
        self.text = text

    def of(self, shape: Shape, place: str = "body", depth: int = 0) -> Any:
        make = getattr(self, "make_" + shape.type_name)
        return make(shape, place, depth)

    def make_structure(self, shape: Shape, place: str, depth: int) -> Any:
        if shape.is_document_type:
            return {"a": [1, "b", None, {"c": True}]}
        names = [n for n in shape.members if not shape.members[n].serialization.get("eventstream")]
        if shape.is_tagged_union:
            names = [self.random.choice(names)]
        else:
            names = [n for n in names if n in shape.required_members or self.wanted(depth)]
        return {
            name: self.of(member, self.place(member, place), depth + 1)
            for name in names
            if self.fits(member := shape.members[name], depth)
        }

    def wanted(self, depth: int) -> bool:
        return self.random.random() < (0.7 if depth < 2 else 0.4)

    def fits(self, shape: Shape, depth: int) -> bool:
        """Containers that would be empty cannot be told from absent ones in every protocol."""
        return depth < MAX_DEPTH or shape.type_name not in ("structure", "list", "map")

    def place(self, member: Shape, place: str) -> str:
        location = member.serialization.get("location")
        if member.serialization.get("xmlAttribute"):
            return "header"
        return {"uri": "uri", "header": "header", "headers": "header", "querystring": "query"}.get(
            location, place
        )

    def make_list(self, shape: Shape, place: str, depth: int) -> Any:
        count = self.random.choice((1, 2, 3)) if depth < MAX_DEPTH else 1
        return [self.of(shape.member, place, depth + 1) for _ in range(count)]

    def make_map(self, shape: Shape, place: str, depth: int) -> Any:
        count = self.random.choice((1, 2))
        return {
            self.of(shape.key, "header", depth + 1).lower() + str(index): self.of(
                shape.value, place, depth + 1
            )
            for index in range(count)
        }

    def make_string(self, shape: Shape, place: str, depth: int) -> Any:
        if shape.serialization.get("jsonvalue"):
            return {"a": [1, "b"]}
        if shape.metadata.get("enum"):
            return self.random.choice(shape.metadata["enum"])
        letters = HEADER_TEXT if place == "header" else self.text
        size = self.random.choice((1, 2, 8, 30))
        return "x" + "".join(self.random.choice(letters) for _ in range(size)) + "y"

    def make_integer(self, shape: Shape, place: str, depth: int) -> Any:
        return self.random.choice((0, 1, -1, 255, 256, 70_000, 2**31 - 1, -(2**31)))

    def make_long(self, shape: Shape, place: str, depth: int) -> Any:
        return self.random.choice((0, 5, 2**40, -(2**40)))

    def make_double(self, shape: Shape, place: str, depth: int) -> Any:
        return self.random.choice((0.0, 1.5, -2.25, 1e20, 0.1))

    def make_float(self, shape: Shape, place: str, depth: int) -> Any:
        return self.random.choice((0.0, 1.5, -2.25, 1024.0))

    def make_boolean(self, shape: Shape, place: str, depth: int) -> Any:
        return self.random.random() < 0.5

    def make_blob(self, shape: Shape, place: str, depth: int) -> Any:
        return bytes(self.random.randrange(256) for _ in range(self.random.choice((1, 7, 40))))

    def make_timestamp(self, shape: Shape, place: str, depth: int) -> Any:
        seconds = self.random.randrange(2_000_000_000)
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def cases() -> list[tuple[str, str, str]]:
    found = []
    for folder in (*WHOLE, *SAMPLED):
        service = load_service(folder)
        names = sorted(service.operations)
        if folder in SAMPLED:
            names = sorted(random.Random(folder).sample(names, SAMPLED[folder]))
        for protocol in (service.model.metadata["protocol"], *EXTRA_PROTOCOLS.get(folder, ())):
            found += [(folder, name, protocol) for name in names]
    return found


def streams(operation: OperationModel) -> bool:
    return (
        operation.has_event_stream_input
        or operation.has_event_stream_output
        or operation.has_streaming_output
    )


def pruned(value: Any) -> Any:
    """Without empty structures, which query parameters cannot express."""
    if isinstance(value, dict):
        items = {key: pruned(item) for key, item in value.items()}
        return {key: item for key, item in items.items() if item not in ({}, [])}
    if isinstance(value, list):
        return [item for item in map(pruned, value) if item not in ({}, [])]
    return value


def completed(values: dict[str, Any], shape: Shape) -> dict[str, Any]:
    """With what botocore always fills in: a status code and a payload structure."""
    payload = shape.serialization.get("payload")
    if payload is not None and shape.members[payload].type_name == "structure":
        values.setdefault(payload, {})
    for name, member in shape.members.items():
        if member.serialization.get("location") == "statusCode":
            values[name] = 200
        elif member.serialization.get("location") == "headers":
            values.setdefault(name, {})
    return values


def incoming_of(service: Service, name: str, protocol: str, values: dict[str, Any]) -> Incoming:
    """What the gateway would hand to the reader for a request written by botocore."""
    operation = service.model.operation_model(name)
    serialized = create_serializer(protocol, include_validation=False).serialize_to_request(
        values, operation
    )
    prepare_request_dict(serialized, "http://host.example")
    prepared = create_request_object(serialized).prepare()
    url = urlsplit(prepared.url)
    headers = {
        key.lower(): value.decode("latin-1") if isinstance(value, bytes) else str(value)
        for key, value in prepared.headers.items()
    }
    body = prepared.body or b""
    body = body.encode() if isinstance(body, str) else bytes(body)
    request = Request(
        method=prepared.method,
        raw_path=url.path,
        raw_query=url.query,
        headers=headers,
        header_list=list(headers.items()),
        body=body_of(body),
    )
    incoming = Incoming(headers=headers, query=request.query, body=body)
    if protocol in ("query", "ec2"):
        incoming.query = parse_form(body.decode())
    elif protocol.startswith("rest"):
        incoming.labels = routed(service, name, request)
        incoming.payload = Payload(request.body, length=len(body))
    return incoming


def routed(service: Service, name: str, request: Request) -> dict[str, str]:
    """Labels of the request, once it was routed to the right operation."""
    if service.folder == "s3":
        found = S3Routes(service.model).match(request, ())
        labels = {"Bucket": decode_label(found.bucket), "Key": decode_label(found.key)}
        assert found.operation is not None
        assert same_place(service, found.operation, name, request), found
        return {key: value for key, value in labels.items() if value}
    assert service.routes is not None
    match = service.routes.match(
        request.method, request.raw_path, dict(request.query), request.headers
    )
    assert match is not None
    assert match[0] == name
    return match[1]


def same_place(service: Service, found: str, name: str, request: Request) -> bool:
    """The same operation, or the newer name of a deprecated one, or one that random optional
    values turn the request into.
    """
    if found == name or service.model.operation_model(name).deprecated:
        return True
    return {found, name} == {"ListBuckets", "ListDirectoryBuckets"}


@pytest.mark.parametrize(
    ("folder", "protocol"), sorted({(folder, protocol) for folder, _, protocol in cases()})
)
def test_requests_of_botocore_are_read_back_as_they_were(folder: str, protocol: str) -> None:
    service = load_service(folder)
    names = [name for f, name, p in cases() if (f, p) == (folder, protocol)]
    for name in names:
        check_request(service, name, protocol, seed=1)


def check_request(service: Service, name: str, protocol: str, *, seed: int) -> None:
    operation = service.model.operation_model(name)
    if operation.input_shape is None or operation.has_event_stream_input or name in NOT_IN_TABLE:
        return
    codec = compile_codec(service, name, protocol)
    # botocore writes carriage returns bare into XML, where a parser must make them newlines.
    text = TEXT.replace("\r", "") if protocol == "rest-xml" else TEXT
    values = Values((service.folder, name, seed), text).of(operation.input_shape)
    if protocol in ("query", "ec2"):
        values = pruned(values)
    read = codec.read(incoming_of(service, name, protocol, values))
    payload = operation.input_shape.serialization.get("payload")
    if protocol == "rest-json" and read.get(payload) == {}:
        values.setdefault(payload, {})  # botocore writes `{}` for a payload that is not given
    if codec.streams_input:
        read = {key: read[key] for key in read if key not in (payload, "ContentLength")}
        values = {key: values[key] for key in values if key not in (payload, "ContentLength")}
    assert read == values, f"{service.folder}:{name} over {protocol}, seed {seed}"


@pytest.mark.parametrize(
    ("folder", "protocol"), sorted({(folder, protocol) for folder, _, protocol in cases()})
)
def test_responses_are_parsed_by_botocore_as_the_handler_gave_them(
    folder: str, protocol: str
) -> None:
    service = load_service(folder)
    names = [name for f, name, p in cases() if (f, p) == (folder, protocol)]
    for name in names:
        check_response(service, name, protocol, seed=1)


def check_response(service: Service, name: str, protocol: str, *, seed: int) -> None:
    operation = service.model.operation_model(name)
    shape = operation.output_shape
    if shape is None or streams(operation) or name in NOT_IN_TABLE or operation.deprecated:
        return
    values = completed(Values((service.folder, name, "out", seed)).of(shape), shape)
    response = compile_codec(service, name, protocol).write(values, "request-1")
    parsed = create_parser(protocol).parse(
        {
            "status_code": response.status,
            "headers": HeadersDict(response.headers),
            "body": response.body,
        },
        shape,
    )
    parsed.pop("ResponseMetadata")
    assert sensible(parsed) == sensible(values), f"{service.folder}:{name} over {protocol}"


TREE = {
    "Text": {"shape": "Text"},
    "Renamed": {"shape": "Text", "locationName": "wire_name"},
    "Number": {"shape": "Number"},
    "Long": {"shape": "Long"},
    "Ratio": {"shape": "Ratio"},
    "Flag": {"shape": "Flag"},
    "Bytes": {"shape": "Bytes"},
    "When": {"shape": "When"},
    "WhenIso": {"shape": "WhenIso"},
    "WhenHttp": {"shape": "WhenHttp"},
    "WhenUnix": {"shape": "WhenUnix"},
    "Texts": {"shape": "Texts"},
    "FlatTexts": {"shape": "FlatTexts"},
    "FlatNamed": {"shape": "FlatNamed"},
    "Map": {"shape": "Map"},
    "FlatMap": {"shape": "FlatMap"},
    "MapOfTrees": {"shape": "MapOfTrees"},
    "Trees": {"shape": "Trees"},
    "Tree": {"shape": "Tree"},
}
HTTP = {
    "Label": {"shape": "Text", "location": "uri", "locationName": "Label"},
    "Greedy": {"shape": "Text", "location": "uri", "locationName": "Greedy"},
    "QueryWhen": {"shape": "When", "location": "querystring", "locationName": "qw"},
    "QueryTexts": {"shape": "Texts", "location": "querystring", "locationName": "qt"},
    "QueryFlag": {"shape": "Flag", "location": "querystring", "locationName": "qf"},
}
HEADERS = {
    "HeadText": {"shape": "Text", "location": "header", "locationName": "x-text"},
    "HeadWhen": {"shape": "When", "location": "header", "locationName": "x-when"},
    "HeadIso": {"shape": "WhenIso", "location": "header", "locationName": "x-iso"},
    "HeadTexts": {"shape": "Texts", "location": "header", "locationName": "x-texts"},
    "HeadNumber": {"shape": "Number", "location": "header", "locationName": "x-number"},
    "HeadRatio": {"shape": "Ratio", "location": "header", "locationName": "x-ratio"},
    "HeadFlag": {"shape": "Flag", "location": "header", "locationName": "x-flag"},
    "HeadJson": {
        "shape": "Text",
        "jsonvalue": True,
        "location": "header",
        "locationName": "x-json",
    },
    "HeadMap": {"shape": "Map", "location": "headers", "locationName": "x-map-"},
}
SHAPES = {
    "Text": {"type": "string"},
    "Number": {"type": "integer"},
    "Long": {"type": "long"},
    "Ratio": {"type": "double"},
    "Flag": {"type": "boolean"},
    "Bytes": {"type": "blob"},
    "When": {"type": "timestamp"},
    "WhenIso": {"type": "timestamp", "timestampFormat": "iso8601"},
    "WhenHttp": {"type": "timestamp", "timestampFormat": "rfc822"},
    "WhenUnix": {"type": "timestamp", "timestampFormat": "unixTimestamp"},
    "Texts": {"type": "list", "member": {"shape": "Text"}},
    "FlatTexts": {"type": "list", "member": {"shape": "Text"}, "flattened": True},
    "FlatNamed": {
        "type": "list",
        "member": {"shape": "Text", "locationName": "item"},
        "flattened": True,
    },
    "Map": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Text"}},
    "FlatMap": {
        "type": "map",
        "key": {"shape": "Text", "locationName": "K"},
        "value": {"shape": "Number", "locationName": "V"},
        "flattened": True,
    },
    "MapOfTrees": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Tree"}},
    "Trees": {"type": "list", "member": {"shape": "Tree", "locationName": "tree"}},
    "Tree": {"type": "structure", "members": TREE},
    "Marked": {
        "type": "structure",
        "members": {
            "Kind": {"shape": "Text", "locationName": "xsi:type", "xmlAttribute": True},
            "Text": {"shape": "Text"},
        },
        "xmlNamespace": {"prefix": "xsi", "uri": "http://www.w3.org/2001/XMLSchema-instance"},
    },
    "Rpc": {"type": "structure", "members": TREE},
    "RestIn": {
        "type": "structure",
        "members": {**TREE, **HTTP, **HEADERS},
        "required": ["Label", "Greedy"],
    },
    "RestOut": {"type": "structure", "members": {**TREE, **HEADERS}},
    "TextIn": {
        "type": "structure",
        "members": {"Body": {"shape": "Text"}, "Rest": {"shape": "Map", "location": "querystring"}},
        "payload": "Body",
    },
    "BlobIn": {"type": "structure", "members": {"Body": {"shape": "Bytes"}}, "payload": "Body"},
    "TreeIn": {
        "type": "structure",
        "members": {"Body": {"shape": "Tree", "locationName": "Root"}},
        "payload": "Body",
    },
    "MarkedIn": {
        "type": "structure",
        "members": {"Body": {"shape": "Marked", "locationName": "Root"}},
        "payload": "Body",
    },
}


def synthetic(protocol: str) -> Service:
    """A service whose shapes use every trait that the protocol has."""
    rest = protocol.startswith("rest")
    operations: dict[str, Any] = {}

    def add(name: str, shape_in: str, shape_out: str, uri: str) -> None:
        out = {"shape": shape_out} | (
            {"resultWrapper": f"{name}Result"} if protocol == "query" else {}
        )
        given = {"shape": shape_in} | (
            {"locationName": "Request"} if protocol == "rest-xml" else {}
        )
        http = {"method": "POST", "requestUri": uri}
        operations[name] = {"name": name, "http": http, "input": given, "output": out}

    if rest:
        add("Everything", "RestIn", "RestOut", "/all/{Label}/x/{Greedy+}?fixed=1")
        add("Text", "TextIn", "RestOut", "/text?fixed=2&bare")
        add("Blob", "BlobIn", "RestOut", "/blob")
        add("Payload", "TreeIn", "TreeIn", "/tree/")
        if protocol == "rest-xml":
            add("Marked", "MarkedIn", "MarkedIn", "/marked")
    else:
        add("Everything", "Rpc", "Rpc", "/")
    metadata = {
        "apiVersion": "2026-11-22",
        "endpointPrefix": "synthetic",
        "jsonVersion": "1.1",
        "protocol": protocol,
        "serviceId": "Synthetic",
        "targetPrefix": "Synthetic",
        "xmlNamespace": "http://synthetic.example/",
    }
    description = {"metadata": metadata, "operations": operations, "shapes": SHAPES}
    model = ServiceModel(description, "synthetic")
    routes = RestRoutes(model) if rest else None
    return Service("synthetic", model, frozenset(operations), routes=routes)


@pytest.mark.parametrize(
    "protocol", ["rest-xml", "rest-json", "json", "query", "ec2", "smithy-rpc-v2-cbor"]
)
def test_every_trait_of_a_protocol_both_ways(protocol: str) -> None:
    service = synthetic(protocol)
    for name in service.operations:
        for seed in range(25):
            check_request(service, name, protocol, seed=seed)
            check_response(service, name, protocol, seed=seed)


def sensible(value: Any) -> Any:
    """Without what botocore adds or cannot carry: time zones, carriage returns in headers."""
    if isinstance(value, dict):
        return {key: sensible(item) for key, item in value.items()}
    if isinstance(value, list):
        return [sensible(item) for item in value]
    return value.astimezone(UTC) if isinstance(value, datetime) else value
