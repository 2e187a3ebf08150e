"""Slack's message text: escaping, `<…>` entities, mentions, and plain text for retrieval.

Text is stored as Slack stores it: `&`, `<` and `>` escaped, except inside the entities `<@U…>`,
`<#C…>`, `<!here>` and `<url|label>`; bare web addresses become entities. (docs.slack.dev,
"Formatting message text".)

Patterns look at each character a bounded number of times, whatever the text: what is between two
marks ends at the next mark that could begin another such place, and is not tried shorter again.
"""

from __future__ import annotations

import re

_ENTITY = re.compile(
    r"<(?P<inner>@[UWB][A-Z0-9]{2,20}(?:\|[^<>]*)?|#[CGD][A-Z0-9]{2,20}(?:\|[^<>]*)?|"
    r"!(?:here|channel|everyone|subteam\^|date\^)[^<>]*|"
    r"(?:https?://|mailto:|tel:)[^<>\s|]+(?:\|[^<>\n]*)?)>"
)
_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt);)")
_URL = re.compile(r"https?://[^\s<>|\"'`]+[^\s<>|\"'`.,;:!?)\]}]")
_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
_MENTION = re.compile(r"<@([UWB][A-Z0-9]{2,20})(?:\|[^<>]*)?>")
_MARKS = re.compile(
    r"(?<![\w*_~`])([*_~])(?=\S)((?:(?!\1).|(?<=[^\W_])\1(?=[^\W_]))+)(?<=\S)\1(?![\w*_~`])"
)


def escape_text(text: str) -> str:
    """Any plain text as message text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape_text(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def normalize_text(text: str) -> str:
    """What a client sent, as it is stored: entities kept, everything else escaped."""
    parts: list[str] = []
    end = 0
    for match in _ENTITY.finditer(text):
        parts.append(_plain_part(text[end : match.start()]))
        inner = match["inner"]
        # A mention's label is what the client believed the name to be; Slack drops it.
        parts.append(f"<{inner.partition('|')[0] if inner[0] == '@' else inner}>")
        end = match.end()
    parts.append(_plain_part(text[end:]))
    return "".join(parts)


def _plain_part(text: str) -> str:
    escaped = _AMPERSAND.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")
    parts: list[str] = []
    end = 0
    for code in _CODE.finditer(escaped):
        parts += [_URL.sub(_link, escaped[end : code.start()]), code.group()]
        end = code.end()
    parts.append(_URL.sub(_link, escaped[end:]))
    return "".join(parts)


def _link(match: re.Match[str]) -> str:
    return f"<{match.group()}>"


def find_mentions(text: str) -> frozenset[str]:
    """Ids of the users that the text mentions."""
    return frozenset(_MENTION.findall(text))


def to_plain(text: str) -> str:
    """The words of a message: no marks, no entities' machinery, no mentions."""
    text = _ENTITY.sub(_entity_words, text)
    for _ in range(3):
        text = _MARKS.sub(r"\2", text)
    return unescape_text(text.replace("```", " ").replace("`", ""))


def _entity_words(match: re.Match[str]) -> str:
    inner = match["inner"]
    target, _, label = inner.partition("|")
    if inner.startswith(("@", "!")):
        return ""
    if inner.startswith("#"):
        return f"#{label}" if label else ""
    return label or target


_MD_BOLD = re.compile(
    r"\*\*(?=\S)((?:(?!\*\*).)+)(?<=\S)\*\*|"
    r"(?<!\w)__(?=\S)((?:(?!__).|(?<=[^\W_])__(?=[^\W_]))+)(?<=\S)(?!(?<=[^\W_])__(?=[^\W_]))__"
)
_MD_ITALIC = re.compile(r"(?<![*\w])\*(?=[^\s*])([^*\n]+?)(?<=[^\s*])\*(?![*\w])")
_MD_STRIKE = re.compile(r"~~(?=\S)((?:(?!~~).)+)(?<=\S)~~")
_MD_LINK = re.compile(
    r"!?\[([^\[\]\n]*+)\]\(((?:https?://|mailto:)[^\s)]{1,2000}+)(?:\s+\"[^\"]*\")?\)"
)
_MD_HEADING = re.compile(r"^#{1,6}[ \t]+(\S.*)$", re.MULTILINE)
_MD_BULLET = re.compile(r"^([ \t]*)[-*+][ \t]+", re.MULTILINE)
_BOLD = "\x01"
"""Stands for the mark of bold until single asterisks have become italics."""


def from_markdown(text: str) -> str:
    """Markdown as mrkdwn; what stands in code is only escaped."""
    parts: list[str] = []
    end = 0
    for code in _CODE.finditer(text):
        parts += [_markdown_part(text[end : code.start()]), escape_text(code.group())]
        end = code.end()
    parts.append(_markdown_part(text[end:]))
    return "".join(parts)


def _markdown_part(text: str) -> str:
    text = escape_text(text.replace(_BOLD, ""))
    text = _MD_BULLET.sub(r"\1• ", text)
    text = _MD_HEADING.sub(lambda m: f"{_BOLD}{_heading(m[1])}{_BOLD}", text)
    text = _MD_BOLD.sub(lambda m: f"{_BOLD}{m[1] or m[2]}{_BOLD}", text)
    text = _MD_ITALIC.sub(r"_\1_", text)
    text = _MD_STRIKE.sub(r"~\1~", text)
    return _MD_LINK.sub(_markdown_link, text).replace(_BOLD, "*")


def _heading(text: str) -> str:
    """A heading's words, without the `#` that may end it too."""
    text = text.rstrip()
    words = text.rstrip("#")
    return words.rstrip() if words.rstrip() != words else text


def _markdown_link(match: re.Match[str]) -> str:
    return f"<{match[2]}|{match[1]}>" if match[1] else f"<{match[2]}>"
