"""Services and operations of botocore's models: loaded at first use, compiled once, kept.

Loading the EC2 model takes 120 ms and compiling an operation a few, so both happen in a thread.
What tells services apart comes from `services.json` (tools/gen_aws_services.py) without loading.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from botocore.loaders import Loader
from botocore.model import ServiceModel

from volano.wire.aws import cbor
from volano.wire.aws.codec import Codec, Incoming
from volano.wire.aws.constraints import compile_check
from volano.wire.aws.query_names import with_codes, with_query_names
from volano.wire.aws.query_reader import compile_query_reader, tree_of
from volano.wire.aws.rest_reader import compile_rest_reader, parse_json
from volano.wire.aws.rest_writer import compile_rest_writer
from volano.wire.aws.routes import RestRoutes
from volano.wire.aws.rpc_writer import (
    compile_cbor_writer,
    compile_ec2_writer,
    compile_json_writer,
    compile_query_writer,
)
from volano.wire.aws.telling import compile_teller
from volano.wire.aws.tree_reader import compile_tree_reader

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from botocore.model import OperationModel, Shape

REST_PROTOCOLS = ("rest-xml", "rest-json")
_UNCHECKED = (
    "PutBucketAcl", "PutBucketLogging", "PutBucketNotification", "PutBucketPolicy",
    "PutBucketRequestPayment", "PutBucketVersioning", "PutBucketWebsite", "PutObjectAcl",
)  # fmt: skip
"""The model wants a checksum from new SDKs, but S3 takes these without one: s3cmd sends none."""


class ServiceRow(NamedTuple):
    """One line of `services.json`."""

    signing_name: str
    target_prefix: str
    endpoint_prefix: str
    api_version: str
    protocol: str


@cache
def service_rows() -> dict[str, ServiceRow]:
    """All services by model folder (`s3`, `cloudwatch`)."""
    text = Path(__file__).with_name("services.json").read_text()
    return {folder: ServiceRow(*row) for folder, row in json.loads(text).items()}


@cache
def folders_signing_as(signing_name: str) -> tuple[str, ...]:
    """Services whose requests are signed for `signing_name`."""
    return tuple(f for f, row in service_rows().items() if row.signing_name == signing_name)


@cache
def folders_targeted(target_prefix: str) -> tuple[str, ...]:
    """Services called by `X-Amz-Target: <target_prefix>.Operation`."""
    return tuple(f for f, row in service_rows().items() if row.target_prefix == target_prefix)


@dataclass(slots=True)
class Service:
    """A loaded model and what was compiled of it so far."""

    folder: str
    model: ServiceModel
    operations: frozenset[str]
    codecs: dict[tuple[str, str], Codec] = field(default_factory=dict)
    routes: RestRoutes | None = None
    query_model: ServiceModel | None = None
    """The model for the query protocol where it is another one (SQS)."""


_LOADED: dict[str, Service] = {}


def load_service(folder: str) -> Service:
    """The service in `folder`, loaded now when it was not."""
    found = _LOADED.get(folder)
    if found is None:
        raw = Loader().load_service_model(folder, "service-2")
        if folder == "sqs":
            raw = with_codes(raw)
        model = ServiceModel(raw, folder)
        found = Service(folder, model, frozenset(model.operation_names))
        if folder == "sqs":
            found.query_model = ServiceModel(with_query_names(raw), folder)
        if model.metadata["protocol"] in REST_PROTOCOLS:
            found.routes = RestRoutes(model)
        found = _LOADED.setdefault(folder, found)
    return found


async def get_service(folder: str) -> Service:
    """`load_service` in a thread when it is the first use."""
    found = _LOADED.get(folder)
    return found if found is not None else await asyncio.to_thread(load_service, folder)


async def get_codec(service: Service, operation: str, protocol: str) -> Codec:
    """The compiled codec of an operation in a protocol; compiled in a thread at first use."""
    found = service.codecs.get((operation, protocol))
    if found is None:
        found = await asyncio.to_thread(compile_codec, service, operation, protocol)
    return found


def compile_codec(service: Service, operation: str, protocol: str) -> Codec:
    speaking_query = protocol == "query" and service.query_model is not None
    described = service.query_model if speaking_query else service.model
    assert described is not None, "a service that speaks query has a model for it"
    model = described.operation_model(operation)
    read, write = _COMPILERS[protocol](model)
    codec = Codec(
        protocol=protocol,
        read=read,
        check=compile_check(model),
        write=write,
        streams_input=protocol in REST_PROTOCOLS and _streams(model.input_shape),
        needs_checksum=bool(model.http_checksum.get("requestChecksumRequired"))
        and operation not in _UNCHECKED,
        tell=compile_teller(described.operation_model(operation)),
    )
    return service.codecs.setdefault((operation, protocol), codec)


def _streams(shape: Shape | None) -> bool:
    """Whether the body goes to the handler unread. (botocore calls any blob payload streaming.)"""
    payload = None if shape is None else shape.serialization.get("payload")
    if shape is None or payload is None:
        return False
    traits = shape.members[payload].serialization
    return bool(traits.get("streaming") or traits.get("eventstream"))


def _rest(model: OperationModel) -> tuple[Any, Any]:
    return compile_rest_reader(model), compile_rest_writer(model)


def _query(model: OperationModel) -> tuple[Any, Any]:
    read = compile_query_reader(model.input_shape, ec2=False)
    return (lambda incoming: read(tree_of(incoming.query))), compile_query_writer(model)


def _ec2(model: OperationModel) -> tuple[Any, Any]:
    read = compile_query_reader(model.input_shape, ec2=True)
    return (lambda incoming: read(tree_of(incoming.query))), compile_ec2_writer(model)


def _json(model: OperationModel) -> tuple[Any, Any]:
    return _tree_reader(model.input_shape, parse_json), compile_json_writer(model)


def _cbor(model: OperationModel) -> tuple[Any, Any]:
    return _tree_reader(model.input_shape, cbor.decode), compile_cbor_writer(model)


def _tree_reader(
    shape: Shape | None, decode: Callable[[bytes], Any]
) -> Callable[[Incoming], dict[str, Any]]:
    if shape is None:
        return lambda _incoming: {}
    reader = compile_tree_reader(shape)

    def read(incoming: Incoming) -> dict[str, Any]:
        found: dict[str, Any] = reader(decode(incoming.body)) if incoming.body else {}
        return found

    return read


_COMPILERS = {
    "rest-xml": _rest,
    "rest-json": _rest,
    "query": _query,
    "ec2": _ec2,
    "json": _json,
    "smithy-rpc-v2-cbor": _cbor,
}
