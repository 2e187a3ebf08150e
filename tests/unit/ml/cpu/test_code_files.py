"""Compiled kernels kept in files: taken again, and never when anybody else may have made them."""

from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING

import numpy as np
import pytest

from volano.ml.cpu import code_files, machine
from volano.ml.cpu.code_files import code_folder, find_code, keep_code
from volano.ml.cpu.ir import Function
from volano.ml.cpu.machine import compile_functions, native_target, portable_target

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = code_folder()
    assert found is not None
    return found


def add(number: int) -> Function:
    """`add(place)`: add a number to the i64 there."""
    f = Function("add", ["ptr"])
    (place,) = f.arguments
    f.store(f.load(place, "i64") + number, place)
    return f


def result(number: int) -> int:
    """What the compiled function makes of 1."""
    cell = np.ones(1, dtype=np.int64)
    code = compile_functions([add(number)], native_target())
    code.function("add", ctypes.c_void_p)(cell.ctypes.data)
    return int(cell[0])


def test_code_is_compiled_once_and_then_read(folder: Path, monkeypatch: pytest.MonkeyPatch):
    assert result(4) == 5
    assert len(list(folder.iterdir())) == 1
    monkeypatch.setattr(machine, "_compile", None)
    assert result(4) == 5


def test_each_text_and_each_processor_has_its_own_code(folder: Path):
    assert (result(4), result(5)) == (5, 6)
    compile_functions([add(4)], portable_target())
    assert len(list(folder.iterdir())) == 3


@pytest.mark.parametrize("damage", ["flip", "cut", "empty"])
def test_damaged_code_is_compiled_anew(folder: Path, damage: str):
    result(4)
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    broken = {"flip": whole[:-1] + bytes([whole[-1] ^ 1]), "cut": whole[:-9], "empty": b""}
    path.write_bytes(broken[damage])
    assert result(4) == 5
    assert path.read_bytes() == whole


def test_code_of_another_name_is_not_taken(folder: Path):
    keep_code("mine", b"code")
    (folder / "mine.code").rename(folder / "yours.code")
    assert find_code("yours") is None


@pytest.mark.parametrize("shared", ["file", "folder"])
def test_what_others_may_write_is_left_aside(folder: Path, shared: str):
    keep_code("mine", b"code")
    assert find_code("mine") == b"code"
    (folder if shared == "folder" else folder / "mine.code").chmod(0o770)
    assert find_code("mine") is None


def test_code_is_not_written_where_others_may_write(folder: Path):
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    keep_code("mine", b"code")
    assert list(folder.iterdir()) == []


def test_code_of_another_user_is_left_aside(folder: Path, monkeypatch: pytest.MonkeyPatch):
    keep_code("mine", b"code")
    monkeypatch.setattr(code_files.os, "getuid", lambda: folder.stat().st_uid + 1)
    assert find_code("mine") is None


def test_the_oldest_code_goes(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(code_files, "FILES_MAX", 3)
    for number in range(3):
        keep_code(str(number), b"code")
        os.utime(folder / f"{number}.code", (number, number))
    keep_code("3", b"code")
    assert sorted(path.name for path in folder.iterdir()) == ["1.code", "2.code", "3.code"]


@pytest.mark.usefixtures("folder")
def test_nothing_is_kept_where_nothing_can_be(tmp_path: Path):
    (tmp_path / "cache").write_text("in the way")
    assert result(4) == 5
    assert (tmp_path / "cache").read_text() == "in the way"
