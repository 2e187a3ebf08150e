"""The system call filter in both of its forms."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any, cast

from volano.backends.runtime import seccomp

if TYPE_CHECKING:
    from pathlib import Path


def test_oci_form_denies_new_user_namespaces_by_flag_and_clone3_as_absent() -> None:
    filters = cast("dict[str, Any]", seccomp.to_oci())
    rules = {name: rule for rule in filters["syscalls"] for name in rule["names"]}
    assert filters["defaultAction"] == "SCMP_ACT_ALLOW"
    assert rules["mount"]["errnoRet"] == errno.EPERM
    assert rules["clone3"]["errnoRet"] == errno.ENOSYS
    assert rules["clone"]["args"][0]["value"] == 0x10000000
    assert "read" not in rules


def test_bpf_form_is_whole_instructions(tmp_path: Path) -> None:
    program = tmp_path / "filter.bpf"
    if seccomp.write_bpf(program):
        size = program.stat().st_size
        assert size > 0
        assert size % 8 == 0
