"""The tool `mcp` against a server of the protocol's own SDK: listed, approved, called, refused.

Source: OpenAI's guide "Connectors and MCP servers" and the API reference's streaming events.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.conftest import free_port
from tests.unit.services.assistants.test_outside import serving, weather_server

from volano.kernel.egress import EgressRefused
from volano.kernel.errors import Invalid
from volano.services.studio.logic.responses.hosted.mcp import ListingFailed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

RAIN = json.dumps({"city": "Torino"})


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with serving(weather_server("Tells the weather."), free_port()) as address:
        yield address


def tool(url: str, **words: object) -> dict:
    return {"type": "mcp", "server_label": "met", "server_url": url} | words


def kinds(events: list[dict]) -> list[str]:
    return [event["type"].removeprefix("response.") for event in events]


async def test_a_tool_that_needs_no_approval_is_called_at_once(studio, url):
    studio.script([("met__weather", RAIN)], "Take an umbrella.")
    free = tool(url, require_approval="never", allowed_tools=["weather"])
    events = await studio.events("Weather?", tools=[free])
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    found = kinds(events)
    assert found[2:6] == [
        "output_item.added",
        "mcp_list_tools.in_progress",
        "mcp_list_tools.completed",
        "output_item.done",
    ]
    assert found[6:12] == [
        "output_item.added",
        "mcp_call.in_progress",
        "mcp_call_arguments.delta",
        "mcp_call_arguments.done",
        "mcp_call.completed",
        "output_item.done",
    ]
    listed, called, message = events[-1]["response"]["output"]
    assert [one["name"] for one in listed["tools"]] == ["weather"]
    assert (called["output"], called["arguments"]) == ("It rains in Torino.", RAIN)
    assert message["content"][0]["text"] == "Take an umbrella."
    assert studio.model.prompts[1].messages[-1]["content"] == "It rains in Torino."


async def test_without_more_words_each_call_waits_for_approval(studio, url):
    studio.script([("met__weather", RAIN)], "Take an umbrella.", "It was so.")
    tools = [tool(url)]
    asked = await studio.ask("Weather?", tools=tools)
    listed, request = asked["output"]
    assert (listed["type"], request["type"]) == ("mcp_list_tools", "mcp_approval_request")
    assert (request["name"], request["arguments"]) == ("weather", RAIN)
    yes = {"type": "mcp_approval_response", "approval_request_id": request["id"], "approve": True}
    made = await studio.ask([yes], tools=tools, previous_response_id=asked["id"])
    called, message = made["output"]
    assert called["approval_request_id"] == request["id"]
    assert called["output"] == "It rains in Torino."
    assert message["content"][0]["text"] == "Take an umbrella."
    # What is answered is not asked again, and the list is not told twice.
    last = await studio.ask("Sure?", tools=tools, previous_response_id=made["id"])
    assert [item["type"] for item in last["output"]] == ["message"]


async def test_a_call_that_the_client_refuses_is_not_made(studio, url):
    studio.script([("met__forget", RAIN)], "As you wish.")
    asked = await studio.ask("Forget Torino.", tools=[tool(url)])
    request = asked["output"][1]
    no = {
        "type": "mcp_approval_response",
        "approval_request_id": request["id"],
        "approve": False,
        "reason": "I like it.",
    }
    made = await studio.ask([no], tools=[tool(url)], previous_response_id=asked["id"])
    assert [item["type"] for item in made["output"]] == ["message"]
    told = studio.model.prompts[-1].messages[-1]
    assert told["role"] == "tool"
    assert told["content"] == "The user does not allow this call. I like it."


async def test_approval_may_be_asked_for_some_tools_only(studio, url):
    studio.script([("met__weather", RAIN)], [("met__forget", RAIN)])
    rule = {"never": {"tool_names": ["weather"]}}
    made = await studio.ask("Weather?", tools=[tool(url, require_approval=rule)])
    assert [item["type"] for item in made["output"]] == [
        "mcp_list_tools",
        "mcp_call",
        "mcp_approval_request",
    ]


async def test_a_tool_that_fails_is_told_to_the_model(studio, url):
    studio.script([("met__forget", RAIN)], "It failed.")
    made = await studio.ask("Forget.", tools=[tool(url, require_approval="never")])
    called = made["output"][1]
    assert called["status"] == "failed"
    assert called["error"]["type"] == "mcp_tool_execution_error"
    assert called["output"] is None


async def test_what_the_server_may_know_is_kept_sealed_and_not_shown(studio, url):
    studio.script("Hello.")
    secret = tool(url, authorization="token-of-mine", headers={"X-Key": "other-secret"})
    made = await studio.ask("Hello.", tools=[secret])
    assert "token-of-mine" not in json.dumps(made)
    assert "other-secret" not in json.dumps(made)
    rows = await studio.env.store.reader.rows("SELECT body FROM studio_record LIMIT 100")
    assert rows
    assert not any("token-of-mine" in row[0] or "other-secret" in row[0] for row in rows)


async def test_a_server_that_is_not_there_fails_the_request(studio):
    studio.script("Hello.")
    with pytest.raises(ListingFailed, match="'met'") as refused:
        await studio.ask("Hello.", tools=[tool(f"http://127.0.0.1:{free_port()}/mcp")])
    assert refused.value.wire_status == 424


async def test_addresses_that_the_egress_rule_forbids_are_refused(studio):
    studio.script("Hello.")
    with pytest.raises(EgressRefused):
        await studio.ask("Hello.", tools=[tool("http://169.254.169.254/mcp")])


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ({"connector_id": "connector_gmail"}, "tools[0].connector_id"),
        ({"server_label": "no label"}, "tools[0].server_label"),
        ({"require_approval": "sometimes"}, "tools[0].require_approval"),
        ({"headers": {"Host": "x"}}, "tools[0].headers.Host"),
        ({"allowed_tools": {"names": []}}, "tools[0].allowed_tools"),
        ({"surprise": 1}, "tools[0].surprise"),
    ],
)
async def test_what_is_wrong_is_named(studio, words, place):
    with pytest.raises(Invalid) as refused:
        await studio.ask("Hello.", tools=[tool("http://127.0.0.1:1/mcp", **words)])
    assert refused.value.fields["param"] == place
