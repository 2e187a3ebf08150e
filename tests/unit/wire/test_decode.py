"""Texts and JSON to typed fields, and what is said when they do not fit."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from volano.kernel.errors import Invalid, TooLarge
from volano.kernel.foreign_json import MAX_DEPTH
from volano.wire.decode import (
    InvalidJson,
    merge_text,
    parse_json,
    query_pairs,
    read_body,
    require_sane,
    to_struct,
)
from volano.wire.form import UploadedFile
from volano.wire.http import Request, body_of
from volano.wire.slack.arguments import to_request


class Inner(msgspec.Struct):
    key: str
    count: int = 0


class Outer(msgspec.Struct, rename="camel"):
    name: str = ""
    page_size: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20
    order: Literal["asc", "desc"] = "desc"
    tags: list[str] = []
    counts: set[int] = set()
    filter: dict[str, str] = {}
    inner: Inner | None = None
    both: list[int] | int | None = None
    anything: Any = None
    flag: bool = False
    file: UploadedFile | None = None


def request_of(
    query: str = "", headers: dict[str, str] | None = None, body: bytes = b""
) -> Request:
    given_headers = headers or {}
    return Request(
        method="POST",
        raw_path="/",
        raw_query=query,
        headers=given_headers,
        header_list=list(given_headers.items()),
        body=body_of(body),
    )


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (
            "name=a&pageSize=5&order=asc&flag=1",
            {"name": "a", "pageSize": 5, "order": "asc", "flag": True},
        ),
        ("tags=a&tags=b", {"tags": ["a", "b"]}),
        ("tags[]=a", {"tags": ["a"]}),
        ("tags[0]=a&tags[1]=b", {"tags": ["a", "b"]}),
        ("counts=3", {"counts": [3]}),
        ("filter[a]=1&filter[b]=2", {"filter": {"a": "1", "b": "2"}}),
        ("inner[key]=k&inner[count]=2", {"inner": {"key": "k", "count": 2}}),
        ("name=a&name=b", {"name": "b"}),
        ("extra=1&x[y]=2", {"extra": "1", "x": "2"}),
        ("both=1&both=2", {"both": [1, 2]}),
        ("name=", {"name": ""}),
    ],
)
def test_texts_become_their_fields_types(query: str, found: dict[str, Any]) -> None:
    merged = merge_text({}, query_pairs(request_of(query)), Outer)
    assert merged == found
    assert to_struct(merged, Outer) is not None


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("pageSize=0", "pageSize"),
        ("pageSize=x", "pageSize"),
        ("flag=2", "flag"),
        ("counts=x", "counts[0]"),
        ("inner[count]=2", "inner"),
        ("filter=x", "filter"),
    ],
)
def test_text_that_does_not_fit_names_its_field(query: str, param: str) -> None:
    with pytest.raises(Invalid) as caught:
        merge_text({}, query_pairs(request_of(query)), Outer)
    assert caught.value.fields == {"param": param}


def test_types_that_are_no_structs_take_texts_as_they_are() -> None:
    assert merge_text({}, [("a", "1")], dict[str, str]) == {"a": "1"}
    assert to_struct({"a": 1}, None) == {"a": 1}
    assert to_struct({"a": 1}, dict[str, int]) == {"a": 1}


def test_value_out_of_range_and_wrong_literal_say_so() -> None:
    with pytest.raises(Invalid, match="'pageSize'") as caught:
        to_struct({"pageSize": 1000}, Outer)
    assert caught.value.fields == {"param": "pageSize"}
    with pytest.raises(Invalid, match="'order'") as caught:
        to_struct({"order": "up"}, Outer)
    assert caught.value.wire_code == "invalid_value"
    with pytest.raises(Invalid) as caught:
        to_struct([], Outer)  # type: ignore[arg-type] # what a careless caller might pass
    assert caught.value.fields == {}


@pytest.mark.parametrize("depth", [1, MAX_DEPTH, MAX_DEPTH + 1, 5_000, 1_000_000])
def test_depth_of_json_is_limited(depth: int) -> None:
    data = b"[" * depth + b"]" * depth
    if depth <= MAX_DEPTH:
        assert parse_json(data) is not None
    else:
        with pytest.raises(InvalidJson):
            parse_json(data)


@given(st.binary(max_size=60))
def test_any_bytes_are_json_or_refused(data: bytes) -> None:
    with suppress(InvalidJson):
        parse_json(data)


async def test_limits_of_headers_query_and_body() -> None:
    with pytest.raises(TooLarge):
        require_sane(request_of(headers={f"h{n}": "" for n in range(101)}))
    with pytest.raises(TooLarge):
        require_sane(request_of("a" * 40_000))
    with pytest.raises(Invalid):
        query_pairs(request_of("a&" * 1001))
    with pytest.raises(TooLarge):
        await read_body(request_of(headers={"content-length": "11"}, body=b"x" * 11), 10)
    with pytest.raises(TooLarge):
        await read_body(request_of(body=b"x" * 11), 10)
    assert await read_body(request_of(body=b"x" * 10), 10) == b"x" * 10


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ({"name": 12}, {"name": "12"}),
        ({"name": 1.5}, {"name": "1.5"}),
        ({"name": True}, {"name": "true"}),
        ({"name": ["a", "b"]}, {"name": "a,b"}),
        ({"name": {"a": 1}}, {"name": '{"a":1}'}),
        ({"name": None}, {}),
        ({"tags": "a, b,,c"}, {"tags": ["a", "b", "c"]}),
        ({"tags": '["a,b"]'}, {"tags": ["a,b"]}),
        ({"tags": ""}, {}),
        ({"counts": "1,2"}, {"counts": {1, 2}}),
        ({"pageSize": "7", "flag": "true"}, {"page_size": 7, "flag": True}),
        ({"pageSize": ""}, {}),
        ({"inner": '{"key":"k","count":3}'}, {"inner": Inner("k", 3)}),
        ({"anything": '[{"a":1}]'}, {"anything": [{"a": 1}]}),
        ({"anything": "plain"}, {"anything": "plain"}),
        ({"unknown": "1"}, {}),
    ],
)
def test_slack_arguments_fit_in_many_shapes(
    arguments: dict[str, Any], found: dict[str, Any]
) -> None:
    assert to_request(arguments, Outer) == Outer(**found)


@pytest.mark.parametrize(
    "arguments",
    [{"inner": "{"}, {"inner": "x"}, {"pageSize": "x"}, {"flag": "maybe"}, {"file": "x"}],
)
def test_slack_arguments_that_do_not_fit_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        to_request(arguments, Outer)


def test_slack_method_may_take_a_plain_mapping() -> None:
    assert to_request({"a": "1"}, dict[str, Any]) == {"a": "1"}
