"""Yjs states as bytes: merging, differences, the text in them, and updates that change the text.

Pure; each takes at most some milliseconds per megabyte, so callers use a thread for whole
documents. The text of a document is the shared text `content`.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pycrdt

from volano.services.documents.model import (
    MAX_DOCUMENT_BYTES,
    NOTHING,
    DocumentTooLarge,
    InvalidDocument,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    _Doc = pycrdt.Doc[pycrdt.Text]

CONTENT = "content"


_PANIC = "PanicException"
"""Rust's end of the world as Python sees it: not an Exception, and not to be imported."""


@contextmanager
def _refusing(message: str) -> Iterator[None]:
    """Turns what the library says of bytes that it cannot take into InvalidDocument."""
    try:
        yield
    except (ValueError, RuntimeError) as error:
        raise InvalidDocument(message) from error
    except BaseException as error:
        if type(error).__name__ != _PANIC:
            raise
        raise InvalidDocument(message) from error


def require_fits(state: bytes, update: bytes) -> None:
    """Raises InvalidDocument and DocumentTooLarge for what would spoil the document.

    An update may be well formed and still not fit: it can hang a letter into another letter. Once
    kept it could never be taken out again, so it is put together with all of the rest before.
    """
    with _refusing("This is no update of this document."):
        merged = merge([item for item in (state, update) if item != NOTHING])
        folded, _ = fold(merged)
    if max(len(merged), len(folded)) > MAX_DOCUMENT_BYTES:
        raise DocumentTooLarge(f"A document has at most {MAX_DOCUMENT_BYTES} bytes.")


def merge(updates: Sequence[bytes]) -> bytes:
    """All of them as one update."""
    return pycrdt.merge_updates(*updates) if updates else NOTHING


def state_vector(update: bytes) -> bytes:
    """What an update holds, for the other side to tell what is missing."""
    return b"\x00" if update == NOTHING else pycrdt.get_state(update)


def difference(update: bytes, vector: bytes) -> bytes:
    """What of `update` is missing where `vector` is all that is known. Raises InvalidDocument."""
    with _refusing("This is no state vector."):
        return pycrdt.get_update(update, vector)


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
