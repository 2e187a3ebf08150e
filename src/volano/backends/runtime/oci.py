"""The `config.json` of an instance in the form of the OCI runtime specification 1.0.

Namespaces: pid, network, ipc, uts, mount and, where the host lets us, user. In the user namespace
root of the instance is an unprivileged user of the host (`UID_SHIFT`). See seccomp.py for calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.backends.runtime import boot, seccomp

if TYPE_CHECKING:
    from volano.kernel.runtime import Workload

UID_SHIFT = 100_000
UID_COUNT = 65_536
CPU_PERIOD_US = 100_000
OPEN_FILES = 1024

CAPABILITIES = (
    "CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL",
    "CAP_NET_BIND_SERVICE", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID",
    "CAP_SYS_CHROOT",
)  # fmt: skip
MASKED = (
    "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/scsi",
    "/proc/sched_debug", "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap",
    "/sys/firmware", "/sys/fs/selinux", "/sys/kernel/debug", "/sys/kernel/security",
)  # fmt: skip
READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the host gives: the root's mount point, folders bound read only, cgroup, userns."""

    root: str
    binds: tuple[str, ...]
    cgroups_path: str
    user_namespace: bool


def to_spec(workload: Workload, around: Surroundings) -> dict[str, object]:
    """The whole document, ready to be written as JSON."""
    environment = ENVIRONMENT | {"HOSTNAME": workload.hostname} | workload.environment
    return {
        "ociVersion": "1.0.2",
        "hostname": workload.hostname[:63],
        "root": {"path": around.root, "readonly": bool(workload.memory_folders)},
        "process": {
            "terminal": False,
            "user": {"uid": 0, "gid": 0},
            "args": ["/bin/sh", "-c", boot.INIT, "init"],
            "env": [f"{name}={value}" for name, value in environment.items()],
            "cwd": "/",
            "noNewPrivileges": True,
            "capabilities": {
                kind: list(CAPABILITIES) for kind in ("bounding", "effective", "permitted")
            },
            "rlimits": [{"type": "RLIMIT_NOFILE", "soft": OPEN_FILES, "hard": OPEN_FILES * 16}],
        },
        "mounts": _mounts(around.binds) + _memory_folders(workload.memory_folders),
        "linux": _linux(workload, around),
    }


def _mounts(binds: tuple[str, ...]) -> list[dict[str, object]]:
    hidden = ["nosuid", "noexec", "nodev"]
    mounts: list[dict[str, object]] = [
        _mount("/proc", "proc", "proc", hidden),
        _mount("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
        _mount(
            "/dev/pts",
            "devpts",
            "devpts",
            ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
        ),
        _mount("/dev/shm", "tmpfs", "shm", [*hidden, "mode=1777", "size=65536k"]),  # noqa: S108 - inside
        _mount("/dev/mqueue", "mqueue", "mqueue", hidden),
        _mount("/sys", "sysfs", "sysfs", [*hidden, "ro"]),
        _mount("/run", "tmpfs", "tmpfs", ["nosuid", "nodev", "mode=755", "size=65536k"]),
    ]
    return mounts + [
        _mount(path, "none", path, ["rbind", "ro", "nosuid", "nodev"]) for path in binds
    ]


def _memory_folders(sizes: dict[str, int]) -> list[dict[str, object]]:
    return [
        _mount(path, "tmpfs", "tmpfs", ["nosuid", "nodev", "mode=1777", f"size={size_bytes}"])
        for path, size_bytes in sizes.items()
    ]


def _mount(destination: str, kind: str, source: str, options: list[str]) -> dict[str, object]:
    return {"destination": destination, "type": kind, "source": source, "options": options}


def _linux(workload: Workload, around: Surroundings) -> dict[str, object]:
    kinds = ["pid", "network", "ipc", "uts", "mount"]
    linux: dict[str, object] = {
        "cgroupsPath": around.cgroups_path,
        "resources": _resources(workload),
        "maskedPaths": list(MASKED),
        "readonlyPaths": list(READ_ONLY),
        "sysctl": {"net.ipv4.ping_group_range": f"0 {UID_COUNT - 1}"},
    }
    if around.user_namespace:
        kinds.append("user")
        mapping = [{"containerID": 0, "hostID": UID_SHIFT, "size": UID_COUNT}]
        linux |= {"uidMappings": mapping, "gidMappings": mapping}
    filters = seccomp.to_oci()
    if filters is not None:
        linux["seccomp"] = filters
    return linux | {"namespaces": [{"type": kind} for kind in kinds]}


def _resources(workload: Workload) -> dict[str, object]:
    return {
        "cpu": {
            "period": CPU_PERIOD_US,
            "quota": max(1000, workload.cpu_millis * CPU_PERIOD_US // 1000),
            "shares": max(2, workload.cpu_shares_millis * 1024 // 1000),
        },
        "memory": {"limit": workload.memory_bytes},
        "pids": {"limit": workload.pids},
        "devices": [{"allow": False, "access": "rwm"}],
    }
