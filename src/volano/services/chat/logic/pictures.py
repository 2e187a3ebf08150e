"""Small pictures: checked by their first bytes, kept in the database, shown by a secret address.

Only kinds that a browser shows and never runs are taken; SVG is a program and is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.egress import EgressFailed, EgressRefused, EgressRequest
from volano.kernel.errors import NotFound
from volano.services.chat.logic.errors import refused
from volano.services.chat.model.items import Picture
from volano.services.chat.store import pictures as rows

if TYPE_CHECKING:
    from volano.kernel.call import Env

PATH = "/slack/pictures"
MAX_EMOJI_BYTES = 256 * 1024
MAX_FACE_BYTES = 2 * 1024**2
FETCH_TIMEOUT_S = 15.0


class PictureNotFound(NotFound):
    code = "picture_not_found"


def make_picture(env: Env, account: str, content: bytes, *, limit_bytes: int) -> Picture:
    """A picture that is not stored yet. Raises bad_image and image_too_large."""
    if len(content) > limit_bytes:
        raise refused("too_large", f"A picture has at most {limit_bytes} bytes here.")
    media_type = _media_type(content)
    if not media_type:
        raise refused("bad_image", "This is no PNG, JPEG, GIF or WebP picture.")
    return Picture(
        id=env.ids.token(18),
        account=account,
        media_type=media_type,
        content=content,
        created_us=env.clock.now_us(),
    )


def _media_type(content: bytes) -> str:
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return ""


async def fetch_picture(env: Env, url: str, *, limit_bytes: int) -> bytes:
    """The bytes at an address outside. Raises error_missing_image."""
    request = EgressRequest(
        method="GET",
        url=url,
        headers={"accept": "image/*", "user-agent": "Volano (pictures)"},
        timeout_s=FETCH_TIMEOUT_S,
        max_bytes=limit_bytes + 1,
        max_redirects=3,
    )
    try:
        reply = await env.egress.fetch(request)
    except (EgressFailed, EgressRefused) as error:
        raise refused("error_bad_upload", f"The picture cannot be fetched: {error.message}") from (
            error
        )
    if reply.status != 200:
        raise refused("error_bad_upload", f"The picture's address answered {reply.status}.")
    return reply.body


async def get_picture(env: Env, picture_id: str) -> Picture:
    """Raises picture_not_found."""
    found = await rows.find_picture(env.store.reader, picture_id)
    if found is None:
        raise PictureNotFound("There is no such picture.")
    return found


def picture_url(env: Env, picture_id: str) -> str:
    return f"{env.config.console_url}{PATH}/{picture_id}"
