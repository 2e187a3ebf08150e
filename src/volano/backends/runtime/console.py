"""Read the end of an instance's console log."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def read_tail(path: Path, last_bytes: int) -> bytes:
    """The end of a file; empty when there is none."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - last_bytes))
            return file.read(last_bytes)
    except FileNotFoundError:
        return b""


def strip_stamps(log: bytes) -> bytes:
    """conmon's k8s-file lines `TIME stdout|stderr F|P TEXT` without the stamps.

    P means that the line goes on in the next one. A cut first line is dropped.
    """
    parts = []
    for line in log.split(b"\n"):
        fields = line.split(b" ", 3)
        if len(fields) < 4 or fields[1] not in {b"stdout", b"stderr"}:
            continue
        parts.append(fields[3] + (b"" if fields[2] == b"P" else b"\n"))
    return b"".join(parts)
