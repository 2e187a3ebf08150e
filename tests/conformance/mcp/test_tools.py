"""The MCP server through the protocol's own Python SDK, in both generations of the protocol."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import uuid
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx2
import pytest
from mcp import Client, ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, TextContent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from email.message import Message

    from tests.conftest import Volano


def bearer(volano: Volano) -> httpx2.AsyncClient:
    key = volano.credentials["OPENAI_API_KEY"]
    return httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"})


def text_of(answer: CallToolResult) -> str:
    content = answer.content[0]
    assert isinstance(content, TextContent)
    return content.text


@asynccontextmanager
async def handshaken(volano: Volano, path: str = "/mcp") -> AsyncIterator[ClientSession]:
    """A session of the generation that shakes hands."""
    async with streamable_http_client(volano.url + path, http_client=bearer(volano)) as streams:
        async with ClientSession(streams[0], streams[1]) as session:
            await session.initialize()
            yield session


@asynccontextmanager
async def enveloped(volano: Volano, path: str) -> AsyncIterator[Client]:
    """A client of 2026-07-28."""
    transport = streamable_http_client(volano.url + path, http_client=bearer(volano))
    async with Client(transport) as client:
        yield client


async def test_find_describe_and_call_an_action(volano: Volano) -> None:
    bucket = f"mcp-{uuid.uuid4().hex[:12]}"
    async with handshaken(volano) as session:
        names = [tool.name for tool in (await session.list_tools()).tools]
        assert names == ["find_tools", "describe_tool", "call_tool"]
        found = await session.call_tool("find_tools", {"words": "make a new bucket", "limit": 5})
        assert "s3_CreateBucket" in text_of(found)
        told = await session.call_tool("describe_tool", {"name": "s3_CreateBucket"})
        assert told.structured_content["inputSchema"]["required"] == ["Bucket"]
        made = await session.call_tool(
            "call_tool", {"name": "s3_CreateBucket", "arguments": {"Bucket": bucket}}
        )
        assert not made.is_error, made.content
    buckets = volano.client("s3").list_buckets()["Buckets"]
    assert bucket in [one["Name"] for one in buckets]


async def test_an_action_that_fails_tells_the_model_why(volano: Volano) -> None:
    async with handshaken(volano) as session:
        answer = await session.call_tool(
            "call_tool",
            {"name": "s3_GetBucketPolicy", "arguments": {"Bucket": "mcp-nobody-has-this"}},
        )
        assert answer.is_error
        assert text_of(answer).startswith("NoSuchBucket: ")
        wrong = await session.call_tool(
            "call_tool", {"name": "s3_CreateBucket", "arguments": {"Bukkit": "x"}}
        )
        assert wrong.is_error
        assert "Bukkit" in text_of(wrong)


async def test_tools_of_one_service_page_by_page(volano: Volano) -> None:
    async with enveloped(volano, "/mcp/iam") as client:
        assert client.protocol_version == "2026-07-28"
        first = await client.list_tools()
        second = await client.list_tools(cursor=first.next_cursor)
    names = [tool.name for tool in [*first.tools, *second.tools]]
    assert len(names) == len(set(names)) > 100
    assert all(name.startswith("iam_") for name in names)
    by_name = {tool.name: tool for tool in [*first.tools, *second.tools]}
    reading, deleting = (by_name[f"iam_{name}"].annotations for name in ("ListUsers", "DeleteUser"))
    assert reading
    assert reading.read_only_hint
    assert deleting
    assert deleting.destructive_hint


async def test_a_tool_of_a_service_runs_as_the_caller(volano: Volano) -> None:
    async with enveloped(volano, "/mcp/sts") as client:
        answer = await client.call_tool("sts_GetCallerIdentity", {})
    arn = volano.client("sts").get_caller_identity()["Arn"]
    assert answer.structured_content["Arn"] == arn


async def test_a_reading_connection_writes_nothing(volano: Volano) -> None:
    async with enveloped(volano, "/mcp/s3?read_only=true") as client:
        names = [tool.name for tool in (await client.list_tools()).tools]
        assert "s3_ListBuckets" in names
        assert "s3_CreateBucket" not in names
        with pytest.raises(MCPError, match="Unknown tool"):
            await client.call_tool("s3_CreateBucket", {"Bucket": "mcp-never-made"})
    async with handshaken(volano, "/mcp?read_only=true") as session:
        refused = await session.call_tool(
            "call_tool", {"name": "s3_CreateBucket", "arguments": {"Bucket": "mcp-never-made"}}
        )
        assert refused.is_error
        assert "only reads" in text_of(refused)


def post(volano: Volano, body: object, **headers: str) -> tuple[int, Message, bytes]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(volano.url + "/mcp", data=data, method="POST")
    for name, value in {"content-type": "application/json", **headers}.items():
        request.add_header(name.replace("_", "-"), value)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, -32700),
        ([{"jsonrpc": "2.0", "id": 1, "method": "ping"}], 400, -32600),
        ({"id": 1, "method": "ping"}, 400, -32600),
        ({"jsonrpc": "2.0", "id": True, "method": "ping"}, 400, -32600),
        ({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []}, 400, -32600),
        ({"jsonrpc": "2.0", "id": 1, "method": "no/such"}, 404, -32601),
        ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {}}, 400, -32602),
        ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "x"}}, 400, -32602),
    ],
)
def test_what_is_no_request_is_told_so(
    volano_sqlite: Volano, body: object, status: int, code: int
) -> None:
    key = volano_sqlite.credentials["OPENAI_API_KEY"]
    got, _, told = post(volano_sqlite, body, authorization=f"Bearer {key}")
    assert (got, json.loads(told)["error"]["code"]) == (status, code)


def test_headers_that_differ_from_the_body_are_refused(volano_sqlite: Volano) -> None:
    key = volano_sqlite.credentials["OPENAI_API_KEY"]
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    body = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "call_tool", "arguments": {"name": "s3_ListBuckets"}, "_meta": meta},
    }
    right = {
        "authorization": f"Bearer {key}",
        "mcp_protocol_version": "2026-07-28",
        "mcp_method": "tools/call",
        "mcp_name": "call_tool",
    }
    assert post(volano_sqlite, body, **right)[0] == 200
    for name, value in (
        ("mcp_name", "find_tools"),
        ("mcp_method", "tools/list"),
        ("mcp_protocol_version", "2025-11-25"),
    ):
        status, _, told = post(volano_sqlite, body, **(right | {name: value}))
        assert (status, json.loads(told)["error"]["code"]) == (400, -32020), name


def test_without_a_credential_the_answer_says_where_to_get_one(volano_sqlite: Volano) -> None:
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    status, headers, _ = post(volano_sqlite, ping)
    assert status == 401
    at = f"{volano_sqlite.url}/.well-known/oauth-protected-resource/mcp"
    assert headers["www-authenticate"] == f'Bearer resource_metadata="{at}"'
    status, headers, _ = post(volano_sqlite, ping, authorization="Bearer sk-vol-wrong")
    assert status == 401
    assert 'error="invalid_token"' in headers["www-authenticate"]
    key = volano_sqlite.credentials["OPENAI_API_KEY"]
    elsewhere = {"authorization": f"Bearer {key}", "origin": "http://elsewhere.example"}
    assert post(volano_sqlite, ping, **elsewhere)[0] == 403
