"""Which system calls an instance may not make.

A deny list: everything is allowed but calls that reach the kernel's own state, escape a namespace
or have a record of kernel holes and no place in a server's work. `clone3` answers ENOSYS, since its
flags lie in memory where a filter cannot read them; C libraries then use `clone`, whose flags can
be checked for new user namespaces. Calls of another architecture (32 bit) end the process.
The same rules become OCI JSON for crun and runc, and BPF (by libseccomp) for bubblewrap.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

DENIED = (
    # the kernel itself, its modules, clock and power
    "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module",
    "create_module", "query_module", "get_kernel_syms", "reboot", "swapon", "swapoff", "syslog",
    "settimeofday", "clock_settime", "clock_settime64", "clock_adjtime", "clock_adjtime64",
    "adjtimex", "stime", "acct", "quotactl", "quotactl_fd", "nfsservctl", "lookup_dcookie",
    "sysfs", "uselib", "ustat", "vhangup", "iopl", "ioperm", "vm86", "vm86old", "_sysctl",
    # mounts and namespaces
    "mount", "umount", "umount2", "pivot_root", "move_mount", "open_tree", "open_tree_attr",
    "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "statmount", "listmount",
    "setns", "unshare",
    # tracing, programs in the kernel, key rings, handles that pass by directories
    "bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key", "request_key",
    "open_by_handle_at", "name_to_handle_at", "fanotify_init", "io_uring_setup",
    "io_uring_enter", "io_uring_register", "kcmp", "move_pages", "migrate_pages",
    "lsm_set_self_attr",
)  # fmt: skip
ABSENT = ("clone3",)
CLONE_NEWUSER = 0x10000000
DENIED_SOCKET_FAMILIES = (38, 40)  # AF_ALG and AF_VSOCK: kernel crypto, and the hypervisor
ARCHITECTURES = {"x86_64": "SCMP_ARCH_X86_64", "aarch64": "SCMP_ARCH_AARCH64"}

_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
_COMPARE_EQUAL = 4
_COMPARE_MASKED = 7


def to_oci() -> dict[str, object] | None:
    """The filter in the form of the OCI runtime specification; None on an unknown machine."""
    architecture = ARCHITECTURES.get(platform.machine())
    if architecture is None:
        return None
    masked = {
        "index": 0,
        "value": CLONE_NEWUSER,
        "valueTwo": CLONE_NEWUSER,
        "op": "SCMP_CMP_MASKED_EQ",
    }
    rules: list[dict[str, object]] = [
        {"names": list(DENIED), "action": "SCMP_ACT_ERRNO", "errnoRet": errno.EPERM},
        {"names": list(ABSENT), "action": "SCMP_ACT_ERRNO", "errnoRet": errno.ENOSYS},
        {"names": ["clone"], "action": "SCMP_ACT_ERRNO", "errnoRet": errno.EPERM, "args": [masked]},
    ]
    rules += [
        {
            "names": ["socket"],
            "action": "SCMP_ACT_ERRNO",
            "errnoRet": errno.EAFNOSUPPORT,
            "args": [{"index": 0, "value": family, "op": "SCMP_CMP_EQ"}],
        }
        for family in DENIED_SOCKET_FAMILIES
    ]
    return {"defaultAction": "SCMP_ACT_ALLOW", "architectures": [architecture], "syscalls": rules}


class _Argument(ctypes.Structure):
    """struct scmp_arg_cmp of libseccomp."""

    _fields_ = (
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("datum_a", ctypes.c_uint64),
        ("datum_b", ctypes.c_uint64),
    )


def write_bpf(path: Path) -> bool:
    """Compile the filter to BPF for bubblewrap; False when libseccomp is not on this host."""
    try:
        library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    except OSError:
        return False
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_init.argtypes = [ctypes.c_uint32]
    library.seccomp_rule_add_array.argtypes = [
        ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.POINTER(_Argument),
    ]  # fmt: skip
    library.seccomp_export_bpf.argtypes = [ctypes.c_void_p, ctypes.c_int]
    library.seccomp_release.argtypes = [ctypes.c_void_p]
    state = library.seccomp_init(_ALLOW)
    try:
        for name, code, argument in _rules():
            number = library.seccomp_syscall_resolve_name(name.encode())
            if number == -1:  # a call this libseccomp does not know
                continue
            arguments = ctypes.pointer(argument) if argument else None
            library.seccomp_rule_add_array(
                state, _ERRNO | code, number, 1 if argument else 0, arguments
            )
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            return int(library.seccomp_export_bpf(state, descriptor)) == 0
        finally:
            os.close(descriptor)
    finally:
        library.seccomp_release(state)


def _rules() -> list[tuple[str, int, _Argument | None]]:
    rules: list[tuple[str, int, _Argument | None]] = [(name, errno.EPERM, None) for name in DENIED]
    rules += [(name, errno.ENOSYS, None) for name in ABSENT]
    rules.append(
        ("clone", errno.EPERM, _Argument(0, _COMPARE_MASKED, CLONE_NEWUSER, CLONE_NEWUSER))
    )
    rules += [
        ("socket", errno.EAFNOSUPPORT, _Argument(0, _COMPARE_EQUAL, family, 0))
        for family in DENIED_SOCKET_FAMILIES
    ]
    return rules
