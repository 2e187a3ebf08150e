"""Instances through crashes: nothing is forgotten, started twice or billed twice.

Real servers are killed with SIGKILL and started again on the same data; instances are real
workloads of this host, watched from outside by their state folders.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from tests.conftest import Volano, start_volano

HOST_IMAGE = "ami-00000000000005057"
WAIT_LIMIT_S = 90.0
TICKS = "#!/bin/sh\necho booted\nn=0\nwhile :; do n=$((n+1)); echo tick $n; sleep 0.1; done\n"


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def server(request, tmp_path_factory):
    """A server of this module's own, on each database; ends with nothing left running."""
    store = "sqlite"
    if request.param == "postgres":
        store = request.getfixturevalue("postgres").create_database()
    running = start_volano(tmp_path_factory.mktemp(f"faults-{request.param}"), store=store)
    yield running
    ec2 = running.client("ec2")
    live = [it["InstanceId"] for it in instances(ec2) if it["State"]["Name"] != "terminated"]
    if live:
        ec2.terminate_instances(InstanceIds=live)
    until(lambda: all(it["State"]["Name"] == "terminated" for it in instances(ec2)))
    running.stop()


def until(condition) -> None:
    deadline = time.monotonic() + WAIT_LIMIT_S
    while not condition():
        assert time.monotonic() < deadline, "the condition never held"
        time.sleep(0.05)


def instances(ec2, *ids: str) -> list[dict]:
    found = ec2.describe_instances(InstanceIds=list(ids))["Reservations"]
    return [it for reservation in found for it in reservation["Instances"]]


def launch(server: Volano, user_data: str = TICKS, **more) -> str:
    wanted = {"ImageId": HOST_IMAGE, "InstanceType": "u1.nano", "MinCount": 1, "MaxCount": 1}
    made = server.client("ec2").run_instances(**wanted | {"UserData": user_data} | more)
    return str(made["Instances"][0]["InstanceId"])


def state(server: Volano, instance_id: str) -> str:
    return str(instances(server.client("ec2"), instance_id)[0]["State"]["Name"])


def console(server: Volano, instance_id: str) -> str:
    return str(server.client("ec2").get_console_output(InstanceId=instance_id).get("Output", ""))


def last_tick(server: Volano, instance_id: str) -> int:
    ticks = [line for line in console(server, instance_id).splitlines() if line.startswith("tick ")]
    return int(ticks[-1].split()[1]) if ticks else 0


def folder(server: Volano, instance_id: str) -> Path:
    return server.data_dir / "runtime" / "instances" / instance_id


def process_id(server: Volano, instance_id: str) -> int:
    """The instance's first process, 0 when it does not run."""
    try:
        pid = json.loads((folder(server, instance_id) / "process.json").read_text())["pid"]
        os.kill(pid, 0)
    except (OSError, ValueError):
        return 0
    return int(pid)


@pytest.mark.parametrize("kill", [True, False], ids=["kill", "stop"])
def test_an_instance_outlives_volano(server, kill):
    instance_id = launch(server)
    until(lambda: last_tick(server, instance_id) > 3)
    until(lambda: state(server, instance_id) == "running")
    pid, ticks = process_id(server, instance_id), last_tick(server, instance_id)
    server.stop(kill=kill)
    assert process_id(server, instance_id) == pid
    server.restart()
    assert state(server, instance_id) == "running"
    until(lambda: last_tick(server, instance_id) > ticks + 3)
    assert process_id(server, instance_id) == pid
    assert console(server, instance_id).count("booted") <= 1
    server.client("ec2").stop_instances(InstanceIds=[instance_id])
    until(lambda: state(server, instance_id) == "stopped")
    assert process_id(server, instance_id) == 0
    server.client("ec2").terminate_instances(InstanceIds=[instance_id])


def test_metadata_answers_again_after_a_crash(server):
    ask = "curl -s -m 5 http://169.254.169.254/latest/meta-data/instance-id"
    instance_id = launch(server, f'#!/bin/sh\nwhile :; do echo "I am $({ask})"; sleep 0.2; done\n')
    said = f"I am {instance_id}"
    until(lambda: said in console(server, instance_id))
    server.restart(kill=True)
    before = console(server, instance_id).count(said)
    until(lambda: console(server, instance_id).count(said) > before + 3)
    server.client("ec2").terminate_instances(InstanceIds=[instance_id])


@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.05, 0.1])
def test_an_acknowledged_launch_runs_once(server, after_s):
    """Killed at several moments between the answer and user code."""
    instance_id = launch(
        server, "#!/bin/sh\necho booted >> /root/boots\ncat /root/boots\necho done\n"
    )
    time.sleep(after_s)
    server.restart(kill=True)
    until(lambda: state(server, instance_id) == "running")
    until(lambda: "done" in console(server, instance_id))
    assert console(server, instance_id).count("booted") == 1
    server.client("ec2").terminate_instances(InstanceIds=[instance_id])


@pytest.mark.parametrize("after_s", [0.0, 0.05])
def test_an_acknowledged_termination_is_done(server, after_s):
    instance_id = launch(server)
    until(lambda: last_tick(server, instance_id) > 0)
    until(lambda: state(server, instance_id) == "running")
    ec2 = server.client("ec2")
    address = instances(ec2, instance_id)[0]["PrivateIpAddress"]
    ec2.terminate_instances(InstanceIds=[instance_id])
    time.sleep(after_s)
    server.restart(kill=True)
    until(lambda: state(server, instance_id) == "terminated")
    assert not folder(server, instance_id).exists()
    assert "tick" in console(server, instance_id)
    (subnet,) = {it["SubnetId"] for it in [ec2.run_instances(
        ImageId=HOST_IMAGE, InstanceType="u1.nano", MinCount=1, MaxCount=1, PrivateIpAddress=address,
        SubnetId=subnet_of(ec2, address))["Instances"][0]]}  # fmt: skip
    assert subnet


def subnet_of(ec2, address: str) -> str:
    third = int(address.split(".")[2])
    for subnet in ec2.describe_subnets()["Subnets"]:
        start = int(subnet["CidrBlock"].split(".")[2])
        if start <= third < start + 16:
            return str(subnet["SubnetId"])
    raise AssertionError(address)


def test_a_failed_zone_stops_and_comes_back(server):
    ec2 = server.client("ec2")
    instance_id = launch(server, Placement={"AvailabilityZone": "eu-home-1b"})
    until(lambda: last_tick(server, instance_id) > 0)
    until(lambda: state(server, instance_id) == "running")
    pid, address = (
        process_id(server, instance_id),
        instances(ec2, instance_id)[0]["PrivateIpAddress"],
    )
    assert server.rest("POST", "/zones/b/fail", {})[0] == 200
    until(lambda: process_id(server, instance_id) == 0)
    (status,) = ec2.describe_instance_status(InstanceIds=[instance_id])["InstanceStatuses"]
    assert status["InstanceStatus"]["Status"] == "impaired"
    with pytest.raises(ec2.exceptions.ClientError) as error:
        launch(server, Placement={"AvailabilityZone": "eu-home-1b"})
    assert error.value.response["Error"]["Code"] == "InsufficientInstanceCapacity"
    server.restart(kill=True)
    assert process_id(server, instance_id) == 0
    assert server.rest("POST", "/zones/b/restore", {})[0] == 200
    until(lambda: process_id(server, instance_id) not in (0, pid))
    until(lambda: status_of(ec2, instance_id) == "ok")
    assert instances(ec2, instance_id)[0]["PrivateIpAddress"] == address
    ec2.terminate_instances(InstanceIds=[instance_id])


def status_of(ec2, instance_id: str) -> str:
    found = ec2.describe_instance_status(InstanceIds=[instance_id])["InstanceStatuses"]
    return str(found[0]["InstanceStatus"]["Status"]) if found else ""


def test_a_killed_first_process_is_shown_with_its_reason(server):
    ec2 = server.client("ec2")
    instance_id = launch(server)
    until(lambda: state(server, instance_id) == "running")
    os.kill(process_id(server, instance_id), 9)
    until(lambda: state(server, instance_id) == "stopped")
    assert "ended with 137" in instances(ec2, instance_id)[0]["StateReason"]["Message"]
    ec2.start_instances(InstanceIds=[instance_id])
    until(lambda: state(server, instance_id) == "running")
    ec2.terminate_instances(InstanceIds=[instance_id])


def test_an_instance_that_cannot_start_says_why(tmp_path):
    server = start_volano(tmp_path)
    try:
        assert server.rest("GET", "/compute/catalog")[0] == 200  # the runtime is chosen
        broken = server.data_dir / "runtime" / "networks"
        broken.rmdir()
        broken.write_text("a file where the runtime needs a folder")
        ec2 = server.client("ec2")
        instance_id = launch(server)
        until(lambda: state(server, instance_id) == "terminated")
        (it,) = instances(ec2, instance_id)
        assert it["StateReason"]["Code"] == "Server.InternalError"
        assert it["StateReason"]["Message"].startswith("Server.InternalError: ")
        broken.unlink()
        broken.mkdir()
        again = launch(server, "#!/bin/sh\necho works again\n")
        until(lambda: "works again" in console(server, again))
        ec2.terminate_instances(InstanceIds=[again])
        until(lambda: state(server, again) == "terminated")
    finally:
        server.stop()


def test_fewer_zones_leave_no_instance_behind(tmp_path):
    """An instance of a zone that the region has no longer runs on and can be ended."""
    server = start_volano(tmp_path)
    try:
        instance_id = launch(server, Placement={"AvailabilityZone": "eu-home-1c"})
        until(lambda: last_tick(server, instance_id) > 0)
        until(lambda: state(server, instance_id) == "running")
        server.stop()
        server.environment["VOLANO_ZONES"] = "2"
        server.restart()
        ticks = last_tick(server, instance_id)
        until(lambda: last_tick(server, instance_id) > ticks)
        server.client("ec2").terminate_instances(InstanceIds=[instance_id])
        until(lambda: state(server, instance_id) == "terminated")
        server.stop()
        server.environment["VOLANO_ZONES"] = "5"
        server.restart()
        subnets = server.client("ec2").describe_subnets()["Subnets"]
        assert {subnet["AvailabilityZone"][-1] for subnet in subnets} == set("abcde")
        assert len({subnet["CidrBlock"] for subnet in subnets}) == 5
    finally:
        server.stop()


def test_reset_of_test_mode_ends_what_ran(tmp_path):
    server = start_volano(tmp_path, test_mode="1")
    try:
        instance_id = launch(server)
        until(lambda: last_tick(server, instance_id) > 0)
        reset(server)
        assert instances(server.client("ec2")) == []
        until(lambda: not folder(server, instance_id).exists())
        assert launch(server) != instance_id
        reset(server)
        until(lambda: not any(folder(server, "x").parent.iterdir()))
    finally:
        server.stop()


def reset(server: Volano) -> None:
    import urllib.request

    request = urllib.request.Request(f"{server.aws_url}/moto-api/reset", method="POST")
    with urllib.request.urlopen(request, timeout=30) as reply:
        assert reply.status == 200
