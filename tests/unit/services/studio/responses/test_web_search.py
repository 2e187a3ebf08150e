"""The tool `web_search` against a small server that speaks SearXNG's JSON form."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from volano.kernel.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

RESULTS = [
    {"url": "https://volcano.example/etna", "title": "Etna", "content": "Etna erupts.", "score": 3},
    {"url": "https://other.example/", "title": "Other", "content": None, "engines": ["x"]},
    {"url": "javascript:alert(1)", "title": "Not a page", "content": "x"},
]
QUERY = ("web_search", json.dumps({"queries": ["etna"]}))


@asynccontextmanager
async def engine(status: int = 200) -> AsyncIterator[tuple[str, list[dict]]]:
    """A search engine and the queries that it was sent."""
    asked: list[dict] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        target = urlsplit(head.split(" ")[1])
        asked.append({"path": target.path, **parse_qs(target.query)})
        body = json.dumps({"query": "etna", "results": RESULTS}).encode()
        writer.write(
            f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode()
            + body
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


async def test_what_the_engine_finds_is_read_and_cited(studio):
    async with engine() as (url, asked):
        studio.configure(web_search_url=url)
        studio.script([QUERY], "It erupts.")
        events = await studio.events(
            "Etna?",
            tools=[{"type": "web_search"}],
            include=["web_search_call.action.sources"],
        )
    assert asked == [{"path": "/search", "q": ["etna"], "format": ["json"]}]
    searched, message = events[-1]["response"]["output"]
    assert searched["status"] == "completed"
    assert searched["action"]["query"] == "etna"
    assert [one["url"] for one in searched["action"]["sources"]] == [
        "https://volcano.example/etna",
        "https://other.example/",
    ]
    notes = message["content"][0]["annotations"]
    assert [note["type"] for note in notes] == ["url_citation", "url_citation"]
    assert notes[0]["end_index"] == len("It erupts.")
    found = [event["type"] for event in events if "web_search_call" in event["type"]]
    assert [kind.rpartition(".")[2] for kind in found] == ["in_progress", "searching", "completed"]
    assert "Etna erupts." in studio.model.prompts[1].messages[-1]["content"]


async def test_results_may_be_limited_to_domains(studio):
    async with engine() as (url, _):
        studio.configure(web_search_url=url)
        studio.script([QUERY], "Nothing.")
        tool = {"type": "web_search", "filters": {"allowed_domains": ["other.example"]}}
        made = await studio.ask("Etna?", tools=[tool], include=["web_search_call.results"])
    assert [one["url"] for one in made["output"][0]["results"]] == ["https://other.example/"]


async def test_an_engine_that_fails_is_told_to_the_model(studio):
    async with engine(status=503) as (url, _):
        studio.configure(web_search_url=url)
        studio.script([QUERY], "I could not look.")
        made = await studio.ask("Etna?", tools=[{"type": "web_search_preview"}])
    assert made["output"][0]["status"] == "failed"
    assert "503" in studio.model.prompts[1].messages[-1]["content"]


async def test_without_an_engine_the_tool_is_refused_with_what_to_do(studio):
    studio.script("Hello.")
    with pytest.raises(Invalid, match="web_search_url") as refused:
        await studio.ask("Etna?", tools=[{"type": "web_search"}])
    assert refused.value.fields["param"] == "tools[0].type"
