"""Installing extras with the real pip and uv, from wheels in a local folder: no network."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import shutil
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from volano.backends.inference import extras
from volano.backends.inference.engine import EngineInference
from volano.backends.inference.extras import Extra, InstallMeter, has_extra, install_extra
from volano.kernel.clock import SystemClock
from volano.kernel.errors import Invalid, Unavailable
from volano.kernel.inference import ModelFiles
from volano.kernel.log import StreamLog

ROOT = Path(__file__).parents[4]


def write_wheel(folder: Path, name: str, requires: str | None = None) -> None:
    """A wheel by hand: one module, metadata and a record (PyPA's binary distribution format)."""
    info = f"{name}-1.0.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
    if requires:
        metadata += f"Requires-Dist: {requires}\n"
    files = {
        f"{name}.py": "VALUE = 1\n",
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        record += f"{path},sha256={digest.decode()},{len(text)}\n"
    files[f"{info}/RECORD"] = record + f"{info}/RECORD,,\n"
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Both installers see these wheels only; the extra `test` needs three of them."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    write_wheel(folder, "volano_test_a", requires="volano_test_b")
    write_wheel(folder, "volano_test_b")
    write_wheel(folder, "volano_test_heavy", requires="volano_test_that_nobody_has")
    for name in ("PIP_NO_INDEX", "UV_NO_INDEX", "UV_OFFLINE"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("UV_FIND_LINKS", str(folder))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv-cache"))
    extra = Extra(
        modules=("volano_test_a", "volano_test_b", "volano_test_heavy"),
        requirements=("volano_test_a>=1",),
        alone=("volano_test_heavy==1.0",),
    )
    monkeypatch.setitem(extras.EXTRAS, "test", extra)
    return folder


class Seen:
    def __init__(self) -> None:
        self.fractions: list[float] = []
        self.texts: list[str] = []

    async def __call__(self, fraction: float, text: str) -> None:
        self.fractions.append(fraction)
        self.texts.append(text)


# uv is used where it is on PATH, as the installer itself does.
@pytest.mark.parametrize("installer", ["pip", *(["uv"] if shutil.which("uv") else [])])
async def test_an_extra_is_installed_whole_with_rising_fractions(
    wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installer: str
):
    commands = {command[1] != "-m": command for command in extras._installers()}
    monkeypatch.setattr(extras, "_installers", lambda: [commands[installer == "uv"]])
    seen = Seen()
    target = tmp_path / "extras" / "test"
    assert not has_extra("test", target)
    await install_extra("test", target, seen)
    assert has_extra("test", target)
    assert (target / "volano_test_heavy.py").is_file()
    assert seen.fractions == sorted(seen.fractions)
    assert seen.fractions[-1] == 1.0
    assert len(seen.texts) > 2
    assert [path.name for path in target.parent.iterdir()] == ["test"]


async def test_a_failed_installation_leaves_what_was_there_and_may_be_repeated(
    wheels: Path, tmp_path: Path
):
    target = tmp_path / "extras" / "test"
    await install_extra("test", target, Seen())
    (wheels / "volano_test_b-1.0-py3-none-any.whl").unlink()
    shutil.rmtree(tmp_path / "uv-cache", ignore_errors=True)
    with pytest.raises(Unavailable, match=r"volano_test_a.*Check the network"):
        await install_extra("test", target, Seen())
    assert has_extra("test", target)
    write_wheel(wheels, "volano_test_b")
    await install_extra("test", target, Seen())
    assert [path.name for path in target.parent.iterdir()] == ["test"]


async def test_the_engine_installs_what_it_lacks_before_it_starts(
    wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(extras.EXTRAS, "ml", extras.EXTRAS["test"])
    monkeypatch.setattr(extras, "requirements_of", lambda name: ["volano_test_a>=1"])
    clock = SystemClock()
    inference = EngineInference(tmp_path, StreamLog(clock, stream=io.StringIO()), clock)
    states = set()
    model = ModelFiles(name="t", source="builtin:volano-tiny-qwen3", task="generate")
    waiting = [asyncio.create_task(inference.count_tokens(model, "x")) for _ in range(3)]
    while not all(task.done() for task in waiting):
        states.add((await inference.status()).state)
        await asyncio.sleep(0)
    assert [task.result() for task in waiting] == [1, 1, 1]
    assert {"installing", "starting", "ready"} <= states | {(await inference.status()).state}
    assert (tmp_path / "extras" / "ml" / "volano_test_a.py").is_file()
    await inference.close()


async def test_an_installation_that_fails_is_reported_and_not_repeated_at_once(
    wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(extras.EXTRAS, "ml", extras.EXTRAS["test"])
    monkeypatch.setattr(extras, "requirements_of", lambda name: ["volano_test_missing"])
    clock = SystemClock()
    inference = EngineInference(tmp_path, StreamLog(clock, stream=io.StringIO()), clock)
    model = ModelFiles(name="t", source="builtin:volano-tiny-qwen3", task="generate")
    with pytest.raises(Unavailable, match="volano_test_missing") as first:
        await inference.count_tokens(model, "x")
    with pytest.raises(Unavailable) as second:
        await inference.count_tokens(model, "x")
    assert second.value is first.value
    status = await inference.status()
    assert status.state == "failed"
    assert "volano_test_missing" in status.text
    await inference.close()


def test_an_unknown_extra_is_refused():
    with pytest.raises(Invalid, match="clients, ml, scale"):
        has_extra("games", Path())


def test_the_lists_here_are_those_of_the_project_file():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = project["optional-dependencies"]
    for name, extra in extras.EXTRAS.items():
        assert sorted(declared[name]) == sorted(extra.requirements), name


def test_everything_in_the_extra_ml_is_importable_here(tmp_path: Path):
    assert has_extra("ml", tmp_path)
    assert "torch" not in sys.modules


def test_the_meter_understands_pip():
    meter = InstallMeter(1)
    meter.start_run(2)
    lines = [
        "Collecting numpy>=2.2",
        "  Downloading numpy-2.4.6-cp311-cp311-manylinux_2_28_x86_64.whl (16.6 MB)",
        "Collecting jinja2>=3.1.6",
        "  Using cached jinja2-3.1.6-py3-none-any.whl (134 kB)",
        "Looking in indexes: somewhere",
        "Installing collected packages: numpy, jinja2",
    ]
    shown = [(meter.read(line), round(meter.fraction, 3)) for line in lines]
    assert shown == [
        ("Finding numpy>=2.2", 0.0),
        ("Downloading numpy 2.4.6 (16.6 MB)", 0.212),
        ("Finding jinja2>=3.1.6", 0.212),
        ("Downloading jinja2 3.1.6 (134 kB)", 0.637),
        (None, 0.637),
        ("Unpacking", 0.95),
    ]


def test_the_meter_understands_uv():
    meter = InstallMeter(2)
    meter.start_run(1)
    lines = [
        "Using CPython 3.11.2 interpreter at: somewhere",
        "Resolved 4 packages in 10ms",
        "Downloading numpy (16.1MiB)",
        " Downloaded numpy",
        "Prepared 4 packages in 1s",
    ]
    shown = [(meter.read(line), round(meter.fraction, 3)) for line in lines]
    assert shown == [
        (None, 0.0),
        ("Found the packages", 0.0),
        ("Downloading numpy (16.1MiB)", 0.053),
        (None, 0.053),
        ("Unpacking", 0.475),
    ]
    meter.end_run()
    assert meter.fraction == 0.5
