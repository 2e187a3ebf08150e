"""Pictures of those who have set none: a square of the colour that their id gives.

Slack's user, bot and team objects always carry addresses of a picture, and programs read them
without asking. The address holds all that is needed to draw it, so nothing is stored.
"""

from __future__ import annotations

import re
import struct
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Env
    from volano.services.chat.model import Json

PATH = "/slack/avatars"
PERSON_SIZES = (24, 32, 48, 72, 192, 512)
BOT_SIZES = (36, 48, 72)
TEAM_SIZES = (34, 44, 68, 88, 102, 132, 230)
_COLORS = ("9f69e7", "4bbe2e", "e7392d", "3c989f", "674b1b", "e96699", "e0a729", "684b6c")
_SIZES = frozenset((*PERSON_SIZES, *BOT_SIZES, *TEAM_SIZES))
_NAME = re.compile(r"([0-9a-f]{6})-([0-9]{2,3})\.png")


def color_of(id_: str) -> str:
    """Six hexadecimal digits, always the same for an id."""
    return _COLORS[sum(id_.encode()) % len(_COLORS)]


def avatar_urls(env: Env, id_: str, sizes: Sequence[int]) -> Json:
    """`image_N` for each size."""
    start = f"{env.config.console_url}{PATH}/{color_of(id_)}"
    return {f"image_{size}": f"{start}-{size}.png" for size in sizes}


def find_avatar(name: str) -> bytes | None:
    """The PNG that an address names; None for what is no address of ours."""
    found = _NAME.fullmatch(name)
    if found is None or found[1] not in _COLORS or int(found[2]) not in _SIZES:
        return None
    return _square(bytes.fromhex(found[1]), int(found[2]))


@lru_cache(maxsize=len(_COLORS) * len(_SIZES))
def _square(color: bytes, size: int) -> bytes:
    """A PNG of one colour: a palette of one, one bit for each dot (RFC 2083)."""
    header = struct.pack(">IIBBBBB", size, size, 1, 3, 0, 0, 0)
    line = bytes(1 + (size + 7) // 8)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"PLTE", color),
            _chunk(b"IDAT", zlib.compress(line * size)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)
