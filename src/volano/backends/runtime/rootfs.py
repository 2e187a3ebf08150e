"""Root file systems: `debian-12`, built once by mmdebstrap, and `host`, the host's own programs.

    images/debian-12.u100000/   ready when the folder exists; owned by the shifted root
    images/.debian-12.building/ half made; removed by the next builder, who holds the lock
    images/debian-12.lock       one builder at a time, across processes

`host` is a skeleton of a few files; /usr and the trust store of the host are bound into it read
only. It takes milliseconds, holds nothing of the host's /etc, /root or /home, and is what tests,
quick starts and the process runtime use. Software cannot be installed into it.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from volano.backends.runtime import build_progress, commands
from volano.kernel.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from volano.kernel.clock import Clock

    Progress = Callable[[float, str], Awaitable[None]]

DEBIAN = "debian-12"
HOST = "host"
SUITE = "bookworm"
PACKAGES = (
    "ca-certificates", "curl", "iproute2", "iputils-ping", "netbase", "procps", "python3",
)  # fmt: skip
LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
LOCK_POLL_S = 0.5
OWN_ARCHIVE = re.compile(r"https?://\S+/debian(?:-security)?/?(?=\s|$)", re.MULTILINE)
ANY_ARCHIVE = re.compile(r"\w+://\S+")

SKELETON_FOLDERS = (
    "dev", "etc/ssl/certs", "etc/alternatives", "home", "mnt", "opt", "proc", "root", "run", "srv",
    "sys", "tmp", "usr", "var/cache", "var/lib", "var/log", "var/tmp",
)  # fmt: skip
SKELETON_FILES = {
    "etc/passwd": (
        "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"
    ),
    "etc/group": "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nservices: files\n",
    "etc/hosts": "127.0.0.1 localhost\n",
}
COPIED = (
    "etc/ld.so.cache",
    "etc/ld.so.conf",
    "etc/ssl/openssl.cnf",
    "etc/services",
    "etc/protocols",
)
BOUND = ("/etc/ssl/certs", "/etc/alternatives")
PROGRAM_FOLDERS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


class Images:
    """The images of one state folder; `uid_shift` is what the host calls root of an instance."""

    def __init__(self, folder: Path, clock: Clock, *, uid_shift: int) -> None:
        self._folder = folder
        self._clock = clock
        self._shift = uid_shift
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, image: str) -> Path:
        """Where the ready image lies; Invalid for a name we do not know."""
        if image not in {DEBIAN, HOST}:
            raise Invalid(f"The image {image!r} is unknown; there are {DEBIAN!r} and {HOST!r}.")
        return self._folder / (f"{image}.u{self._shift}" if self._shift else image)

    def is_prepared(self, image: str) -> bool:
        return self.path(image).is_dir()

    def binds(self, image: str) -> tuple[str, ...]:
        """What of the host is bound read only into an instance of `image`."""
        return host_binds() if image == HOST else ()

    def prepare_host(self) -> None:
        """Make the image `host`; blocks for some milliseconds, for the probe's first container."""
        ready = self.path(HOST)
        lock = self._open_lock(HOST)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if ready.is_dir():
                return
            building = self._folder / f".{HOST}.building"
            _remove(building)
            _write_skeleton(building)
            self._finish(building, ready)
        finally:
            os.close(lock)

    async def prepare(self, image: str, progress: Progress, *, mirror: str = "") -> None:
        """Make it ready, or wait for another process that is making it; progress from 0 to 1."""
        ready = self.path(image)
        if image == HOST:
            await asyncio.to_thread(self.prepare_host)
            await progress(1.0, f"{image} is ready")
            return
        lock = self._open_lock(image)
        try:
            while not _try_lock(lock):
                await progress(0.0, f"another process is building {image}")
                await self._clock.sleep(LOCK_POLL_S)
            if not ready.is_dir():
                await self._build(image, ready, progress, mirror)
            await progress(1.0, f"{image} is ready")
        finally:
            os.close(lock)

    async def _build(self, image: str, ready: Path, progress: Progress, mirror: str) -> None:
        building = self._folder / f".{image}.building"
        await asyncio.to_thread(_remove, building)
        await _run_mmdebstrap(building, progress, mirror)
        await progress(0.98, "handing the files to the instances' user")
        await asyncio.to_thread(self._finish, building, ready)

    def _finish(self, building: Path, ready: Path) -> None:
        if self._shift:
            shift_owners(building, self._shift)
        building.rename(ready)

    def _open_lock(self, image: str) -> int:
        path = self._folder / f"{image}.lock"
        return os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)


def host_binds() -> tuple[str, ...]:
    """What of the host is bound read only into an instance of the image `host`."""
    separate = (f"/{name}" for name in PROGRAM_FOLDERS if not Path(f"/{name}").is_symlink())
    return tuple(path for path in ("/usr", *separate, *BOUND) if Path(path).is_dir())


def shift_owners(root: Path, shift: int) -> None:
    """Add `shift` to every owner and group; set-user-id bits, which chown clears, are put back."""
    for folder, _, files in os.walk(root):
        for path in (folder, *(os.path.join(folder, name) for name in files)):
            _shift_one(path, shift)
        for entry in os.scandir(folder):  # links to folders are in neither list
            if entry.is_symlink() and entry.is_dir():
                _shift_one(entry.path, shift)


def _shift_one(path: str, shift: int) -> None:
    facts = os.lstat(path)
    if facts.st_uid >= shift:  # a second hard link to the same file
        return
    os.lchown(path, facts.st_uid + shift, facts.st_gid + shift)
    if facts.st_mode & 0o6000 and not os.path.islink(path):
        os.chmod(path, facts.st_mode & 0o7777)


def _write_skeleton(root: Path) -> None:
    for name in SKELETON_FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)
    for folder, _, _ in os.walk(root):
        Path(folder).chmod(0o755)  # whatever the umask is
    for name in ("tmp", "var/tmp"):
        (root / name).chmod(0o1777)
    (root / "root").chmod(0o700)
    for name, text in SKELETON_FILES.items():
        (root / name).write_text(text)
        (root / name).chmod(0o644)
    for name in COPIED:
        if Path(f"/{name}").is_file():
            shutil.copyfile(f"/{name}", root / name)
            (root / name).chmod(0o644)
    if Path("/etc/ld.so.conf.d").is_dir():
        shutil.copytree("/etc/ld.so.conf.d", root / "etc/ld.so.conf.d", dirs_exist_ok=True)
    (root / "etc/os-release").symlink_to("../usr/lib/os-release")
    for name in PROGRAM_FOLDERS:
        host = Path(f"/{name}")
        if host.is_symlink():
            (root / name).symlink_to(os.readlink(host))
        elif host.is_dir():
            (root / name).mkdir()


async def _run_mmdebstrap(target: Path, progress: Progress, mirror: str) -> None:
    program = commands.find_program("mmdebstrap")
    if program is None:
        raise Unavailable(
            f"The image {DEBIAN} needs mmdebstrap; install it (apt-get install mmdebstrap), "
            f"or use the image {HOST!r}."
        )
    left_out = [f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT]
    sources = [mirror] if mirror else _own_sources()
    argv = [program, "--verbose", "--variant=minbase", f"--include={','.join(PACKAGES)}", *left_out]
    argv = [*_private_namespaces(), *argv]
    process = await asyncio.create_subprocess_exec(
        *argv, "--format=directory", SUITE, str(target), *sources,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=commands.ENVIRONMENT,
        start_new_session=True,
        limit=build_progress.LINE_LIMIT_BYTES,
    )  # fmt: skip
    try:
        tail = await build_progress.follow(process, progress)
        code = await process.wait()
    except BaseException:
        if process.returncode is None:
            process.kill()  # its namespaces go with it, and so do mounts and processes in them
            await process.wait()
        raise
    if code != 0:
        raise commands.command_failed(argv, code, tail)


def _private_namespaces() -> list[str]:
    """What keeps a build's mounts and processes to itself, and ends them with this process.

    mmdebstrap mounts /dev, /proc and /sys into the root it makes. Were they the host's mounts, a
    kill -9 would leave them, and whoever then removes the folder would remove through them.
    """
    if os.geteuid() != 0:
        return []
    setpriv, unshare = commands.get_program("setpriv"), commands.get_program("unshare")
    namespaces = ["--mount", "--propagation", "private", "--pid", "--fork", "--kill-child=KILL"]
    return [setpriv, "--pdeathsig", "KILL", unshare, *namespaces]


def _own_sources() -> list[str]:
    """The host's package sources that are plain Debian of this suite, so its mirror is used."""
    folder = Path("/etc/apt")
    names = [folder / "sources.list", *sorted(folder.glob("sources.list.d/*"))]
    found = []
    for path in (name for name in names if name.is_file()):
        text = re.sub(r"(?m)^\s*#.*$", "", path.read_text(errors="replace"))
        archives = ANY_ARCHIVE.findall(text)
        if SUITE in text and archives and len(archives) == len(OWN_ARCHIVE.findall(text)):
            found.append(str(path))
    return found


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _remove(folder: Path) -> None:
    commands.run([commands.get_program("rm"), "-rf", "--one-file-system", str(folder)])
