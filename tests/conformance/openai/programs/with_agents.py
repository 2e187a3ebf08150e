"""OpenAI's agents: a tool is called and answered, over Responses and over Chat, whole and streamed."""

import asyncio
from typing import Literal

from agents import (
    Agent,
    ModelSettings,
    OpenAIChatCompletionsModel,
    Runner,
    function_tool,
    set_tracing_disabled,
)
from openai import AsyncOpenAI

set_tracing_disabled(True)
MODEL = "volano-tiny-qwen3"
asked = []


@function_tool
def clock(zone: Literal["UTC", "CET"]) -> str:
    """The time in a zone."""
    asked.append(zone)
    return f"12:00 {zone}"


def agent(model):
    return Agent(
        name="Clerk",
        instructions="Answer.",
        model=model,
        tools=[clock],
        tool_use_behavior="stop_on_first_tool",
        model_settings=ModelSettings(
            tool_choice="required", parallel_tool_calls=False, max_tokens=200
        ),
    )


async def main():
    for model in (MODEL, OpenAIChatCompletionsModel(MODEL, AsyncOpenAI())):
        done = await Runner.run(agent(model), "What time is it?")
        assert done.final_output == f"12:00 {asked[-1]}", done.final_output
        streamed = Runner.run_streamed(agent(model), "What time is it?")
        kinds = [event.type async for event in streamed.stream_events()]
        assert "raw_response_event" in kinds
        assert "run_item_stream_event" in kinds
    assert len(asked) == 4


asyncio.run(main())
