"""Run the host's programs (`ip`, `crun`, `mount` …) and turn their failures into errors.

Everything here blocks and is called from worker threads, never from the event loop. Programs are
looked up once in fixed folders, so a tenant's or a user's PATH never decides what runs as root.
"""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from typing import TYPE_CHECKING

from volano.kernel.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = {"PATH": SEARCH_PATH, "LC_ALL": "C", "HOME": "/nonexistent"}
COMMAND_LIMIT_S = 60.0
ERROR_TAIL_CHARS = 2000


@cache
def find_program(name: str) -> str | None:
    """The absolute path of a program of the host, or None."""
    return shutil.which(name, path=SEARCH_PATH)


def get_program(name: str) -> str:
    """Like `find_program`; Unavailable names the program that is missing."""
    found = find_program(name)
    if found is None:
        raise Unavailable(f"The program {name} is not installed on this host; install it.")
    return found


def run(
    argv: Sequence[str],
    *,
    stdin: str = "",
    cwd: str | None = None,
    timeout_s: float = COMMAND_LIMIT_S,
) -> str:
    """Run to the end and return its output; Unavailable with the last lines when it fails."""
    try:
        done = subprocess.run(
            list(argv),
            input=stdin.encode(),
            capture_output=True,
            env=ENVIRONMENT,
            cwd=cwd,
            timeout=timeout_s,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{argv[0]} could not run: {error}") from error
    if done.returncode != 0:
        raise command_failed(
            argv, done.returncode, (done.stderr or done.stdout).decode("utf-8", "replace")
        )
    return done.stdout.decode("utf-8", "replace")


def attempt(argv: Sequence[str], *, stdin: str = "") -> bool:
    """Run to the end; False when it fails. For clean-up of what may be gone already."""
    try:
        run(argv, stdin=stdin)
    except Unavailable:
        return False
    return True


def command_failed(argv: Sequence[str], code: int, output: str) -> Unavailable:
    """The error of a program that ended with `code`; keeps the end of what it said."""
    tail = output.strip()[-ERROR_TAIL_CHARS:] or "it said nothing"
    name = argv[0].rsplit("/", 1)[-1]
    return Unavailable(
        f"{name} failed with exit code {code}: {tail}",
        facts={"argv": " ".join(argv)[:ERROR_TAIL_CHARS], "code": code},
    )
