"""The engine without the rest of Volano: as a program, and what it imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from volano.ml.__main__ import main


def test_it_generates_keeps_packed_weights_and_measures(
    tiny_folder: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["generate", str(tiny_folder), "The shop", "--form", "f32", "--tokens", "8"]) == 0
    exact = capsys.readouterr().out
    assert exact.strip()
    assert main(["quantise", str(tiny_folder), "--form", "bf16"]) == 0
    path = Path(capsys.readouterr().out.split(" (")[0])
    assert path.name == "volano-bf16.packed"
    try:
        options = ["--chat", "--form", "bf16", "--tokens", "8"]
        assert main(["generate", str(tiny_folder), "The shop", *options]) == 0
        assert capsys.readouterr().out.strip()
        assert main(["bench", str(tiny_folder), "--form", "bf16"]) == 0
        assert "decode, batch 8: " in capsys.readouterr().out
    finally:
        path.unlink()


def test_what_cannot_be_done_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["generate", str(tmp_path), "Hello"]) == 1
    assert "no config.json" in capsys.readouterr().err


def test_nothing_else_of_volano_is_imported(tiny_folder: Path):
    program = (
        "import sys; from volano.ml.__main__ import main; "
        f"main(['generate', {str(tiny_folder)!r}, 'A', '--tokens', '1']); "
        "print([name for name in sys.modules if name.split('.')[0] in ('torch', 'volano')"
        " and not name.startswith('volano.ml')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "['volano']"
