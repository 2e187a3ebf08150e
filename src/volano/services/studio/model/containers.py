"""Containers of the code interpreter and their files."""

from __future__ import annotations

from dataclasses import dataclass

from volano.services.studio.model.records import Kind, Record

FOLDER = "/mnt/data"
"""Where the files lie as code sees them."""
RUNNING = "running"
EXPIRED = "expired"
DEFAULT_MINUTES = 20
MAX_MINUTES = 20
"""Without use; as at OpenAI."""
KEPT_US = 30 * 86_400 * 1_000_000
"""How long it is still told of a container that it expired."""
MAX_CONTAINERS = 100
"""Running ones of an account."""
MAX_FILES = 200
"""Of a container."""
MAX_FILE_BYTES = 32 * 1024 * 1024
MAX_NAME_CHARACTERS = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What a container has, and the meter of the instance type that is like it."""

    memory_bytes: int
    cpu_millis: int
    meter: str

    @property
    def files_bytes(self) -> int:
        """All that code may write into its folder; it lies in the container's memory."""
        return self.memory_bytes // 2

    @property
    def kept_bytes(self) -> int:
        """All files that are kept; code always finds some room beside them."""
        return self.files_bytes * 3 // 4

    @property
    def scratch_bytes(self) -> int:
        """The same for /tmp."""
        return self.memory_bytes // 8


SIZES = {
    "1g": Size(memory_bytes=1024**3, cpu_millis=1000, meter="ec2.instance.u1.small"),
    "4g": Size(memory_bytes=4 * 1024**3, cpu_millis=2000, meter="ec2.instance.u1.medium"),
    "16g": Size(memory_bytes=16 * 1024**3, cpu_millis=2000, meter="ec2.instance.m1.medium"),
}
DEFAULT_SIZE = "1g"


class Container(Record, frozen=True, kw_only=True):
    """A place where code runs; `state` is running or expired, `last_active_us` when it was used.

    `made_here` says that a response made it, not a request of its own.
    """

    name: str
    size: str
    minutes: int
    last_active_us: int
    made_here: bool = False


class ContainerFile(Record, frozen=True, kw_only=True):
    """A file in a container's folder; its bytes are the object `id` of the account's bucket.

    `source` is `user` or `assistant`. `stamp` is what tells a changed file from the same one.
    """

    filename: str
    size_bytes: int
    source: str
    stamp: str = ""

    @property
    def path(self) -> str:
        """Its path as code sees it."""
        return f"{FOLDER}/{self.filename}"

    @property
    def used_bytes(self) -> int:
        return self.size_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What came of a run: what the code printed, and the files that it made or changed.

    `ended` is `ok`, `error` (an exception, already printed), `timeout` or `killed`.
    """

    logs: str
    ended: str
    files: list[ContainerFile]


CONTAINER = Kind("container", Container, "Container")
CONTAINER_FILE = Kind("container.file", ContainerFile, "Container file")
