"""Builds the shim that records synced states, and the folder as it is left when the power goes."""

import os
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("power_shim.c")


def build_shim(folder: Path) -> Path:
    """Compile the shim; gcc is among the packages of CI."""
    library = folder / "power_shim.so"
    subprocess.run(
        ["gcc", "-O1", "-shared", "-fPIC", "-o", library, SOURCE, "-lpthread"], check=True
    )
    return library


def identity(path: Path) -> str:
    """The name that the shim gives a folder or file: inode and birth."""
    found = subprocess.run(
        ["stat", "-c", "%i %W %w", path], capture_output=True, text=True, check=True
    )
    inode, seconds, text = found.stdout.strip().split(" ", 2)
    nanoseconds = text.split(".")[1][:9] if "." in text else "0" * 9
    return f"{inode}-{seconds}{nanoseconds}"


def left_after_cut(root: Path, shadow: Path, target: Path) -> int:
    """Rebuild `root` in `target` from what was synced; returns how many files are there.

    A name is there when its folder was synced after it; a file has the bytes of its last sync, and
    none if it never was.
    """
    target.mkdir(mode=0o700)
    return _rebuild("d" + identity(root), shadow, target)


def _rebuild(name: str, shadow: Path, target: Path) -> int:
    listing = shadow / name
    count = 0
    for line in listing.read_text().splitlines() if listing.exists() else []:
        child, _, called = line.partition(" ")
        if child.startswith("d"):
            (target / called).mkdir()
            count += _rebuild(child, shadow, target / called)
            continue
        synced = shadow / child
        (target / called).write_bytes(synced.read_bytes() if synced.exists() else b"")
        os.chmod(target / called, 0o600)
        count += 1
    return count
