"""What a message may hold, and the digests by which clients check it.

The MD5 of attributes is over, by name: length and text of name and of type, one byte for the kind
of value, length and value (SQS developer guide, "Calculating the MD5 message digest for message
attributes").
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from volano.services.queues.logic.errors import (
    InvalidMessageContents,
    InvalidParameterValue,
    MissingParameter,
)
from volano.services.queues.model import MAX_MESSAGE_ATTRIBUTES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.services.queues.model import MessageAttribute

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME = re.compile(r"[\w.-]{1,256}\Z")
"""SQS takes letters of every script, though its reference names A to Z only."""
_KIND = re.compile(r"(String|Number|Binary)(\..{1,240})?\Z")
_NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z", re.ASCII)


def require_body(body: str) -> None:
    """Raises InvalidMessageContents and MissingParameter."""
    if not body:
        raise MissingParameter("The request must contain the parameter MessageBody.")
    found = _FORBIDDEN.search(body)
    if found:
        raise InvalidMessageContents(
            f"Invalid binary character '#x{ord(found.group()):X}' was found in the message body, "
            "the set of allowed characters is #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to "
            "#xFFFD | #x10000 to #x10FFFF"
        )


def require_attributes(attributes: Mapping[str, MessageAttribute]) -> None:
    """Raises InvalidParameterValue in SQS's words."""
    if len(attributes) > MAX_MESSAGE_ATTRIBUTES:
        raise InvalidParameterValue(
            f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum "
            f"[{MAX_MESSAGE_ATTRIBUTES}]."
        )
    for name, attribute in attributes.items():
        _require_name(name)
        _require_value(name, attribute)


def _require_name(name: str) -> None:
    lowered = name.lower()
    if lowered.startswith(("aws.", "amazon.")) and not lowered.startswith("aws.ses"):
        raise InvalidParameterValue(
            "Message attribute name must not start with AWS. or Amazon. or any casing variants."
        )
    if not _NAME.match(name) or name.startswith(".") or name.endswith(".") or ".." in name:
        raise InvalidParameterValue(
            f"The message attribute name '{name[:256]}' is invalid. Attribute name can contain "
            "A-Z, a-z, 0-9, underscore (_), hyphen (-), and period (.) characters."
        )


def _require_value(name: str, attribute: MessageAttribute) -> None:
    found = _KIND.match(attribute.kind)
    if not attribute.kind:
        raise InvalidParameterValue(
            f"The message attribute '{name}' must contain non-empty message attribute type."
        )
    if found is None:
        raise InvalidParameterValue(
            f"The message attribute '{name}' has an invalid message attribute type, the set of "
            "supported type prefixes is Binary, Number, and String."
        )
    value = attribute.data if found.group(1) == "Binary" else attribute.text
    if not value:
        raise InvalidParameterValue(
            f"Message (user) attribute '{name}' must contain a non-empty value of type "
            f"'{found.group(1)}'."
        )
    if attribute.text is not None and _FORBIDDEN.search(attribute.text):
        raise InvalidParameterValue(
            f"The message attribute '{name}' holds a character that is not allowed."
        )
    if found.group(1) == "Number" and not _NUMBER.match(attribute.text or ""):
        raise InvalidParameterValue(
            f"Can't cast the value of message (user) attribute '{name}' to a number."
        )


def size_of(body: str, attributes: Mapping[str, MessageAttribute]) -> int:
    """Bytes that count against the limits: body, names, types and values."""
    size = len(body.encode())
    for name, one in attributes.items():
        size += len(name.encode()) + len(one.kind.encode())
        size += len(one.data) if one.data is not None else len((one.text or "").encode())
    return size


def md5_of_body(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def md5_of_attributes(attributes: Mapping[str, MessageAttribute]) -> str:
    """'' for none."""
    if not attributes:
        return ""
    digest = hashlib.md5(usedforsecurity=False)
    for name in sorted(attributes):
        one = attributes[name]
        _feed(digest, name.encode())
        _feed(digest, one.kind.encode())
        digest.update(b"\x01" if one.data is None else b"\x02")
        _feed(digest, (one.text or "").encode() if one.data is None else one.data)
    return digest.hexdigest()


def _feed(digest: hashlib._Hash, value: bytes) -> None:
    digest.update(len(value).to_bytes(4, "big"))
    digest.update(value)
