"""Lark grammars of texts, made into those of the same texts inside a JSON string.

The rules stay as they are; every text and expression in them is quoted (see quoted_regex). The
dialect is llguidance's. What is more than a text (JSON schemas, special tokens, other grammars)
is refused, and so is `~`, which is not what it says once its operand is quoted.
"""

from __future__ import annotations

import json
import re

from volano.ml.engine.quoted_regex import quote_regex, quote_text

_STRING = r'"(?:\\.|[^"\\\n])*"'
_PART = re.compile(
    rf"""
    (?P<skip>(?:\#|//)[^\n]*|\s+|~(?=\s*\d))
  | (?P<range>(?P<low>{_STRING})\s*\.\.\s*(?P<high>{_STRING}))
  | (?P<string>{_STRING})(?P<i>i?)
  | /(?P<regex>(?:\\.|[^/\\])+)/(?P<flags>[imslux]*)
  | %import\s+(?P<module>\w+)(?:\.(?P<name>\w+)(?:\s*->\s*(?P<alias>\w+))?|\s*\((?P<names>[^)]*)\))
  | (?P<refused>%(?!ignore\b)\w*|<[^<>\s]+>|@[\w-]+|~)
  | (?P<brace>[{{}}])
  | (?P<other>%\w+|[\w-]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_HEX = re.compile(r"\\x([0-9a-fA-F]{2})")
_FLOAT = r"(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+"
# The terminals of Lark's own library.
_COMMON = {
    "DIGIT": "[0-9]",
    "HEXDIGIT": "[a-fA-F0-9]",
    "INT": "[0-9]+",
    "SIGNED_INT": "[+-]?[0-9]+",
    "DECIMAL": r"[0-9]+\.[0-9]*|\.[0-9]+",
    "FLOAT": _FLOAT,
    "SIGNED_FLOAT": f"[+-]?(?:{_FLOAT})",
    "NUMBER": f"[0-9]+|{_FLOAT}",
    "SIGNED_NUMBER": f"[+-]?(?:[0-9]+|{_FLOAT})",
    "ESCAPED_STRING": r'"(?:[^"\\]|\\.)*"',
    "LCASE_LETTER": "[a-z]",
    "UCASE_LETTER": "[A-Z]",
    "LETTER": "[A-Za-z]",
    "WORD": "[A-Za-z]+",
    "CNAME": "[_A-Za-z][_A-Za-z0-9]*",
    "WS_INLINE": r"[ \t]+",
    "WS": r"[ \t\f\r\n]+",
    "CR": r"\r",
    "LF": r"\n",
    "NEWLINE": r"(?:\r?\n)+",
    "SH_COMMENT": r"#[^\n]*",
    "CPP_COMMENT": r"//[^\n]*",
    "C_COMMENT": r"/\*[^*]*\*+(?:[^/*][^*]*\*+)*/",
    "SQL_COMMENT": r"--[^\n]*",
}


def quote_lark(grammar: str) -> str:
    """The grammar of the same texts inside a JSON string; raises ValueError for what cannot be."""
    depth = 0
    out: list[str] = []
    for part in _PART.finditer(grammar):
        if part["refused"] is not None:
            raise ValueError(f"`{part['refused']}` is not possible in a tool's grammar")
        if part["brace"] is not None:
            depth += 1 if part["brace"] == "{" else -1
            if depth < 0:
                raise ValueError("a brace is closed that was not opened")
        out.append(_quoted(part))
    if depth:
        raise ValueError("a brace is not closed")
    return "".join(out)


def _quoted(part: re.Match[str]) -> str:
    if part["range"] is not None:
        ends = [re.escape(_text(part[name])) for name in ("low", "high")]
        return f"/{quote_regex('[' + '-'.join(ends) + ']')}/"
    if part["string"] is not None:
        text = _text(part["string"])
        if part["i"]:
            return f"/{quote_regex(re.escape(text))}/i"
        return json.dumps(quote_text(text), ensure_ascii=False)
    if part["regex"] is not None:
        return f"/{quote_regex(part['regex'], part['flags'])}/{part['flags']}"
    if part["module"] is not None:
        return _imported(part)
    return part[0]


def _text(literal: str) -> str:
    """What a text between quotes stands for."""
    return str(json.loads(_HEX.sub(r"\\u00\1", literal)))


def _imported(part: re.Match[str]) -> str:
    names = [part["name"]] if part["name"] else part["names"].replace(",", " ").split()
    unknown = [name for name in names if part["module"] != "common" or name not in _COMMON]
    if unknown:
        raise ValueError(f"nothing is known of `{part['module']}.{unknown[0]}`")
    return "\n".join(f"{part['alias'] or name}: /{quote_regex(_COMMON[name])}/" for name in names)
