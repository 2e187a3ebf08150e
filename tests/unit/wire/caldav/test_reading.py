"""Bodies that strangers write: no document type in any encoding, nothing that breaks the door."""

from __future__ import annotations

import pytest

from volano.kernel.errors import Invalid
from volano.wire.caldav.reading import asked_properties, parse_xml

FILE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a xmlns="DAV:"><prop>&x;</prop></a>'
BOMB = '<!DOCTYPE a [<!ENTITY x "aaaaaaaaaa"><!ENTITY y "&x;&x;">]><a z="&y;"/>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-7"])
@pytest.mark.parametrize("text", [FILE, BOMB, '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'])
def test_a_document_type_is_refused_in_whatever_encoding(text: str, encoding: str) -> None:
    head = f'<?xml version="1.0" encoding="{encoding}"?>'
    body = head.encode("ascii" if encoding != "utf-16" else encoding)
    body += text.encode("utf-16-le" if encoding == "utf-16" else encoding)
    with pytest.raises(Invalid):
        parse_xml(body)


@pytest.mark.parametrize("body", [b'<?xml version="1.0" encoding="nope"?><a/>', b"<a>" * 100_000])
def test_what_is_no_xml_is_refused_in_words(body: bytes) -> None:
    with pytest.raises(Invalid, match="no XML"):
        parse_xml(body)


def test_processing_instructions_are_no_properties() -> None:
    root = parse_xml(b'<a xmlns="DAV:"><prop><?pi x?><displayname/></prop></a>')
    assert asked_properties(root) == ["{DAV:}displayname"]
