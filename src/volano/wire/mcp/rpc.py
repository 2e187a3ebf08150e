"""JSON-RPC 2.0 as MCP's Streamable HTTP carries it, in both of its generations.

Up to 2025-11-25 a client shakes hands (`initialize`) and then names the agreed version in a header.
Since 2026-07-28 every request carries version and capabilities in `params._meta`, and its headers
repeat method and tool name so that proxies can route; headers that differ are refused. We keep no
session for either: every request says all that is needed.
Source: modelcontextprotocol.io/specification (2025-11-25 and 2026-07-28, basic/transports).
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from volano.wire.decode import InvalidJson, parse_json

if TYPE_CHECKING:
    from collections.abc import Mapping

HANDSHAKE_VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
ENVELOPE_VERSIONS = ("2026-07-28",)
VERSION_HEADER = "mcp-protocol-version"
VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
SERVER_KEY = "io.modelcontextprotocol/serverInfo"

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
HEADER_MISMATCH = -32020
UNSUPPORTED_VERSION = -32022

_STATUS = {
    PARSE_ERROR: 400,
    INVALID_REQUEST: 400,
    INVALID_PARAMS: 400,
    HEADER_MISMATCH: 400,
    UNSUPPORTED_VERSION: 400,
    METHOD_NOT_FOUND: 404,
}
_NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
"""Methods whose `Mcp-Name` header repeats a parameter."""


class RpcError(Exception):
    """An answer with `error`; `data` is for programs."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One request, or a notification when `id` is None. `is_enveloped` since 2026-07-28."""

    id: str | int | None
    method: str
    params: dict[str, Any]
    is_enveloped: bool


def read_message(body: bytes, headers: Mapping[str, str]) -> Message | None:
    """The message of a POST; None for a client's answer (nobody waits for it). Raises RpcError."""
    try:
        value = parse_json(body)
    except InvalidJson as error:
        raise RpcError(PARSE_ERROR, error.message) from error
    if isinstance(value, list):
        raise RpcError(INVALID_REQUEST, "Batches are not part of this protocol; send one message.")
    if not isinstance(value, dict) or value.get("jsonrpc") != "2.0":
        raise RpcError(INVALID_REQUEST, "This is not a JSON-RPC 2.0 message.")
    if "method" not in value and ("result" in value or "error" in value):
        return None
    found = _message_of(value, headers)
    if found.is_enveloped:
        _require_envelope(found, headers)
    elif headers.get(VERSION_HEADER, HANDSHAKE_VERSIONS[0]) not in HANDSHAKE_VERSIONS:
        raise _unsupported(headers[VERSION_HEADER])
    return found


def _message_of(value: dict[str, Any], headers: Mapping[str, str]) -> Message:
    method, params, id_ = value.get("method"), value.get("params", {}), value.get("id")
    if not isinstance(method, str) or not isinstance(params, dict):
        raise RpcError(INVALID_REQUEST, "A message has a method, and params that are an object.")
    if isinstance(id_, bool) or not isinstance(id_, str | int | None):
        raise RpcError(INVALID_REQUEST, "The id of a request is a text or an integer.")
    meta = params.get("_meta")
    is_enveloped = headers.get(VERSION_HEADER) in ENVELOPE_VERSIONS or (
        isinstance(meta, dict) and VERSION_KEY in meta
    )
    return Message(id=id_, method=method, params=params, is_enveloped=is_enveloped)


def _require_envelope(message: Message, headers: Mapping[str, str]) -> None:
    """The checks of 2026-07-28, in the order that the specification gives."""
    if message.id is None:
        return
    meta = message.params.get("_meta")
    missing = [
        key
        for key in (VERSION_KEY, CAPABILITIES_KEY)
        if not isinstance(meta, dict) or key not in meta
    ]
    if missing:
        raise RpcError(INVALID_PARAMS, f"params._meta has no {' and no '.join(missing)}.")
    assert isinstance(meta, dict)
    version = meta[VERSION_KEY]
    if headers.get(VERSION_HEADER) != version:
        raise RpcError(HEADER_MISMATCH, "The MCP-Protocol-Version header differs from the body's.")
    if headers.get("mcp-method") != message.method:
        raise RpcError(HEADER_MISMATCH, "The Mcp-Method header differs from the body's method.")
    named = message.params.get(_NAMED.get(message.method, ""))
    if named is not None and _decoded(headers.get("mcp-name")) != named:
        raise RpcError(HEADER_MISMATCH, "The Mcp-Name header differs from the body's name.")
    if version not in ENVELOPE_VERSIONS:
        raise _unsupported(version)


def _unsupported(requested: str) -> RpcError:
    return RpcError(
        UNSUPPORTED_VERSION,
        f"This server does not speak version {requested[:40]} here.",
        {"supported": [*ENVELOPE_VERSIONS, *HANDSHAKE_VERSIONS], "requested": requested},
    )


def _decoded(value: str | None) -> str | None:
    """A header's value; `=?base64?…?=` wraps what a header cannot carry."""
    if value is None or not (value.startswith("=?base64?") and value.endswith("?=")):
        return value
    try:
        return base64.b64decode(value[9:-2], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def result_body(message: Message, result: dict[str, Any]) -> bytes:
    if message.is_enveloped:
        result = {"resultType": "complete", **result}
    return msgspec.json.encode({"jsonrpc": "2.0", "id": message.id, "result": result})


def error_body(id_: str | int | None, error: RpcError) -> bytes:
    told: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.data is not None:
        told["data"] = error.data
    return msgspec.json.encode({"jsonrpc": "2.0", "id": id_, "error": told})


def status_of(error: RpcError) -> int:
    return _STATUS.get(error.code, 200)
