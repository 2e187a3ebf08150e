"""The checklist of docs/security/asvs.md names tests that exist, and says so of what it has not."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "security" / "asvs.md"
ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([12]) \| (.+?) \| (met|partly|not met|n/a) \| (.+) \|$")
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
REQUIREMENTS = 253
"""Of levels 1 and 2 of ASVS 5.0.0."""
FOUND = [row.groups() for line in PAGE.read_text().splitlines() if (row := ROW.match(line))]


def test_every_requirement_stands_there_once():
    numbers = [number for number, *_ in FOUND]
    assert len(numbers) == len(set(numbers)) == REQUIREMENTS


@pytest.mark.parametrize(
    ("file", "name"), sorted({named for *_, said in FOUND for named in NAMED.findall(said)})
)
def test_a_named_test_exists(file, name):
    text = (ROOT / file).read_text()
    defined = {
        node.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert not name or name in defined, f"{file} has no {name}"
    assert any(known.startswith("test_") for known in defined), f"{file} has no tests"


def test_what_is_met_names_a_test_and_what_is_not_says_why():
    for number, _, _, state, said in FOUND:
        if state == "met":
            assert NAMED.search(said), f"{number} is met by no test"
        else:
            assert len(NAMED.sub("", said)) > 5, f"{number} does not say why"


def test_the_figures_of_the_summary_are_the_tables():
    states = Counter(state for *_, state, _ in FOUND)
    text = PAGE.read_text()
    for state, words in [
        ("met", "met"),
        ("partly", "partly"),
        ("not met", "not met"),
        ("n/a", "without object"),
    ]:
        assert f"**{states[state]} {words}**" in text
