"""Decide once what this host can run, by running it.

A container needs root, conmon, iproute2 and crun or runc; whether an engine really works here (user
namespaces, cgroups, overlay on this file system, seccomp) is found by starting a small container
with it. Otherwise bubblewrap gives a process sandbox, which says plainly what it does not do.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from volano.backends.runtime import cgroups, commands, oci, process, rootfs, uplink
from volano.backends.runtime.container import ContainerDriver, Engine
from volano.backends.runtime.driver import Choice
from volano.backends.runtime.network import Networks
from volano.backends.runtime.rootfs import Images
from volano.backends.runtime.state import InstanceFolder
from volano.kernel.errors import Invalid, Unavailable, VolanoError
from volano.kernel.runtime import RuntimeInfo, Workload

if TYPE_CHECKING:
    from volano.kernel.clock import Clock

CHOICES = ("auto", "container", "crun", "runc", "process")
ENGINES = ("crun", "runc")
CONTAINER_PROGRAMS = ("conmon", "ip", "unshare", "nsenter", "mount", "umount")
PROBE_ID = "volano-probe"
PROBE_MEMORY_BYTES = 64 * 1024 * 1024


def choose(state_dir: Path, wanted: str, clock: Clock) -> Choice:
    """The best runtime of this host; Unavailable says what to install when there is none."""
    if wanted not in CHOICES:
        raise Invalid(f"The runtime {wanted!r} is unknown; choose one of {', '.join(CHOICES)}.")
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    notes: list[str] = []
    if wanted != "process":
        engine = _find_engine(state_dir, wanted, clock, notes)
        if engine is not None:
            return _container(state_dir, engine, clock, tuple(notes))
    if wanted in {"auto", "process"}:
        problem = process.find_problem(state_dir)
        if not problem:
            return _process(state_dir, clock, tuple(notes))
        notes.append(problem)
    raise Unavailable(
        "Nothing here can run an instance. As root install crun (or runc), conmon and iproute2; "
        "without root install bubblewrap and iproute2, on a host that lets users make namespaces. "
        f"What was tried: {' '.join(notes)}"
    )


def tag_of(state_dir: Path) -> str:
    """Tells the names of this state folder from those of another one on the same host."""
    return hashlib.sha256(str(state_dir.resolve()).encode()).hexdigest()[:8]


def _find_engine(state_dir: Path, wanted: str, clock: Clock, notes: list[str]) -> Engine | None:
    if os.geteuid() != 0:
        notes.append("Containers need root.")
        return None
    missing = [name for name in CONTAINER_PROGRAMS if commands.find_program(name) is None]
    if missing:
        notes.append(f"Containers need these programs, which are missing: {', '.join(missing)}.")
        return None
    for name in ENGINES if wanted in {"auto", "container"} else (wanted,):
        program = commands.find_program(name)
        if program is None:
            notes.append(f"{name} is not installed.")
            continue
        for user_namespace in (True, False):
            engine = Engine(
                program=program,
                user_namespace=user_namespace,
                unmount=cgroups.unified_mount() if name == "crun" else "",
            )
            problem = _try_engine(state_dir, engine, clock)
            if not problem:
                return engine
            how = "with" if user_namespace else "without"
            notes.append(f"{name} {how} user namespace: {problem}")
    return None


def _try_engine(state_dir: Path, engine: Engine, clock: Clock) -> str:
    """Start and remove a real container; returns what went wrong, or nothing."""
    place = state_dir / "probe"
    workload = Workload(
        id=PROBE_ID, image=rootfs.HOST, hostname="probe", cpu_millis=1000, cpu_shares_millis=1000,
        memory_bytes=PROBE_MEMORY_BYTES,
    )  # fmt: skip
    tag = f"probe-{tag_of(state_dir)}-{os.getpid()}"
    images = _images(place, clock, engine)
    networks = Networks(place / "networks", tag, rootless=False, internet=False)
    driver = ContainerDriver(place, engine, tag=tag, images=images, networks=networks, clock=clock)
    folder = InstanceFolder(place / "instances", PROBE_ID)
    try:
        images.prepare_host()
        folder.create(workload)
        driver.launch(folder, workload)
        folder.end_process(grace_s=0)
        driver.clean(folder, workload)
        driver.close()
    except (VolanoError, OSError) as error:
        return str(error)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return ""


def _container(state_dir: Path, engine: Engine, clock: Clock, notes: tuple[str, ...]) -> Choice:
    tag = tag_of(state_dir)
    internet = bool(uplink.default_device()) and commands.find_program("nft") is not None
    images = _images(state_dir, clock, engine)
    images.prepare_host()
    networks = Networks(state_dir / "networks", tag, rootless=False, internet=internet)
    driver = ContainerDriver(
        state_dir, engine, tag=tag, images=images, networks=networks, clock=clock
    )
    user = "user, " if engine.user_namespace else ""
    said = [
        *notes,
        "The size of an instance's disk is not limited.",
        "Every instance shares the host's kernel.",
    ]
    if not internet:
        said.append("No way out: the host has no default route, or nft is not installed.")
    elif not uplink.nameservers():
        said.append("Instances resolve no names: the host's resolver listens on its loopback only.")
    info = RuntimeInfo(
        kind="container",
        engine=engine.name,
        isolation=(
            f"own {user}pid, network, mount, ipc and uts namespaces, system call filter, "
            "no new privileges, 12 capabilities; CPU, memory and process limits by control groups"
        ),
        limits=True,
        internet=internet,
        notes=tuple(said),
    )
    return Choice(info=info, driver=driver, images=images, networks=networks)


def _process(state_dir: Path, clock: Clock, notes: tuple[str, ...]) -> Choice:
    images = Images(state_dir / "images", clock, uid_shift=0)
    images.prepare_host()
    networks = Networks(state_dir / "networks", tag_of(state_dir), rootless=True, internet=False)
    driver = process.ProcessDriver(state_dir, images=images, networks=networks, clock=clock)
    filtered = "a system call filter" if driver.is_filtered else "NO system call filter"
    info = RuntimeInfo(
        kind="process",
        engine="bubblewrap",
        isolation=(
            f"a sandboxed process with own namespaces, no capabilities and {filtered}; "
            "CPU and memory are NOT limited; whatever image was asked for, it runs the host's own "
            "programs (/usr, read only)"
        ),
        limits=False,
        internet=False,
        notes=(
            *notes,
            "CPU, memory and disk limits are not enforced without root.",
            "Instances reach each other inside their VPC, the metadata service and this cloud's "
            "endpoints, but not the internet.",
        ),
    )
    return Choice(
        info=info, driver=driver, images=images, networks=networks, only_image=rootfs.HOST
    )


def _images(state_dir: Path, clock: Clock, engine: Engine) -> Images:
    shift = oci.UID_SHIFT if engine.user_namespace else 0
    return Images(state_dir / "images", clock, uid_shift=shift)
