"""Instructor: typed answers through tools and through JSON schemas, over Chat and Responses."""

from typing import Literal

import instructor
from openai import OpenAI
from pydantic import BaseModel, ConfigDict

MODEL = "volano-tiny-qwen3"
ASK = [{"role": "user", "content": "Time?"}]


class Clock(BaseModel):
    model_config = ConfigDict(extra="forbid")  # or a model that cannot read adds fields for ever
    zone: Literal["UTC", "CET"]
    exact: bool


for mode in (instructor.Mode.TOOLS_STRICT, instructor.Mode.JSON_SCHEMA):
    client = instructor.from_openai(OpenAI(), mode=mode)
    made = client.chat.completions.create(
        model=MODEL, messages=ASK, response_model=Clock, max_tokens=300
    )
    assert made.zone in ("UTC", "CET")
