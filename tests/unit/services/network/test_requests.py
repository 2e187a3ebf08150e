"""Filters and pages that every EC2 operation shares."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volano.kernel.errors import Invalid
from volano.services.network.logic.requests import matching, page_of

FIELDS = {"name": lambda item: [item], "tag": lambda item: [f"Name={item}"]}


def kept(items: list[str], *values: str, name: str = "name") -> list[str]:
    return matching(items, [{"Name": name, "Values": list(values)}], FIELDS)


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("web-*", "web-1", True), ("web-*", "web-", True), ("web-*", "a web-1", False),
        ("we?-1", "web-1", True), ("we?-1", "we-1", False), ("*", "", True),
        ("a\\*", "a*", True), ("a\\*", "ab", False), ("[ab]", "a", False), ("[ab]", "[ab]", True),
        ("WEB", "web", False), ("a.c", "abc", False), ("***a", "bbba", True), ("a\\", "a\\", True),
    ],
)  # fmt: skip
def test_wildcards(pattern, text, fits):
    assert kept([text], pattern) == ([text] if fits else [])


def test_values_of_a_filter_are_alternatives_and_filters_all_hold():
    assert kept(["a", "b", "c"], "a", "c") == ["a", "c"]
    both = [{"Name": "name", "Values": ["a", "b"]}, {"Name": "tag:Name", "Values": ["b"]}]
    assert matching(["a", "b"], both, FIELDS) == ["b"]
    assert matching(["a", "b"], None, FIELDS) == ["a", "b"]
    assert kept(["a"], name="name") == []


def test_tags_by_key():
    assert kept(["a"], "Name", name="tag-key") == ["a"]
    assert kept(["a"], "Nam", name="tag-key") == []


@pytest.mark.parametrize("name", ["", "colour", "tag"])
def test_unknown_filters_are_refused(name):
    with pytest.raises(Invalid):
        kept(["a"], "a", name=name)


def test_limits():
    with pytest.raises(Invalid):
        kept(["a"], *(["x"] * 201))
    with pytest.raises(Invalid):
        matching(["a"], [{"Name": "name", "Values": ["a"]}] * 51, FIELDS)


@given(st.text(max_size=12), st.text(max_size=12))
def test_no_pattern_breaks_matching(pattern, text):
    kept([text], pattern)


@given(st.text(alphabet="abc*?[].", max_size=12))
def test_a_value_with_its_wildcards_escaped_fits_itself_only(text):
    escaped = "".join(f"\\{c}" if c in "*?\\" else c for c in text)
    assert kept([text, text + "x"], escaped) == [text]


@given(st.sets(st.text(alphabet="abcdef", min_size=1, max_size=4), max_size=20), st.integers(1, 6))
def test_pages_give_everything_once(items, size):
    ordered, seen, token = sorted(items), [], ""
    while True:
        page, token = page_of(ordered, {"MaxResults": size, "NextToken": token}, str)
        assert len(page) <= size
        seen += page
        if not token:
            break
    assert seen == ordered


def test_a_page_goes_on_when_its_last_item_is_gone():
    page, token = page_of(["a", "b", "c"], {"MaxResults": 2}, str)
    assert page == ["a", "b"]
    assert page_of(["a", "c", "d"], {"NextToken": token}, str) == (["c", "d"], "")


@pytest.mark.parametrize(
    "request_", [{"MaxResults": 1001}, {"MaxResults": -1}, {"NextToken": "???"}, {"NextToken": "é"}]
)
def test_wrong_pages_are_refused(request_):
    with pytest.raises(Invalid):
        page_of(["a"], request_, str)
