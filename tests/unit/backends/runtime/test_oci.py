"""The numbers of a workload as the OCI engine gets them."""

from __future__ import annotations

from typing import Any

import pytest

from volano.backends.runtime import oci


def spec(workload: Any, *, user_namespace: bool = True) -> Any:
    around = oci.Surroundings(
        root="/r", binds=("/usr",), cgroups_path="/volano/t/i-1", user_namespace=user_namespace
    )
    return oci.to_spec(workload, around)


@pytest.mark.parametrize(
    ("cpu_millis", "shares_millis", "quota", "shares"),
    [(2000, 1000, 200_000, 1024), (100, 100, 10_000, 102), (1, 1, 1000, 2)],
)
def test_quota_and_shares_follow_the_millis(
    workload: Any, cpu_millis: int, shares_millis: int, quota: int, shares: int
) -> None:
    made = spec(workload(cpu_millis=cpu_millis, cpu_shares_millis=shares_millis))
    cpu = made["linux"]["resources"]["cpu"]
    assert (cpu["quota"], cpu["shares"]) == (quota, shares)


def test_folders_of_the_host_are_read_only(workload: Any) -> None:
    mounts = {mount["destination"]: mount["options"] for mount in spec(workload())["mounts"]}
    assert "ro" in mounts["/usr"]
    assert "ro" in mounts["/sys"]


def test_without_user_namespace_there_is_no_mapping(workload: Any) -> None:
    linux = spec(workload(), user_namespace=False)["linux"]
    assert {"type": "user"} not in linux["namespaces"]
    assert "uidMappings" not in linux
