"""The OpenAPI document of everything that is registered, made in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from volano.wire.action import Action
from volano.wire.rest.openapi import openapi_document
from volano.wire.results import EventStream, Raw, WithHeaders

PROGRAM = """
import sys
from volano.app.discover import load_services
from volano.wire.rest.openapi import openapi_bytes
load_services()
sys.stdout.buffer.write(openapi_bytes())
"""


class Given(msgspec.Struct):
    name: str


class Answer(msgspec.Struct):
    name: str


async def mixed(env: Any, call: Any, request: Given) -> Answer | EventStream:
    raise NotImplementedError


async def streamed(env: Any, call: Any, request: Given) -> EventStream | Raw:
    raise NotImplementedError


async def headed(env: Any, call: Any, request: Given) -> WithHeaders:
    raise NotImplementedError


async def maybe(env: Any, call: Any, request: Given) -> Answer | None:
    raise NotImplementedError


@pytest.mark.parametrize(
    ("handler", "media"),
    [
        (mixed, {"application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}}),
        (streamed, {"text/event-stream": {"schema": {"type": "string"}}}),
        (headed, {"application/json": {"schema": {}}}),
        (maybe, {"application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}}),
    ],
)
def test_results_of_every_kind_are_described(handler: Any, media: dict[str, Any]) -> None:
    made = Action(
        name=f"volano:x{handler.__name__}",
        permission="x:X",
        resource="*",
        handler=handler,
        read_only=True,
        method="POST",
        path="/volano/v1/{name}/x",
        partial="half",
    )
    document = openapi_document([made])
    OpenAPIV31SpecValidator(document).validate()
    operation = document["paths"]["/volano/v1/{name}/x"]["post"]
    assert operation["responses"]["200"]["content"] == media
    assert operation["x-volano-partial"] == "half"
    assert operation["tags"] == ["volano"]
    assert "requestBody" not in operation


def test_document_of_all_services_is_valid() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    document = json.loads(done.stdout)
    OpenAPIV31SpecValidator(document).validate()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert operation["summary"], (method, path)
            assert operation["x-volano-permission"], (method, path)
