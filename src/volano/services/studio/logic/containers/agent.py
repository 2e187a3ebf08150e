#!/usr/bin/env python3
"""Runs inside a container: takes code and files from Volano and answers with what came of them.

This file is the container's boot script; nothing of Volano is there, so it stands alone. It
connects to its host, which speaks first; each message is a line of JSON. The parent holds the
connection and the clock, a child without rights runs the code, and keeps its variables until it is
killed for running too long or taking too much. Where the host has only one user to give, the child
is the parent's equal, but cannot look into it. When the host lets go the container ends.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

HOST = "169.254.169.253"
FOLDER = "/mnt/data"
LOG = "/tmp/output"  # noqa: S108 - inside the container
NOBODY = 65534
MAX_LOG_BYTES = 200_000
MAX_FILE_BYTES = 1024**3
PR_SET_DUMPABLE = 4


def serve(port: int) -> None:
    """The parent: one message after the other until the host closes."""
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0)  # /proc of this process is nobody else's
    child: subprocess.Popen[bytes] | None = None
    with socket.create_connection((HOST, port)) as link, link.makefile("rwb") as lines:
        for line in lines:
            asked = json.loads(line)
            answer: dict[str, Any] = {}
            if asked["do"] == "put":
                answer = put(asked["name"], base64.b64decode(asked["data"]))
            elif asked["do"] == "remove":
                with contextlib.suppress(OSError):
                    os.unlink(path_of(asked["name"]))
            elif asked["do"] == "get":
                answer = get(asked["name"], asked["limit"])
            else:
                child, answer = run(child, asked["code"], asked["timeout_s"])
            lines.write(json.dumps(answer).encode() + b"\n")
            lines.flush()


def path_of(name: str) -> str:
    return os.path.join(FOLDER, os.path.basename(name))


def put(name: str, data: bytes) -> dict[str, Any]:
    """Write the file; there is no stamp when the folder has no room for it."""
    path = path_of(name)
    with contextlib.suppress(OSError):
        os.unlink(path)
    try:
        with open(path, "xb") as file:
            file.write(data)
        os.chmod(path, 0o666)  # noqa: S103 - for the child
        return {"stamp": stamp_of(os.lstat(path))}
    except OSError:
        return {"stamp": None}


def get(name: str, limit: int) -> dict[str, Any]:
    """The file's bytes, unless it is a link or too large."""
    with contextlib.suppress(OSError):
        opened = os.open(path_of(name), os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(opened, "rb") as file:
            data = file.read(limit + 1)
            if len(data) <= limit:
                return {"data": base64.b64encode(data).decode()}
    return {"data": None}


def run(
    child: subprocess.Popen[bytes] | None, code: str, timeout_s: float
) -> tuple[subprocess.Popen[bytes] | None, dict[str, Any]]:
    """Have the child run code; a child that does not answer in time is replaced by the next."""
    if child is None or child.poll() is not None:
        child = start_child()
    Path(LOG).write_bytes(b"")
    assert child.stdin is not None
    assert child.stdout is not None
    ended = "killed"
    with contextlib.suppress(OSError):
        child.stdin.write(json.dumps(code).encode() + b"\n")
        child.stdin.flush()
        ready, _, _ = select.select([child.stdout], [], [], timeout_s)
        if not ready:
            ended = "timeout"
        else:
            word = child.stdout.readline().decode().strip()
            ended = word if word in ("ok", "error") else "killed"
    if ended in ("timeout", "killed"):
        with contextlib.suppress(OSError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        child = None
    return child, {"ended": ended, "logs": read_log(), "files": list_files()}


def start_child() -> subprocess.Popen[bytes]:
    output = os.open(LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    os.chmod(LOG, 0o666)  # noqa: S103 - for the child
    try:
        return subprocess.Popen(
            # The child may not read this file, so it gets the text as its program.
            [sys.executable, "-I", "-c", Path(__file__).read_text(), "child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            cwd=FOLDER,
            preexec_fn=limit_child,  # noqa: PLW1509 - this program has no threads
            start_new_session=True,
        )
    finally:
        os.close(output)


def limit_child() -> None:
    """In the child, before its program: limits, then no rights where there are any to drop."""
    memory = int(os.environ["VOLANO_MEMORY_BYTES"])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_FILE_BYTES, MAX_FILE_BYTES))
    with contextlib.suppress(OSError):
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def read_log() -> str:
    """What was printed, without the middle where it is very long."""
    with open(LOG, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size <= MAX_LOG_BYTES:
            return file.read().decode("utf-8", "replace")
        half = MAX_LOG_BYTES // 2
        start = file.read(half).decode("utf-8", "replace")
        file.seek(-half, os.SEEK_END)
        end = file.read().decode("utf-8", "replace")
    return f"{start}\n[{size - MAX_LOG_BYTES} bytes are left out]\n{end}"


def list_files() -> list[list[Any]]:
    """Name, size and stamp of each plain file of the folder."""
    found = []
    for entry in os.scandir(FOLDER):
        if entry.is_file(follow_symlinks=False):
            facts = entry.stat(follow_symlinks=False)
            found.append([entry.name, facts.st_size, stamp_of(facts)])
    return sorted(found)


def stamp_of(facts: os.stat_result) -> str:
    return f"{facts.st_mtime_ns}:{facts.st_ino}:{facts.st_size}"


def work() -> None:
    """The child: runs what comes line by line in one set of variables."""
    asked = os.fdopen(os.dup(0), "rb")
    told = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    for name in ("HOME", "MPLCONFIGDIR"):
        os.environ[name] = "/tmp"  # noqa: S108 - inside the container
    os.environ["MPLBACKEND"] = "Agg"
    sys.path.insert(0, FOLDER)
    names: dict[str, Any] = {"__name__": "__main__", "__builtins__": __builtins__}
    for line in asked:
        ended = execute(json.loads(line), names)
        sys.stdout.flush()
        sys.stderr.flush()
        told.write(ended.encode() + b"\n")
        told.flush()


def execute(code: str, names: dict[str, Any]) -> str:
    """Run the code; the value of a last line that is an expression is shown."""
    try:
        tree = ast.parse(code, "<code>")
        last = tree.body[-1] if tree.body else None
        if isinstance(last, ast.Expr):
            tree.body.pop()
        exec(compile(tree, "<code>", "exec"), names)  # noqa: S102 - it is what this is for
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "<code>", "eval"), names)  # noqa: S307
            if value is not None:
                sys.stdout.write(f"{value!r}\n")
    except SystemExit:
        return "ok"
    except BaseException:  # noqa: BLE001 - whatever the code does is told to who wrote it
        kind, error, trace = sys.exc_info()
        while trace is not None and trace.tb_frame.f_code.co_filename != "<code>":
            trace = trace.tb_next
        traceback.print_exception(kind, error, trace)
        return "error"
    return "ok"


if __name__ == "__main__":
    if sys.argv[1:] == ["child"]:
        work()
    else:
        try:
            serve(int(os.environ["VOLANO_AGENT_PORT"]))
        finally:
            os.kill(1, signal.SIGTERM)
