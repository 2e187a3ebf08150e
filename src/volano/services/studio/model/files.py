"""Files and uploads: what programs send to be read, indexed or run in batches."""

from __future__ import annotations

from volano.services.studio.model.records import Kind, Record

MAX_FILE_BYTES = 512 * 1024 * 1024
MAX_BATCH_FILE_BYTES = 200 * 1024 * 1024
MAX_UPLOAD_BYTES = 8 * 1024**3
MAX_PART_BYTES = 64 * 1024 * 1024
MAX_PARTS = 1000
UPLOAD_LIFE_US = 3600 * 1_000_000
BATCH_FILE_LIFE_US = 30 * 86_400 * 1_000_000
MIN_LIFE_S = 3600
MAX_LIFE_S = 30 * 86_400

PURPOSES = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")
"""What a program may say a file is for; outputs have names of their own."""
BATCH_OUTPUT = "batch_output"
LINES = ("batch", "fine-tune")
"""Purposes whose files are JSON lines."""


class File(Record, frozen=True, kw_only=True):
    """A file; its bytes are the object `id` of the account's bucket.

    Its state is its purpose, by which lists are filtered: a file that has a row is whole.
    """

    filename: str
    size_bytes: int
    content_type: str = "application/octet-stream"
    owner: str = ""

    @property
    def purpose(self) -> str:
        return self.state


class Upload(Record, frozen=True, kw_only=True):
    """A file sent in parts. `state` is pending, completed, cancelled or expired."""

    filename: str
    size_bytes: int
    purpose: str
    content_type: str
    file_life_s: int = 0
    file_id: str = ""
    owner: str = ""


class Part(Record, frozen=True, kw_only=True):
    """One part of an upload; its bytes are the object `id`."""

    size_bytes: int


FILE = Kind("file", File, "File")
UPLOAD = Kind("upload", Upload, "Upload")
PART = Kind("part", Part, "Part")
