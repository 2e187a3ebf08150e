"""Pulling a model from a source of streams: what broke off goes on, what changed begins anew."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING

import pytest

from volano.backends.inference.hub import pull_model
from volano.kernel.errors import Conflict, Invalid, Unavailable
from volano.kernel.inference import SourceFile
from volano.ml.models.tiny import make_tiny_model

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

WEIGHTS = "model.safetensors"


class Broken(Exception):
    """The line went dead."""


@dataclasses.dataclass
class Shelf:
    """Files in memory; breaks off after `cut_after` bytes of the weights when told to."""

    files: dict[str, bytes]
    version: str = "1"
    cut_after: int | None = None
    lie: bool = False
    reads: list[tuple[str, int]] = dataclasses.field(default_factory=list)

    text = "s3://shelf/model/"

    async def list_files(self) -> list[SourceFile]:
        return [
            SourceFile(
                name=name,
                size_bytes=len(content),
                version=self.version,
                digest="sha256:" + hashlib.sha256(content + b"!" * self.lie).hexdigest(),
            )
            for name, content in self.files.items()
        ]

    async def read(self, file: SourceFile, start_byte: int) -> AsyncIterator[bytes]:
        self.reads.append((file.name, start_byte))
        content = self.files[file.name]
        if self.cut_after is not None and file.name == WEIGHTS:
            yield content[start_byte : self.cut_after]
            raise Broken
        for start in range(start_byte, len(content), 4096):
            yield content[start : start + 4096]


async def told(fraction: float, text: str) -> None:
    assert 0 <= fraction <= 1
    assert text


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    made = tmp_path / "made"
    make_tiny_model(made)
    files = [path for path in made.rglob("*") if path.is_file()]
    return Shelf({str(path.relative_to(made)): path.read_bytes() for path in files})


async def pull(shelf: Shelf, tmp_path: Path):
    return await pull_model("acme/tiny", tmp_path / "got", source=shelf, progress=told)


async def test_the_files_of_a_model_arrive_and_nothing_else(shelf, tmp_path):
    shelf.files |= {"pytorch_model.bin": b"code", "notes/diary.txt": b"private"}
    pulled = await pull(shelf, tmp_path)
    assert pulled.task == "generate"
    assert (tmp_path / "got" / WEIGHTS).read_bytes() == shelf.files[WEIGHTS]
    left = {path.name for path in (tmp_path / "got").rglob("*")}
    assert not left & {"pytorch_model.bin", "diary.txt", f"{WEIGHTS}.version"}


async def test_what_broke_off_goes_on_where_it_ended(shelf, tmp_path):
    shelf.cut_after = 1000
    with pytest.raises(Broken):
        await pull(shelf, tmp_path)
    shelf.cut_after = None
    shelf.reads.clear()
    await pull(shelf, tmp_path)
    assert (WEIGHTS, 1000) in shelf.reads
    assert ("config.json", 0) not in shelf.reads
    assert (tmp_path / "got" / WEIGHTS).read_bytes() == shelf.files[WEIGHTS]


async def test_another_version_begins_anew(shelf, tmp_path):
    shelf.cut_after = 1000
    with pytest.raises(Broken):
        await pull(shelf, tmp_path)
    shelf.cut_after, shelf.version = None, "2"
    await pull(shelf, tmp_path)
    assert (WEIGHTS, 0) in shelf.reads[1:]
    assert (tmp_path / "got" / WEIGHTS).read_bytes() == shelf.files[WEIGHTS]


async def test_bytes_that_do_not_match_are_thrown_away(shelf, tmp_path):
    shelf.lie = True
    with pytest.raises(Unavailable, match="checksum"):
        await pull(shelf, tmp_path)
    assert not (tmp_path / "got").exists()
    shelf.lie = False
    await pull(shelf, tmp_path)


async def test_a_file_that_shrank_meanwhile_is_a_conflict(shelf, tmp_path):
    listing = await shelf.list_files()
    shelf.files[WEIGHTS] = shelf.files[WEIGHTS][:-1]

    async def old() -> list[SourceFile]:
        return listing

    shelf.list_files = old
    with pytest.raises(Conflict, match="pull again"):
        await pull(shelf, tmp_path)


async def test_a_folder_of_other_things_is_no_model(tmp_path):
    with pytest.raises(Invalid, match="no config"):
        await pull(Shelf({"report.csv": b"1"}), tmp_path)


@pytest.mark.parametrize(
    ("digest", "of"),
    [
        ("crc32:cbf43926", b"123456789"),
        ("crc32c:e3069283", b"123456789"),
        ("crc64nvme:ae8b14860a799888", b"123456789"),
        ("sha1:f7c3bc1d808e04732adf679965ccc34ca7ae3441", b"123456789"),
    ],
)
async def test_checksums_as_buckets_declare_them(shelf, tmp_path, digest, of):
    shelf.files["LICENSE"] = of
    declared = await shelf.list_files()
    listing = [
        SourceFile(
            name=file.name,
            size_bytes=file.size_bytes,
            version="1",
            digest=digest if file.name == "LICENSE" else "",
        )
        for file in declared
    ]

    async def listed() -> list[SourceFile]:
        return listing

    shelf.list_files = listed
    await pull(shelf, tmp_path)
    assert (tmp_path / "got" / "LICENSE").read_bytes() == of
