"""Names of channels, emoji and files; media types by file name."""

from __future__ import annotations

import mimetypes
import re
from urllib.parse import quote

from volano.services.chat.logic.errors import refused
from volano.services.chat.model import MAX_CHANNEL_NAME_CHARACTERS

_EMOJI = re.compile(r"[\w+'-]{1,100}(?:::skin-tone-[2-6])?\Z")
MAX_FILE_NAME_CHARACTERS = 255
_SLUG = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")

# What the mime database of a bare machine may lack.
_TYPES = {
    "md": "text/markdown",
    "csv": "text/csv",
    "json": "application/json",
    "txt": "text/plain",
    "webp": "image/webp",
}


def require_channel_name(name: str) -> str:
    """The name without a leading `#`; raises Slack's `invalid_name_*`."""
    name = name.strip().removeprefix("#")
    if not name:
        raise refused("invalid_name_required", "A channel needs a name.")
    if len(name) > MAX_CHANNEL_NAME_CHARACTERS:
        raise refused(
            "invalid_name_maxlength",
            f"A channel's name has at most {MAX_CHANNEL_NAME_CHARACTERS} characters.",
        )
    if not any(char.isalnum() for char in name):
        raise refused("invalid_name_punctuation", "A channel's name needs a letter or a digit.")
    if name != name.lower() or not all(char.isalnum() or char in "-_" for char in name):
        raise refused(
            "invalid_name_specials",
            "A channel's name has lower-case letters, digits, hyphens and underscores only.",
        )
    return name


def slug_of(name: str) -> str:
    """The letters, digits, `-` and `_` of a name in lower case."""
    return "".join(char for char in name.lower().replace(" ", "-") if char in _SLUG)[:60]


def require_emoji(name: str) -> str:
    """The name without colons; raises `invalid_name`."""
    name = name.strip().strip(":")
    if not _EMOJI.match(name):
        raise refused("invalid_name", f"{name[:40]!r} is not an emoji's name.")
    return name


def require_file_name(name: str) -> str:
    """The last part of a path without control characters; raises `invalid_arguments`."""
    name = name.replace("\\", "/").rpartition("/")[2].strip()
    name = "".join(char for char in name if char.isprintable())
    if not name or len(name) > MAX_FILE_NAME_CHARACTERS:
        raise refused("invalid_arguments", "A file needs a name of 1 to 255 characters.")
    return name


def media_type(name: str) -> str:
    suffix = name.rpartition(".")[2].lower()
    return _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"


def quote_name(name: str) -> str:
    return quote(name, safe="")
