"""Every action is a tool with a schema, but those that cannot be."""

from __future__ import annotations

import re

import msgspec
import pytest

from volano.app import discover
from volano.wire.action import find_action, list_actions
from volano.wire.aws.catalog import load_service
from volano.wire.tools.catalogue import AWS_STREAMS, find_name, list_names, search_names
from volano.wire.tools.registry import RegistryTools
from volano.wire.tools.schemas import struct_schema


@pytest.fixture(autouse=True, scope="module")
def _registry() -> None:
    discover.load_services()


def test_names_fit_function_names_of_model_vendors() -> None:
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", head.name) for head in list_names())


def test_a_tool_is_found_by_its_name_and_by_its_action() -> None:
    assert find_name("slack_chat_postMessage") == find_name("slack:chat.postMessage")
    assert find_name("s3:NoSuchThing") is None


def test_streams_are_those_of_the_models() -> None:
    for found in list_actions("aws"):
        service, _, operation = found.name.partition(":")
        model = load_service(service).model.operation_model(operation)
        streams = (
            model.has_streaming_input
            or model.has_streaming_output
            or model.has_event_stream_output
            or model.has_event_stream_input
        )
        assert streams == (found.name in AWS_STREAMS), found.name


def test_sign_in_and_uploads_are_no_tools() -> None:
    for action in ("volano:signIn", "volano:putObject", "volano:callAws", "s3:GetObject"):
        assert find_action(action) is not None
        assert find_name(action) is None


async def test_every_tool_has_an_object_schema_and_a_description() -> None:
    tools = RegistryTools()
    for head in tools.list_tools():
        told = await tools.describe(head)
        assert told.description, head.name
        assert told.input_schema["type"] == "object", head.name
        msgspec.json.encode(told.input_schema)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("list my buckets", "s3_ListBuckets"),
        ("start a virtual machine", "ec2_StartInstances"),
        ("who can read this bucket", "volano_whoCan"),
        ("post a message to a channel", "slack_chat_postMessage"),
        ("rotate a secret", "secretsmanager_RotateSecret"),
    ],
)
def test_search_finds_what_is_meant_among_the_first_five(words: str, expected: str) -> None:
    assert expected in [head.name for head in search_names(words, limit=5)]


def test_search_keeps_to_a_service_and_to_reading() -> None:
    assert {head.service for head in search_names("create key", service="kms")} == {"kms"}
    assert all(head.read_only for head in search_names("bucket policy", read_only=True))


class Node(msgspec.Struct):
    name: str
    children: list[Node] = []


class Leaf(msgspec.Struct):
    value: object


class Twig(msgspec.Struct):
    leaf: Leaf


def test_schemas_have_an_object_at_the_root() -> None:
    recursive = struct_schema(Node)
    assert recursive["properties"]["children"]["items"] == {"$ref": "#/$defs/Node"}
    assert "Node" in recursive["$defs"]
    nested = struct_schema(Twig)
    assert set(nested["$defs"]) == {"Leaf"}
    assert struct_schema(None) == {"type": "object"}
    assert struct_schema(dict[str, int])["type"] == "object"
