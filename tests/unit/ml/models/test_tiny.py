from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from volano.ml.errors import BadModel
from volano.ml.models.builtin import find_builtin
from volano.ml.models.tiny import NAME, make_tiny_model

SCRIPT = Path(__file__).parents[4] / "tools" / "make_tiny_model.py"


def digests(folder: Path) -> dict[str, str]:
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in folder.iterdir()}


def test_the_same_bytes_come_out_every_time(tiny_folder: Path, tmp_path: Path):
    done = subprocess.run(
        [sys.executable, SCRIPT, tmp_path / "again"], check=True, capture_output=True, text=True
    )
    assert digests(tmp_path / "again") == digests(tiny_folder)
    assert "not useful" in done.stdout


def test_another_seed_gives_other_weights(tiny_folder: Path, tmp_path: Path):
    make_tiny_model(tmp_path / "other", seed=1)
    ours, other = digests(tiny_folder), digests(tmp_path / "other")
    assert [name for name in ours if ours[name] != other[name]] == ["model.safetensors"]


def test_it_is_small_and_says_what_it_is(tiny_folder: Path):
    assert sum(file.stat().st_size for file in tiny_folder.iterdir()) < 3_000_000
    assert "not useful" in json.loads((tiny_folder / "config.json").read_text())["volano_note"]
    assert "not useful" in (tiny_folder / "README.md").read_text()


def test_it_is_made_on_first_use_and_kept(tmp_path: Path):
    folder = find_builtin(NAME, tmp_path)
    made = (folder / "model.safetensors").stat().st_mtime_ns
    assert find_builtin(NAME, tmp_path) == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == made
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_an_unknown_built_in_name_is_refused(tmp_path: Path):
    with pytest.raises(BadModel, match="no built-in model 'gpt-4'"):
        find_builtin("gpt-4", tmp_path)


def test_the_script_explains_itself():
    done = subprocess.run([sys.executable, SCRIPT], check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "make_tiny_model.py FOLDER" in done.stderr
