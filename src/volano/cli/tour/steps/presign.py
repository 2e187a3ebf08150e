"""Step presign: a link that anyone can open for five minutes, and that cannot be bent."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import TYPE_CHECKING

from volano.cli.tour.outcome import Note, require

if TYPE_CHECKING:
    from volano.cli.tour.day import Day

LINK_S = 300
READ_TIMEOUT_S = 30


def run(day: Day) -> Note:
    """Sign a link, open it without any credential, compare; then try a bent one."""
    pictures = [key for key in day.shop.uploads if key.startswith("pictures/")]
    key = pictures[0] if pictures else "products.csv"
    where = {"Bucket": day.catalogue_bucket, "Key": key}
    link = day.clients.s3.generate_presigned_url("get_object", Params=where, ExpiresIn=LINK_S)
    day.say(f"open the link of {key}")
    status, body = _open(link)
    expected = (day.shop.folder / key).read_bytes()
    require(
        status == 200 and body == expected,
        expected=f"{len(expected)} bytes of {key}, the same as uploaded",
        got=f"status {status}, {len(body)} bytes {body[:120]!r}",
        todo="check the clock of both machines and the signature version (s3v4)",
    )
    bent = link.replace(f"X-Amz-Expires={LINK_S}", f"X-Amz-Expires={LINK_S * 10}")
    status, body = _open(bent)
    require(
        status == 403,
        expected="status 403 for a link whose lifetime was changed after signing",
        got=f"status {status} {body[:120]!r}",
        todo="the server does not verify presigned signatures; stop using it",
    )
    return Note(
        summary=f"{key}: {len(expected):,} bytes identical; a changed link is refused",
        lines=(link,),
        facts={"key": key, "bytes": len(expected), "link": link},
    )


def _open(link: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(link, timeout=READ_TIMEOUT_S) as response:  # noqa: S310 -- our endpoint
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
