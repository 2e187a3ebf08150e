"""Images: the skeleton of the host, owners, locks, and how far a build is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from volano.backends.runtime import commands, rootfs
from volano.backends.runtime.build_progress import Counter
from volano.backends.runtime.rootfs import Images
from volano.kernel.clock import SystemClock
from volano.kernel.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from pathlib import Path


async def ignore(fraction: float, text: str) -> None:
    del fraction, text


async def test_host_image_holds_nothing_of_the_host_but_trust_and_links(tmp_path: Path) -> None:
    images = Images(tmp_path, SystemClock(), uid_shift=0)
    assert not images.is_prepared("host")
    told: list[float] = []

    async def progress(fraction: float, text: str) -> None:
        assert text
        told.append(fraction)

    await images.prepare("host", progress)
    root = images.path("host")
    assert images.is_prepared("host")
    assert told == [1.0]
    assert "root:x:0:0" in (root / "etc/passwd").read_text()
    assert not (root / "etc/shadow").exists()
    assert list((root / "usr").iterdir()) == []
    assert (root / "tmp").stat().st_mode & 0o7777 == 0o1777
    assert "/usr" in images.binds("host")
    assert images.binds("debian-12") == ()


async def test_host_image_is_readable_whatever_the_umask(tmp_path: Path) -> None:
    images = Images(tmp_path, SystemClock(), uid_shift=0)
    before = os.umask(0o077)
    try:
        images.prepare_host()
    finally:
        os.umask(before)
    assert (images.path("host") / "etc").stat().st_mode & 0o777 == 0o755
    assert (images.path("host") / "etc/passwd").stat().st_mode & 0o777 == 0o644


async def test_refuses_an_unknown_image(tmp_path: Path) -> None:
    images = Images(tmp_path, SystemClock(), uid_shift=0)
    with pytest.raises(Invalid, match="debian-12"):
        await images.prepare("windows", ignore)


async def test_says_what_to_install_when_mmdebstrap_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands.find_program.cache_clear()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/rm").symlink_to("/bin/rm")
    monkeypatch.setattr(commands, "SEARCH_PATH", str(tmp_path / "bin"))
    try:
        images = Images(tmp_path / "images", SystemClock(), uid_shift=0)
        with pytest.raises(Unavailable, match="apt-get install mmdebstrap"):
            await images.prepare("debian-12", ignore)
        assert not images.is_prepared("debian-12")
    finally:
        commands.find_program.cache_clear()


async def test_a_failed_build_shows_the_last_lines_and_leaves_no_image(tmp_path: Path) -> None:
    images = Images(tmp_path, SystemClock(), uid_shift=0)
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1|apt-get install mmdebstrap"):
        await images.prepare("debian-12", ignore, mirror="http://127.0.0.1:9/debian")
    assert not images.is_prepared("debian-12")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_shifting_owners_keeps_modes_and_counts_hard_links_once(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "bin").mkdir(parents=True)
    (root / "bin/su").write_text("x")
    (root / "bin/su").chmod(0o4755)
    (root / "bin/again").hardlink_to(root / "bin/su")
    (root / "sbin").symlink_to("bin")
    os.chown(root / "bin", 5, 7)
    rootfs.shift_owners(root, 100_000)
    assert (root / "bin").stat().st_uid == 100_005
    assert (root / "bin").stat().st_gid == 100_007
    assert (root / "bin/su").stat().st_uid == 100_000
    assert (root / "bin/su").stat().st_mode & 0o7777 == 0o4755
    assert (root / "sbin").lstat().st_uid == 100_000


def test_progress_counts_fetched_unpacked_and_set_up_packages_in_two_rounds() -> None:
    counter = Counter()
    assert counter.read("I: running apt-get update...") == "running apt-get update..."
    assert counter.read("Get:1 http://x bookworm InRelease [151 kB]") is None
    assert counter.read("0 upgraded, 2 newly installed, 0 to remove") == "installing 2 packages"
    fractions = []
    for line in ("Get:1 http://x dash", "Unpacking dash (0.5) ...", "Setting up dash (0.5) ..."):
        counter.read(line)
        fractions.append(counter.fraction)
    assert counter.read("1 upgraded, 1 newly installed, 0 to remove") == "installing 1 packages"
    assert counter.read("Setting up curl (7.88) ...") == "Setting up curl"
    fractions.append(counter.fraction)
    assert fractions == sorted(fractions)
    assert 0.55 < counter.fraction < 0.97
    assert counter.read("dpkg: warning: something") is None
