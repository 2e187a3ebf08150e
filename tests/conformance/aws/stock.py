"""Stock clients that cannot live in the project's environment, in environments of their own.

s3fs pins another botocore than Volano's; the AWS SDK for JavaScript needs npm. Both are installed
once, from the machine's usual registries, into `.build/` (which git ignores), at the versions below.
The programs that use them lie in `programs/`; each is run as a user would run it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

JAVASCRIPT_PACKAGES = {
    "@aws-sdk/client-s3": "3.1169.0",
    "@aws-sdk/client-sns": "3.1169.0",
    "@aws-sdk/client-sqs": "3.1169.0",
    "@aws-sdk/client-sts": "3.1169.0",
    "@aws-sdk/lib-storage": "3.1169.0",
    "@aws-sdk/s3-request-presigner": "3.1163.0",
    "minio": "8.0.7",
}
PROGRAMS = Path(__file__).parent / "programs"
_BUILD = Path(__file__).parents[3] / ".build"


def python_environment(programs: Path = PROGRAMS) -> Path:
    """The Python that has what `requirements.txt` beside the programs names.

    The file names everything with its version (`uv pip compile --universal --python-version 3.11`
    made it), so that pip has nothing to find out, which would take it minutes.
    """
    requirements = programs / "requirements.txt"

    def install(folder: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = (folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-deps")
        subprocess.run([*pip, "-r", requirements], check=True)

    wanted = tuple(requirements.read_text().splitlines())
    return _installed("python", wanted, install) / "bin" / "python"


def javascript_folder(
    packages: dict[str, str] = JAVASCRIPT_PACKAGES, programs: Path = PROGRAMS
) -> Path:
    """The folder whose `node_modules` has these packages; holds a copy of the programs."""

    def install(folder: Path) -> None:
        wanted = {"private": True, "dependencies": packages}
        (folder / "package.json").write_text(json.dumps(wanted))
        npm = ("npm", "install", "--no-audit", "--no-fund", "--silent")
        subprocess.run(npm, cwd=folder, check=True)

    wanted = tuple(f"{name}@{version}" for name, version in packages.items())
    folder = _installed("javascript", wanted, install)
    for program in programs.glob("*.mjs"):  # modules are looked for beside the program
        (folder / program.name).write_bytes(program.read_bytes())
    return folder


def _installed(kind: str, wanted: tuple[str, ...], install: Callable[[Path], None]) -> Path:
    """A folder in which `install` has succeeded; workers that come meanwhile wait."""
    digest = hashlib.sha256("\n".join((sys.version, *wanted)).encode()).hexdigest()[:12]
    folder = _BUILD / f"clients-{kind}-{digest}"
    _BUILD.mkdir(exist_ok=True)
    with (_BUILD / f"clients-{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "installed").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            install(folder)
            (folder / "installed").touch()
    return folder
