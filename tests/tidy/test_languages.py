"""The console speaks every language that has a file, and say nothing outside of them."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "web" / "src"
LANGUAGES = {path.stem: json.loads(path.read_text()) for path in (WEB / "i18n").glob("*.json")}
GENERATED = "schema.ts"
SOURCES = sorted(path for path in WEB.rglob("*.ts*") if path.name != GENERATED)
PLURAL = re.compile(r"_(zero|one|two|few|many|other)\Z")
VALUE = re.compile(r"\{(\w+)\}")
USED = re.compile(r"""\bt\(\s*'(\w+)'|\btext="(\w+)"|'(\w+)'""")

SERVER = Path(__file__).parents[2] / "src" / "volano"
SAID_BY = (  # what the server says in fixed sentences that the console shows
    "app/*.py",
    "backends/inference/*.py",
    "backends/runtime/*.py",
    "console/*.py",
    "services/*/logic/**/*.py",
    "services/*/model.py",
)
PRICES = SERVER / "services" / "billing" / "prices.toml"

SPOKEN = r"aria-label|label|placeholder|title|description|alt|tooltip"
ATTRIBUTE = re.compile(
    rf"""\b(?:{SPOKEN})=(?:"([^"]*[^\W\d_]{{2}}[^"]*)"|\{{?[`']([^`'{{}}]*[^\W\d_]{{2}}[^`'{{}}]*)[`'])"""
)
BETWEEN_TAGS = re.compile(r"(?<![=\s])>\s*([^<>{}=;()]*[^\W\d_]{2}[^<>{}=;()]*)\s*(?:<|\{)")
KEY = re.compile(r"[a-z]\w*")
# Names, addresses, examples of them, commands, and words that an API takes.
SAME_EVERYWHERE = re.compile(
    r"Volano|Python|FIFO|openai|volano \w+|\S*[-./:…#]\S*"
    r"|Allow|Deny|Off|Enabled|Suspended|Local|ReadsReports"
)
CODE = re.compile(r"^[:,]|&&|\?\Z")
TOLD = re.compile(r"""\btell\(\s*[`']""")
# Fields that people read, and words chosen by a condition; a key has no space and no capital in front.
FIELD = re.compile(
    rf"""\b(?:{SPOKEN}|about|done|note|text|yes)'?: [`']([^`'{{}}]*(?:[A-Z]|[^\W\d_] )[^`'{{}}]*)[`']"""
)
CHOSEN = re.compile(r"""[?:]\s[`']([A-Z][a-z]+(?: [^`']*)?)[`']""")


def keys_of(language: str) -> set[str]:
    """The texts of a language; how many plural forms there are is the language's own affair."""
    return {PLURAL.sub("", key) for key in LANGUAGES[language]}


def test_every_language_has_every_text() -> None:
    assert {"en", "zh"} <= set(LANGUAGES)
    for language in LANGUAGES:
        assert keys_of(language) ^ keys_of("en") == set(), language


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_texts_are_written_and_take_the_same_values(language: str) -> None:
    english = LANGUAGES["en"]
    for key, text in LANGUAGES[language].items():
        assert text.strip(), key
        wanted = set(VALUE.findall(english[PLURAL.sub("", key)]))
        assert set(VALUE.findall(text)) <= wanted, key
        if not PLURAL.search(key):
            assert set(VALUE.findall(text)) == wanted, key


def test_every_text_is_used() -> None:
    code = "\n".join(path.read_text() for path in WEB.rglob("*.ts*"))
    used = {key for match in USED.findall(code) for key in match if key}
    assert keys_of("en") - used - {"languageName"} == set()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(WEB)))
def test_no_text_of_a_page_stands_in_its_code(path: Path) -> None:
    code = re.sub(r"^\s*//.*$|\s//\s.*$", "", path.read_text(), flags=re.MULTILINE)
    found = [text for match in ATTRIBUTE.findall(code) for text in match if text]
    if path.suffix == ".tsx":
        between = [text.strip() for text in BETWEEN_TAGS.findall(code)]
        found += [text for text in between if not CODE.search(text)]
        found += [text for text in FIELD.findall(code) if not KEY.fullmatch(text)]
        found += CHOSEN.findall(code)
    found += TOLD.findall(code)
    assert [text for text in found if not SAME_EVERYWHERE.fullmatch(text)] == []


def said_by_server() -> set[str]:
    """Every text in the code of the server, with `{}` for its values, and those of the prices."""
    found = set(re.findall(r'(?:service|text|unit) = "([^"]+)"', PRICES.read_text()))
    for path in (path for pattern in SAID_BY for path in SERVER.glob(pattern)):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                found.add(
                    "".join(
                        part.value if isinstance(part, ast.Constant) else "{}"
                        for part in node.values
                    )
                )
    return found


@pytest.mark.parametrize(
    "path", sorted((WEB / "i18n" / "server").glob("*.json")), ids=lambda path: path.stem
)
def test_sentences_of_the_server_are_still_said(path: Path) -> None:
    sentences = json.loads(path.read_text())
    said = said_by_server()
    generic = re.compile(r"\d+(\.\d+)?")
    known = said | {generic.sub("{}", text) for text in said}
    assert [sentence for sentence in sentences if sentence not in known] == []
    for sentence, text in sentences.items():
        assert text.strip(), sentence
        assert text.count("{}") == sentence.count("{}"), sentence
