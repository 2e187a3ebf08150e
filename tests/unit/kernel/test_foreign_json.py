"""JSON that strangers wrote: one error, whatever is wrong with it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from volano.kernel.foreign_json import MAX_DEPTH, TooDeep, decode_foreign, is_deeper


class Told(msgspec.Struct):
    name: str
    more: Any = None


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 900, 100_000])
@pytest.mark.parametrize("kind", [Any, list[Any]])
def test_what_is_nested_too_deep_is_refused_as_what_is_no_json(depth: int, kind: Any) -> None:
    with pytest.raises(TooDeep):
        decode_foreign("[" * depth + "]" * depth, kind)
    with pytest.raises(msgspec.DecodeError):
        decode_foreign(b'{"a":' * depth, kind)


def test_as_deep_as_may_be_is_read() -> None:
    value = decode_foreign("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    assert is_deeper(value, MAX_DEPTH - 1)
    assert not is_deeper(value, MAX_DEPTH)


def test_a_member_that_nobody_wanted_is_refused_when_it_is_too_deep_to_skip() -> None:
    deep = "[" * 100_000 + "]" * 100_000
    with pytest.raises(TooDeep):
        decode_foreign(f'{{"name":"a","other":{deep}}}', Told)
    with pytest.raises(TooDeep):
        decode_foreign(f'{{"name":"a","more":{deep}}}', Told)


def test_many_brackets_in_a_text_are_not_deep() -> None:
    assert decode_foreign('"' + "[" * 1000 + '"') == "[" * 1000
    assert decode_foreign("[" + ",".join(["{}"] * 1000) + "]") == [{}] * 1000


@pytest.mark.parametrize(
    "data", [b'"\xff"', b'{"\xff": 1}', '"\ud800"', b'{"name": 1}', b"", b"{", b"NaN", b"9" * 5000]
)
def test_what_is_no_unicode_no_json_or_of_another_kind_is_one_error(data: bytes | str) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_foreign(data, Told)


def test_a_kind_is_what_comes() -> None:
    assert decode_foreign(b'{"name": "a", "more": [1]}', Told) == Told(name="a", more=[1])
    assert decode_foreign('{"a": 1}', dict[str, int]) == {"a": 1}


@given(st.binary(max_size=60) | st.text(max_size=60))
def test_whatever_comes_is_json_or_refused(data: bytes | str) -> None:
    with suppress(msgspec.DecodeError):
        decode_foreign(data)
