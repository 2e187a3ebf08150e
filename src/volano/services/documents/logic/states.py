"""Yjs states as bytes: merging, differences, the text in them, and updates that change the text.

Pure; each takes at most some milliseconds per megabyte, so callers use a thread for whole
documents. The text of a document is the shared text `content`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pycrdt

from volano.services.documents.model import NOTHING, InvalidDocument

if TYPE_CHECKING:
    from collections.abc import Sequence

    _Doc = pycrdt.Doc[pycrdt.Text]

CONTENT = "content"


def require_update(update: bytes) -> None:
    """Raises InvalidDocument for bytes that are no update."""
    if update == NOTHING:
        return
    try:
        pycrdt.get_state(update)
    except ValueError as error:
        raise InvalidDocument("This is no update of a document.") from error


def merge(updates: Sequence[bytes]) -> bytes:
    """All of them as one update."""
    return pycrdt.merge_updates(*updates) if updates else NOTHING


def state_vector(update: bytes) -> bytes:
    """What an update holds, for the other side to tell what is missing."""
    return b"\x00" if update == NOTHING else pycrdt.get_state(update)


def difference(update: bytes, vector: bytes) -> bytes:
    """What of `update` is missing where `vector` is all that is known. Raises InvalidDocument."""
    try:
        return pycrdt.get_update(update, vector)
    except ValueError as error:
        raise InvalidDocument("This is no state vector.") from error


def _opened(update: bytes, client_id: int | None = None) -> tuple[_Doc, pycrdt.Text]:
    document: _Doc = pycrdt.Doc() if client_id is None else pycrdt.Doc(client_id=client_id)
    text = document.get(CONTENT, type=pycrdt.Text)
    if update != NOTHING:
        document.apply_update(update)
    return document, text


def fold(update: bytes) -> tuple[bytes, str]:
    """The same state without what was deleted in between, and its text."""
    document, text = _opened(update)
    return document.get_update(), str(text)


def text_of(update: bytes) -> str:
    return str(_opened(update)[1])


def rewrite(update: bytes, wanted: str, client_id: int) -> bytes:
    """The update that makes the text what is wanted; equal ends stay as they are."""
    document, text = _opened(update, client_id)
    before = document.get_state()
    present = str(text)
    head = _common(present, wanted)
    tail = _common(present[head:][::-1], wanted[head:][::-1])
    start, end = len(present[:head].encode()), len(present[: len(present) - tail].encode())
    with document.transaction():
        if end > start:
            del text[start:end]
        inserted = wanted[head : len(wanted) - tail]
        if inserted:
            text.insert(start, inserted)
    return document.get_update(before)


def _common(left: str, right: str) -> int:
    """How many characters both begin with."""
    length = min(len(left), len(right))
    return next((at for at in range(length) if left[at] != right[at]), length)
