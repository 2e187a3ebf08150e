"""Fetch one file over HTTP: resumable, verified, never larger than declared.

The bytes go to `NAME.part`; a later call continues where an earlier one ended (RFC 9110 section
14.2, Range). The file gets its name only when its digest is right.
"""

from __future__ import annotations

import hashlib
import http.client
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, Protocol

from volano.kernel.errors import Denied, Invalid, NotFound, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CHUNK_BYTES = 1024 * 1024
TIMEOUT_S = 30.0
USER_AGENT = "volano"


class Interrupted(Exception):
    """The transfer broke off; what came is kept and the next try continues there."""


class DigestMismatch(Exception):
    """The bytes are not the declared ones; what came was thrown away."""


class Digest(Protocol):
    """A running hash."""

    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """`digest` is `sha256:HEX` of the content, `git:HEX` of its Git blob, or None if unknown."""

    name: str
    url: str
    size_bytes: int | None
    digest: str | None


def fetch(
    file: RemoteFile,
    path: Path,
    *,
    token: str | None,
    cancelled: threading.Event,
    advance: Callable[[int], None],
) -> None:
    """Download to `path`, continuing `path.part`; blocks, so call it in a thread.

    `advance` gets the count of bytes added (negative when they are thrown away). Raises
    Interrupted, DigestMismatch, or the kernel's error for an answer that retrying cannot change.
    """
    part = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    held = part.stat().st_size if part.exists() else 0
    if held and (file.size_bytes is None or held > file.size_bytes):
        part.unlink()
        held = 0
    advance(held)
    if file.size_bytes is None or held < file.size_bytes:
        _transfer(file, part, held, token=token, cancelled=cancelled, advance=advance)
    if file.digest is not None and digest_of(part, file.digest) != file.digest:
        advance(-part.stat().st_size)
        part.unlink()
        raise DigestMismatch
    part.replace(path)


def get_json(url: str, *, token: str | None, limit_bytes: int) -> bytes:
    """The body of a small answer; raises as `fetch` does, and Unavailable over the limit."""
    with _open(url, token=token, start=0) as response:
        try:
            body = bytes(response.read(limit_bytes + 1))
        except (OSError, http.client.HTTPException) as error:
            raise Interrupted(str(error)) from error
    if len(body) > limit_bytes:
        raise Unavailable(f"The hub's answer is larger than {limit_bytes} bytes.")
    return body


def _transfer(
    file: RemoteFile,
    part: Path,
    held: int,
    *,
    token: str | None,
    cancelled: threading.Event,
    advance: Callable[[int], None],
) -> None:
    with _open(file.url, token=token, start=held) as response:
        if held and response.status != http.client.PARTIAL_CONTENT:
            # The server sends it all from the start.
            advance(-held)
            held = 0
        with part.open("ab" if held else "wb") as out:
            while data := _read(response):
                held += len(data)
                if file.size_bytes is not None and held > file.size_bytes:
                    raise Unavailable(f"{file.name} is larger than the hub declared.")
                out.write(data)
                advance(len(data))
                if cancelled.is_set():
                    raise Interrupted("cancelled")
    if file.size_bytes is not None and held < file.size_bytes:
        raise Interrupted(f"{file.name} ended after {held} of {file.size_bytes} bytes")


def _read(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read1(CHUNK_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise Interrupted(str(error)) from error


def _open(url: str, *, token: str | None, start: int) -> http.client.HTTPResponse:
    if not url.startswith(("https://", "http://")):
        raise Invalid("A hub's address starts with https:// or http://.")
    headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - scheme checked above
    if token is not None:
        # Unredirected: the token is the hub's and no business of where it sends us.
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT_S)  # noqa: S310 - as above
    except urllib.error.HTTPError as error:
        error.close()
        _raise_status(error.code, url)
    except (OSError, http.client.HTTPException) as error:
        raise Interrupted(str(error)) from error
    assert isinstance(response, http.client.HTTPResponse)
    return response


def _raise_status(status: int, url: str) -> NoReturn:
    match status:
        case 401 | 403:
            raise Denied(
                "The hub refuses access: the model may be gated or need a token of the hub."
            )
        case 404:
            raise NotFound(f"The hub has nothing at {url}.")
        case 408 | 429 | 500 | 502 | 503 | 504:
            raise Interrupted(f"the hub answered {status}")
        case _:
            raise Unavailable(f"The hub answered with status {status}.")


def digest_of(path: Path, like: str) -> str:
    """The file's digest of the same kind as `like`, written as in RemoteFile."""
    kind = like.partition(":")[0]
    if kind == "git":
        # A Git blob's name: SHA-1 over a header with the length, then the content.
        digest: Digest = hashlib.sha1(usedforsecurity=False)
        digest.update(f"blob {path.stat().st_size}\0".encode())
    else:
        digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(CHUNK_BYTES):
            digest.update(data)
    return f"{kind}:{digest.hexdigest()}"
