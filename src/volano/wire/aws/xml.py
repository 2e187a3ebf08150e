"""XML in and out: a parser that refuses document types and entities, and escaping.

Only UTF-8 is read, and a document type declaration is refused before parsing, so no entity can
be declared or expanded (XXE, billion laughs).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from volano.kernel.errors import Invalid

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_UNSAFE = re.compile("[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\x85\u2028\ufffe\uffff]").search
_ESCAPES = {
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
} | {code: f"&#x{code:x};" for code in (*range(0x09), 0x0B, 0x0C, *range(0x0D, 0x20), 0x85, 0x2028)}
_ESCAPES |= {0xFFFE: "&#xfffe;", 0xFFFF: "&#xffff;"}

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
MALFORMED = (
    "The XML you provided was not well-formed or did not validate against our published schema"
)


class MalformedXml(Invalid):
    """The body is not XML that the operation takes (S3's error list, `MalformedXML`)."""

    code = "MalformedXML"


def escape(text: str) -> str:
    """Text for element content.

    Characters that XML 1.0 cannot hold become numeric references, as S3 writes them.
    """
    return text if _UNSAFE(text) is None else text.translate(_ESCAPES)


def is_plain(text: str) -> bool:
    """Whether `escape` would leave the text as it is."""
    return _UNSAFE(text) is None


def escape_attribute(text: str) -> str:
    """Text for an attribute in double quotes."""
    return escape(text).replace('"', "&quot;").replace("\n", "&#xa;").replace("\t", "&#x9;")


def parse_xml(body: bytes) -> Element:
    """The root element; raises MalformedXml.

    The body is decoded here, so that no byte order mark can make the parser read another encoding
    than the one that was searched for a document type.
    """
    try:
        text = body.decode()
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise ValueError("document type declaration")
        parser = ElementTree.XMLParser(encoding="utf-8")  # noqa: S314 - see the module's docstring
        parser.feed(text)
        return parser.close()
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise MalformedXml(MALFORMED, facts={"reason": str(error)}) from error


def local_name(tag: str) -> str:
    """The tag without its namespace."""
    return tag[tag.rfind("}") + 1 :]
