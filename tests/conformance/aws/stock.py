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

PYTHON_PACKAGES = (
    "aioboto3==15.5.0",
    "cloudpathlib[s3]==0.26.0",
    "Django==5.2.19",
    "django-storages==1.14.6",
    "minio==7.2.20",
    "s3fs==2026.9.0",
    "s4cmd==2.1.0",
    "smart_open[s3]==9.0.2",
)
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


def python_environment(packages: tuple[str, ...] = PYTHON_PACKAGES) -> Path:
    """The Python that has these packages; its `bin` has their commands."""

    def install(folder: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = (folder / "bin" / "python", "-m", "pip", "install", "--quiet")
        # uv finds out in seconds what fits together; pip takes minutes for the larger sets.
        subprocess.run([*pip, "uv"], check=True)
        uv = (folder / "bin" / "uv", "pip", "install", "--quiet", "--python", pip[0])
        subprocess.run([*uv, *packages], check=True)

    return _installed("python", packages, install) / "bin" / "python"


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
