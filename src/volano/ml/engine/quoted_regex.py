"""Regular expressions of texts, made into those of the same texts inside a JSON string.

A model writes a tool's text as JSON, where a line break is `\\n` and a quote is `\\"`. What an
expression says of such a character has to be said of its escape. The syntax is that of Rust's
`regex` crate; classes within classes are refused, so that what a class holds is known here.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass

_SPECIALS = frozenset([*map(chr, range(0x20)), '"', "\\"])
"""What a JSON string cannot hold as it is."""
_PLAIN = r'[^"\\\x00-\x1f]'
_SPACES = frozenset("\t\n\v\f\r")
_SETS = {
    "d": frozenset[str](),
    "w": frozenset[str](),
    "s": _SPACES,
    "D": _SPECIALS,
    "W": _SPECIALS,
    "S": _SPECIALS - _SPACES,
}
_NAMED = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "a": "\a"}
_CODE = re.compile(r"x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|[xuU]\{([0-9a-fA-F]{1,6})\}")
_PROPERTY = re.compile(r"([pP])(?:\{([A-Za-z]{1,2})\}|([A-Z]))")
_GROUP = re.compile(r"\((?:\?(?:P?<\w+>|([a-zA-Z-]*)([:)])))?")


@dataclass(frozen=True, slots=True)
class _Atom:
    """One character of a pattern or a set of them: its source, and which specials it takes.

    `character` is what a single one stands for; None for a set.
    """

    end: int
    source: str
    specials: frozenset[str]
    character: str | None = None


def quote_text(text: str) -> str:
    """A text as it stands in a JSON string, without the quotes."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def quote_regex(pattern: str, flags: str = "") -> str:
    """The expression of the same texts inside a JSON string; it may stand between slashes.

    Raises ValueError for what cannot be told from the outside.
    """
    if "x" in flags:
        raise ValueError("the flag `x` is not possible here")
    dot_alls = ["s" in flags]
    out: list[str] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "(":
            at = _group(pattern, at, out, dot_alls)
        elif char == ")":
            if len(dot_alls) > 1:
                dot_alls.pop()
            out.append(char)
            at += 1
        else:
            atom = _atom(pattern, at, dot_all=dot_alls[-1])
            out.append(_quoted(atom))
            at = atom.end
    return "".join(out)


def _group(pattern: str, at: int, out: list[str], dot_alls: list[bool]) -> int:
    """Copy what opens a group, or sets flags from here on; where it ends."""
    found = _GROUP.match(pattern, at)
    assert found is not None  # a lone parenthesis matches too
    set_flags, _, cleared = (found[1] or "").partition("-")
    if "x" in set_flags or "u" in cleared:
        raise ValueError(f"the flags of `{found[0]}` are not possible here")
    dot_all = (dot_alls[-1] or "s" in set_flags) and "s" not in cleared
    if found[2] == ")":
        dot_alls[-1] = dot_all
    else:
        dot_alls.append(dot_all)
    out.append(found[0])
    return found.end()


def _atom(pattern: str, at: int, *, dot_all: bool) -> _Atom:
    char = pattern[at]
    if char == "[":
        return _class(pattern, at)
    if char == ".":
        return _Atom(at + 1, ".", _SPECIALS if dot_all else _SPECIALS - {"\n"})
    return _member(pattern, at)


def _class(pattern: str, start: int) -> _Atom:
    """A class in brackets."""
    at = start + 1
    negated = pattern[at : at + 1] == "^"
    at += negated
    specials: frozenset[str] = frozenset()
    first = at
    while at < len(pattern) and (pattern[at] != "]" or at == first):
        if pattern[at] == "[" or pattern[at : at + 2] in ("&&", "--", "~~"):
            raise ValueError("a class within a class is not possible here")
        one = _member(pattern, at)
        at = one.end
        if pattern[at : at + 1] == "-" and pattern[at + 1 : at + 2] not in ("]", "-", ""):
            last = _member(pattern, at + 1)
            at = last.end
            if one.character is None or last.character is None:
                raise ValueError("a range goes from one character to another")
            low, high = one.character, last.character
            specials |= {each for each in _SPECIALS if low <= each <= high}
        else:
            specials |= one.specials
    if at >= len(pattern):
        raise ValueError("a class has no end")
    if negated:
        specials = _SPECIALS - specials
    return _Atom(at + 1, pattern[start : at + 1], specials)


def _member(pattern: str, at: int) -> _Atom:
    """A character or an escape, in a class or outside of one."""
    if pattern[at] == "\\":
        return _escape(pattern, at)
    char = pattern[at]
    source = "\\/" if char == "/" else char
    return _Atom(at + 1, source, frozenset(char) & _SPECIALS, char)


def _escape(pattern: str, start: int) -> _Atom:
    at = start + 1
    char = pattern[at : at + 1]
    if not char:
        raise ValueError("it ends with a lone backslash")
    code = _CODE.match(pattern, at)
    if code is not None:
        number = int(code[1] or code[2] or code[3], 16)
        if number > 0x10FFFF:
            raise ValueError(f"`{pattern[start : code.end()]}` is no character")
        return _one(pattern, start, code.end(), chr(number))
    if char in _SETS:
        return _Atom(at + 1, pattern[start : at + 1], _SETS[char])
    if char in "pP":
        return _property(pattern, start)
    if char in _NAMED:
        return _one(pattern, start, at + 1, _NAMED[char])
    if char.isalnum():
        raise ValueError(f"`\\{char}` is not possible here")
    return _one(pattern, start, at + 1, char)


def _one(pattern: str, start: int, end: int, char: str) -> _Atom:
    return _Atom(end, pattern[start:end], frozenset(char) & _SPECIALS, char)


def _property(pattern: str, start: int) -> _Atom:
    found = _PROPERTY.match(pattern, start + 1)
    if found is None:
        raise ValueError("of Unicode's properties only general categories are possible here")
    category = found[2] or found[3]
    specials = frozenset(c for c in _SPECIALS if unicodedata.category(c).startswith(category))
    if found[1] == "P":
        specials = _SPECIALS - specials
    return _Atom(found.end(), pattern[start : found.end()], specials)


def _quoted(atom: _Atom) -> str:
    if not atom.specials:
        return atom.source
    # Escapes are as they are, also where capitals do not count.
    escapes = "|".join(re.escape(quote_text(char)) for char in sorted(atom.specials))
    if atom.character is not None:
        return f"(?-i:{escapes})"
    plain = _PLAIN if atom.source == "." else f"[{atom.source}&&{_PLAIN}]"
    return f"(?:{plain}|(?-i:{escapes}))"
