"""Any AWS operation as plain JSON: inputs and outputs by the names that boto3 uses.

Timestamps are ISO 8601 text and blobs are base64, both ways. Shapes come from botocore's models,
as for the protocols; what is wrong with an input is told in AWS's sentences.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from volano.kernel.errors import Invalid, NotBuilt, NotFound
from volano.wire.action import Action, find_action
from volano.wire.aws import scalars
from volano.wire.aws.catalog import get_service, service_rows
from volano.wire.aws.constraints import compile_check, describe
from volano.wire.aws.tree_reader import read_scalar

if TYPE_CHECKING:
    from botocore.model import OperationModel, Shape

MAX_DEPTH = 40


async def find_operation(service: str, operation: str) -> tuple[Action, OperationModel]:
    """The action of an operation, and its model. Raises NotFound for one that AWS does not have,
    NotBuilt for one that we do not have, Invalid for one whose body or answer is a stream.
    """
    if service not in service_rows():
        raise NotFound(f"There is no AWS service '{service}'.", fields={"param": "service"})
    loaded = await get_service(service)
    if operation not in loaded.operations:
        raise NotFound(f"{service} has no operation '{operation}'.", fields={"param": "operation"})
    found = find_action(f"{service}:{operation}")
    if found is None:
        raise NotBuilt(f"Volano does not have {service}:{operation} yet.")
    model = loaded.model.operation_model(operation)
    if _streams(model):
        raise Invalid(f"{operation} moves a stream of bytes; use an AWS client for it.")
    return found, model


def _streams(model: OperationModel) -> bool:
    return bool(
        model.has_streaming_input
        or model.has_streaming_output
        or model.has_event_stream_output
        or model.has_event_stream_input
    )


def read_plain_input(model: OperationModel, given: dict[str, Any]) -> dict[str, Any]:
    """The input as handlers take it; raises Invalid."""
    shape = model.input_shape
    if shape is None:
        return {}
    try:
        parsed: dict[str, Any] = _read(shape, given, "", 0)
    except scalars.BadValue as error:
        raise Invalid(error.message, code="BadInput") from error
    violations = compile_check(model)(parsed)
    if violations:
        raise Invalid(describe(violations), code="MissingInput")
    return parsed


def _read(shape: Shape, value: Any, path: str, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise scalars.BadValue(f"{path} is nested too deep.")
    kind = shape.type_name
    if kind == "structure" and not shape.is_document_type:
        if not isinstance(value, dict):
            raise scalars.BadValue(f"{path or 'The input'} is not an object.")
        unknown = next((name for name in value if name not in shape.members), None)
        if unknown is not None:
            known = ", ".join(shape.members)
            raise scalars.BadValue(f"{path or 'The input'} has no {unknown}. It has: {known}.")
        return {
            name: _read(shape.members[name], item, f"{path}.{name}".strip("."), depth + 1)
            for name, item in value.items()
            if item is not None
        }
    if kind == "list":
        if not isinstance(value, list):
            raise scalars.BadValue(f"{path} is not a list.")
        return [
            _read(shape.member, item, f"{path}[{n}]", depth + 1) for n, item in enumerate(value)
        ]
    if kind == "map":
        if not isinstance(value, dict):
            raise scalars.BadValue(f"{path} is not an object.")
        return {
            str(key): _read(shape.value, item, f"{path}.{key}", depth + 1)
            for key, item in value.items()
        }
    return read_scalar(shape, value)


def plain_output(model: OperationModel, result: dict[str, Any]) -> dict[str, Any]:
    """An output as JSON has it; what the model does not know is left out."""
    shape = model.output_shape
    written: dict[str, Any] = {} if shape is None else _plain(shape, result)
    return written


def _plain(shape: Shape, value: Any) -> Any:
    kind = shape.type_name
    if kind == "structure" and not shape.is_document_type:
        return {
            name: _plain(shape.members[name], item)
            for name, item in value.items()
            if item is not None and name in shape.members
        }
    if kind == "list":
        return [_plain(shape.member, item) for item in value]
    if kind == "map":
        return {str(key): _plain(shape.value, item) for key, item in value.items()}
    if kind == "timestamp":
        return scalars.iso8601(value)
    if kind == "blob":
        return scalars.blob_text(value)
    return value
