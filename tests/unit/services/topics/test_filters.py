"""Filter policies; each case is one of the SNS developer guide's pages on filter policies."""

from __future__ import annotations

import json

import pytest

from volano.kernel.errors import VolanoError
from volano.services.topics.logic.filters import matches_attributes, matches_body, parse_filter
from volano.services.topics.model import MessageAttribute


def text(value: str) -> MessageAttribute:
    return MessageAttribute(kind="String", text=value)


ATTRIBUTES = {
    "store": text("example_corp"),
    "event": text("order-placed"),
    "price": MessageAttribute(kind="Number", text="210.75"),
    "tags": MessageAttribute(kind="String.Array", text='["red", "blue", 5, true]'),
    "ip": text("10.0.0.255"),
    "blob": MessageAttribute(kind="Binary", data=b"x"),
}


@pytest.mark.parametrize(
    ("policy", "passes"),
    [
        ({"store": ["example_corp"]}, True),
        ({"store": ["other", "example_corp"], "event": ["x"]}, False),
        ({"store": [{"prefix": "exam"}]}, True),
        ({"store": [{"suffix": "corp"}]}, True),
        ({"store": [{"equals-ignore-case": "EXAMPLE_corp"}]}, True),
        ({"store": [{"anything-but": ["a", "example_corp"]}]}, False),
        ({"store": [{"anything-but": {"prefix": "order"}}]}, True),
        ({"missing": [{"anything-but": "x"}]}, False),
        ({"event": [{"wildcard": "order-*"}]}, True),
        ({"price": [{"numeric": [">", 200, "<=", 210.75]}]}, True),
        ({"price": [{"numeric": ["=", 210]}]}, False),
        ({"price": [210.75]}, True),
        ({"price": ["210.75"]}, False),
        ({"tags": ["blue"]}, True),
        ({"tags": [5]}, True),
        ({"tags": [True]}, True),
        ({"tags": ["green"]}, False),
        ({"missing": [{"exists": False}]}, True),
        ({"blob": [{"exists": True}]}, True),
        ({"blob": ["x"]}, False),
        ({"ip": [{"cidr": "10.0.0.0/24"}]}, True),
        ({"$or": [{"store": ["x"]}, {"event": ["order-placed"]}]}, True),
        ({"$or": [{"store": ["x"]}, {"event": ["y"]}]}, False),
    ],
)
def test_attributes(policy, passes):
    parsed = parse_filter(json.dumps(policy), nested=False)
    assert matches_attributes(parsed, ATTRIBUTES) is passes


BODY = {"customer": {"name": "ann", "orders": [{"id": 1}, {"id": 2}]}, "flag": None, "list": [[1]]}


@pytest.mark.parametrize(
    ("policy", "passes"),
    [
        ({"customer": {"name": ["ann"]}}, True),
        ({"customer": {"name": ["bob"]}}, False),
        ({"customer": {"orders": {"id": [2]}}}, True),
        ({"customer": {"orders": {"id": [3]}}}, False),
        ({"flag": [None]}, True),
        ({"list": [1]}, True),
        ({"nothing": {"deep": [{"exists": False}]}}, True),
    ],
)
def test_bodies(policy, passes):
    parsed = parse_filter(json.dumps(policy), nested=True)
    assert matches_body(parsed, json.dumps(BODY)) is passes
    assert not matches_body(parsed, "no json")


@pytest.mark.parametrize(
    "policy",
    [
        "[]", "{", '{"a": []}', '{"a": "b"}', '{"a": [{"nonsense": 1}]}', '{"a": [{"exists": 1}]}',
        '{"a": [{"numeric": ["<"]}]}', '{"a": [{"numeric": ["<", 5, ">", 6]}]}',
        '{"a": [{"numeric": [">", 6, "<", 5]}]}', '{"a": {"b": ["c"]}}', '{"a": [[1]]}',
        '{"a": [1000000001]}',
        json.dumps({str(n): ["x"] for n in range(6)}),
        json.dumps({"a": list("abcdefghijklmn"), "b": list("abcdefghijklmn")}),
    ],
)  # fmt: skip
def test_policies_that_are_none_are_refused(policy):
    with pytest.raises(VolanoError) as caught:
        parse_filter(policy, nested=False)
    assert caught.value.wire_code == "InvalidParameter"
