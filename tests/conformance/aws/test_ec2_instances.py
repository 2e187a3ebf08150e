"""Instances through boto3: real containers that run user data, states, filters, errors.

Expectations are those of the EC2 API reference at each operation, and of botocore's waiters.
"""

from __future__ import annotations

import base64
import gzip
import time
import uuid
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

HOST_IMAGE = "ami-00000000000005057"
WAIT_LIMIT_S = 90.0
FAST = {"Delay": 1, "MaxAttempts": 90}


@pytest.fixture(scope="module", autouse=True)
def _all_ended(volano):
    """Leave nothing running on this machine."""
    yield
    ec2 = volano.client("ec2")
    live = [
        {
            "Name": "instance-state-name",
            "Values": ["pending", "running", "stopping", "stopped", "shutting-down"],
        }
    ]
    deadline = time.monotonic() + WAIT_LIMIT_S
    while ec2.describe_instances(Filters=live)["Reservations"]:
        assert time.monotonic() < deadline, "instances of these tests do not end"
        time.sleep(0.1)


@pytest.fixture
def ec2(volano):
    return volano.client("ec2")


@pytest.fixture
def launch(ec2):
    """Launch instances that end with the test; returns their descriptions."""
    made: list[str] = []

    def run(count: int = 1, **more):
        wanted = {"ImageId": HOST_IMAGE, "InstanceType": "u1.nano"}
        wanted |= {"MinCount": count, "MaxCount": count} | more
        instances = ec2.run_instances(**wanted)["Instances"]
        made.extend(it["InstanceId"] for it in instances)
        return instances

    yield run
    if made:
        ec2.terminate_instances(InstanceIds=made)


def describe(ec2, instance_id: str) -> dict:
    (reservation,) = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"]
    return reservation["Instances"][0]


def wait_state(ec2, instance_id: str, state: str) -> dict:
    deadline = time.monotonic() + WAIT_LIMIT_S
    while True:
        it = describe(ec2, instance_id)
        if it["State"]["Name"] == state:
            return it
        assert time.monotonic() < deadline, (
            f"{instance_id} is {it['State']}: {it.get('StateReason')}"
        )
        time.sleep(0.05)


def console_with(ec2, instance_id: str, text: str) -> str:
    deadline = time.monotonic() + WAIT_LIMIT_S
    while True:
        said = ec2.get_console_output(InstanceId=instance_id).get("Output", "")
        if text in said:
            return said
        assert time.monotonic() < deadline, f"the console never said {text!r}: {said!r}"
        time.sleep(0.05)


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return error.value.response["Error"]["Code"]


def script(text: str) -> str:
    return f"#!/bin/sh\n{text}\n"


def test_life_of_an_instance(ec2, launch):
    """pending, running, stopping, stopped, pending, running, shutting-down, terminated."""
    (made,) = launch(UserData=script("echo first boot; hostname"))
    instance_id = made["InstanceId"]
    assert made["State"] == {"Code": 0, "Name": "pending"}
    assert len(instance_id) == 19
    ec2.get_waiter("instance_exists").wait(InstanceIds=[instance_id], WaiterConfig=FAST)
    ec2.get_waiter("instance_running").wait(InstanceIds=[instance_id], WaiterConfig=FAST)
    running = describe(ec2, instance_id)
    said = console_with(ec2, instance_id, "exit code 0")
    address = running["PrivateIpAddress"]
    assert "first boot" in said
    assert "ip-" + address.replace(".", "-") in said
    assert running["State"]["Code"] == 16
    assert "StateReason" not in running
    ec2.get_waiter("instance_status_ok").wait(InstanceIds=[instance_id], WaiterConfig=FAST)

    (change,) = ec2.stop_instances(InstanceIds=[instance_id])["StoppingInstances"]
    assert change["PreviousState"]["Name"] == "running"
    assert change["CurrentState"]["Name"] == "stopping"
    ec2.get_waiter("instance_stopped").wait(InstanceIds=[instance_id], WaiterConfig=FAST)
    stopped = describe(ec2, instance_id)
    assert stopped["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
    assert stopped["StateTransitionReason"].startswith("User initiated (")
    assert stopped["PrivateIpAddress"] == address

    (change,) = ec2.start_instances(InstanceIds=[instance_id])["StartingInstances"]
    assert (change["PreviousState"]["Name"], change["CurrentState"]["Name"]) == (
        "stopped",
        "pending",
    )
    again = wait_state(ec2, instance_id, "running")
    assert again["PrivateIpAddress"] == address
    assert "StateReason" not in again

    (change,) = ec2.terminate_instances(InstanceIds=[instance_id])["TerminatingInstances"]
    assert change["CurrentState"]["Name"] == "shutting-down"
    ec2.get_waiter("instance_terminated").wait(InstanceIds=[instance_id], WaiterConfig=FAST)
    gone = describe(ec2, instance_id)
    assert gone["State"] == {"Code": 48, "Name": "terminated"}
    assert "PrivateIpAddress" not in gone
    assert gone["NetworkInterfaces"] == []
    assert "first boot" in ec2.get_console_output(InstanceId=instance_id)["Output"]


def test_user_data_runs_once_and_the_disk_stays(ec2, launch):
    (made,) = launch(UserData=script("echo booted >> /root/boots; echo one boot"))
    instance_id = made["InstanceId"]
    console_with(ec2, instance_id, "one boot")
    wait_state(ec2, instance_id, "running")
    ec2.reboot_instances(InstanceIds=[instance_id])
    ec2.stop_instances(InstanceIds=[instance_id])
    wait_state(ec2, instance_id, "stopped")
    ec2.start_instances(InstanceIds=[instance_id])
    wait_state(ec2, instance_id, "running")
    assert console_with(ec2, instance_id, "one boot").count("one boot") == 1


def test_client_token_answers_the_first_launch(ec2, launch):
    token = uuid.uuid4().hex
    first = launch(2, ClientToken=token)
    second = launch(2, ClientToken=token)
    assert [it["InstanceId"] for it in first] == [it["InstanceId"] for it in second]
    with pytest.raises(ClientError) as error:
        launch(1, ClientToken=token)
    assert code_of(error) == "IdempotentParameterMismatch"


def test_dry_run_does_nothing(ec2, launch):
    before = len(ec2.describe_instances()["Reservations"])
    with pytest.raises(ClientError) as error:
        launch(DryRun=True)
    assert code_of(error) == "DryRunOperation"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    for call in (ec2.describe_instances, ec2.describe_vpcs, ec2.describe_images):
        with pytest.raises(ClientError) as error:
            call(DryRun=True)
        assert code_of(error) == "DryRunOperation"
    assert len(ec2.describe_instances()["Reservations"]) == before


def test_reservation_groups_its_instances(ec2, launch):
    made = launch(3)
    assert [it["AmiLaunchIndex"] for it in made] == [0, 1, 2]
    assert len({it["PrivateIpAddress"] for it in made}) == 3
    assert len({it["Placement"]["AvailabilityZone"] for it in made}) > 1
    found = ec2.describe_instances(InstanceIds=[it["InstanceId"] for it in made])["Reservations"]
    assert len(found) == 1
    assert len(found[0]["Instances"]) == 3


def test_zone_can_be_chosen(ec2, launch):
    for zone in ("eu-home-1b", "eu-home-1c"):
        (made,) = launch(Placement={"AvailabilityZone": zone})
        assert made["Placement"]["AvailabilityZone"] == zone
        (subnet,) = ec2.describe_subnets(SubnetIds=[made["SubnetId"]])["Subnets"]
        assert subnet["AvailabilityZone"] == zone


def test_too_much_at_once_changes_nothing(ec2, launch):
    before = len(ec2.describe_instances()["Reservations"])
    with pytest.raises(ClientError) as error:
        launch(100, InstanceType="m1.large")
    assert code_of(error) == "InsufficientInstanceCapacity"
    assert len(ec2.describe_instances()["Reservations"]) == before


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"ImageId": "ami-0123456789abcdef0"}, "InvalidAMIID.NotFound"),
        ({"ImageId": "debian"}, "InvalidAMIID.Malformed"),
        ({"InstanceType": "x99.huge"}, "InvalidParameterValue"),
        ({"MinCount": 0}, "InvalidParameterValue"),
        ({"MinCount": 3, "MaxCount": 2}, "InvalidParameterValue"),
        ({"MaxCount": 101}, "InvalidParameterValue"),
        ({"KeyName": "no-such-key"}, "InvalidKeyPair.NotFound"),
        ({"SubnetId": "subnet-0123456789abcdef0"}, "InvalidSubnetID.NotFound"),
        ({"SecurityGroupIds": ["sg-0123456789abcdef0"]}, "InvalidGroup.NotFound"),
        ({"Placement": {"AvailabilityZone": "eu-home-1f"}}, "InvalidParameterValue"),
        ({"IamInstanceProfile": {"Name": "no-such-profile"}}, "InvalidParameterValue"),
        ({"UserData": "#!/bin/sh\n" + "x" * 16384}, "InvalidParameterValue"),
        ({"UserData": b"#!/bin/sh\n\xff\xfe"}, "InvalidUserData.Malformed"),
        ({"UserData": b"\x1f\x8bnot gzip"}, "InvalidUserData.Malformed"),
        ({"PrivateIpAddress": "10.9.9.9"}, "InvalidParameterValue"),
        ({"LaunchTemplate": {"LaunchTemplateName": "x"}}, "UnsupportedOperation"),
        ({"BlockDeviceMappings": [{"DeviceName": "/dev/sdb"}]}, "UnsupportedOperation"),
        ({"TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "aws:x", "Value": "1"}]}]}, "InvalidParameterValue"),
    ],
)  # fmt: skip
def test_wrong_launches_are_refused(ec2, launch, wrong, code):
    before = len(ec2.describe_instances()["Reservations"])
    with pytest.raises(ClientError) as error:
        launch(**wrong)
    assert code_of(error) == code
    assert len(ec2.describe_instances()["Reservations"]) == before


def test_user_data_that_is_no_script_is_kept_and_named(ec2, launch):
    (made,) = launch(UserData="#cloud-config\npackages: [nginx]\n")
    said = console_with(ec2, made["InstanceId"], "volano:")
    assert "#cloud-config is not supported" in said
    kept = ec2.describe_instance_attribute(InstanceId=made["InstanceId"], Attribute="userData")
    assert base64.b64decode(kept["UserData"]["Value"]).startswith(b"#cloud-config")


def test_user_data_in_gzip_runs(ec2, launch):
    packed = gzip.compress(script("echo unpacked " + "-" * 20).encode())
    (made,) = launch(UserData=packed)
    console_with(ec2, made["InstanceId"], "unpacked ----")


def test_transitions_that_ec2_refuses(ec2, launch):
    (made,) = launch()
    instance_id = made["InstanceId"]
    wait_state(ec2, instance_id, "running")
    assert (
        ec2.start_instances(InstanceIds=[instance_id])["StartingInstances"][0]["CurrentState"][
            "Name"
        ]
        == "running"
    )
    ec2.terminate_instances(InstanceIds=[instance_id])
    wait_state(ec2, instance_id, "terminated")
    for change in (ec2.start_instances, ec2.stop_instances, ec2.reboot_instances):
        with pytest.raises(ClientError) as error:
            change(InstanceIds=[instance_id])
        assert code_of(error) == "IncorrectInstanceState"
    (again,) = ec2.terminate_instances(InstanceIds=[instance_id])["TerminatingInstances"]
    assert again["CurrentState"]["Name"] == "terminated"


def test_unknown_ids_are_all_or_nothing(ec2, launch):
    (made,) = launch()
    unknown = "i-0123456789abcdef0"
    ids = [made["InstanceId"], unknown]
    for call in (
        ec2.describe_instances,
        ec2.stop_instances,
        ec2.terminate_instances,
        ec2.describe_instance_status,
    ):
        with pytest.raises(ClientError) as error:
            call(InstanceIds=ids)
        assert code_of(error) == "InvalidInstanceID.NotFound"
    with pytest.raises(ClientError) as error:
        ec2.describe_instances(InstanceIds=["web-1"])
    assert code_of(error) == "InvalidInstanceID.Malformed"
    assert wait_state(ec2, made["InstanceId"], "running")


@pytest.mark.parametrize("verb", ["start", "stop", "reboot", "terminate"])
def test_no_ids_are_no_instances(ec2, verb):
    with pytest.raises(ClientError) as refused:
        getattr(ec2, f"{verb}_instances")(InstanceIds=[])
    assert refused.value.response["Error"] == {
        "Code": "InvalidParameterCombination",
        "Message": "No instances specified",
    }


def test_tags_of_nothing_name_the_missing_set(ec2):
    with pytest.raises(ClientError) as refused:
        ec2.create_tags(Resources=[], Tags=[{"Key": "a", "Value": "b"}])
    assert refused.value.response["Error"] == {
        "Code": "MissingParameter",
        "Message": "The request must contain the parameter resourceIdSet",
    }


def test_filters_and_wildcards(ec2, launch):
    mark = uuid.uuid4().hex
    named = [
        {
            "ResourceType": "instance",
            "Tags": [{"Key": "Name", "Value": f"web-{mark}"}, {"Key": "run", "Value": mark}],
        }
    ]
    (web,) = launch(TagSpecifications=named, Placement={"AvailabilityZone": "eu-home-1b"})
    (other,) = launch(
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "run", "Value": mark}]}]
    )

    def found(**filters: list[str]) -> set[str]:
        given = [
            {"Name": name.replace("__", ":"), "Values": values} for name, values in filters.items()
        ]
        given.append({"Name": "tag:run", "Values": [mark]})
        pages = ec2.describe_instances(Filters=given)["Reservations"]
        return {it["InstanceId"] for page in pages for it in page["Instances"]}

    assert found() == {web["InstanceId"], other["InstanceId"]}
    assert found(tag__Name=["web-*"]) == {web["InstanceId"]}
    assert found(tag__Name=[f"we?-{mark}"]) == {web["InstanceId"]}
    assert found(tag__Name=["web"]) == set()
    assert found(**{"tag-key": ["Name"]}) == {web["InstanceId"]}
    assert found(**{"instance-state-name": ["pending", "running"]}) == {
        web["InstanceId"],
        other["InstanceId"],
    }
    assert found(**{"instance-state-name": ["stopped"]}) == set()
    assert web["InstanceId"] in found(**{"availability-zone": ["*1b"]})
    assert found(**{"private-ip-address": [web["PrivateIpAddress"]]}) == {web["InstanceId"]}
    with pytest.raises(ClientError) as error:
        found(**{"no-such-filter": ["x"]})
    assert code_of(error) == "InvalidParameterValue"


def test_paging(ec2, launch):
    mark = uuid.uuid4().hex
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "run", "Value": mark}]}]
    made = {launch(TagSpecifications=tags)[0]["InstanceId"] for _ in range(3)}
    pages = ec2.get_paginator("describe_instances").paginate(
        Filters=[{"Name": "tag:run", "Values": [mark]}], PaginationConfig={"PageSize": 1}
    )
    seen = [
        it["InstanceId"] for page in pages for r in page["Reservations"] for it in r["Instances"]
    ]
    assert len(seen) == 3
    assert set(seen) == made
    with pytest.raises(ClientError) as error:
        ec2.describe_instances(NextToken="???")
    assert code_of(error) == "InvalidNextToken"


def test_instances_share_a_network(ec2, launch):
    serve = "mkdir /srv2; cd /srv2; echo hello from the first > index.html; exec python3 -m http.server 8000"
    (first,) = launch(UserData=script(serve))
    fetch = f"for i in $(seq 100); do curl -s http://{first['PrivateIpAddress']}:8000/ && break; sleep 0.1; done"
    (second,) = launch(UserData=script(fetch), Placement={"AvailabilityZone": "eu-home-1c"})
    console_with(ec2, second["InstanceId"], "hello from the first")


def read_limits(instance_id: str) -> dict[str, int]:
    """What the control groups of an instance say, on version 1 and version 2 hosts alike."""
    (folder, *more) = Path("/sys/fs/cgroup").glob(f"**/volano/*/{instance_id}")
    values = {}
    for place in (folder, *more):
        for file in place.iterdir():
            if file.name in {
                "cpu.cfs_quota_us",
                "cpu.cfs_period_us",
                "cpu.shares",
                "memory.limit_in_bytes",
                "memory.max",
                "pids.max",
                "cpu.weight",
            }:
                values[file.name] = int(file.read_text())
            elif file.name == "cpu.max":
                values["cpu.cfs_quota_us"], values["cpu.cfs_period_us"] = map(
                    int, file.read_text().split()
                )
    return values


def test_limits_are_those_of_the_type(volano, ec2, launch):
    """An economy type is guaranteed half of the cores that it may use; others all of them."""
    if not volano.rest("GET", "/compute/catalog")[1]["runtime"]["limits"]:
        return  # sandboxed processes have none, and the catalog says so
    economy = launch(InstanceType="u1.small")[0]["InstanceId"]
    general = launch(InstanceType="g1.small")[0]["InstanceId"]
    wait_state(ec2, economy, "running")
    wait_state(ec2, general, "running")
    cheap, full = read_limits(economy), read_limits(general)
    for limits in (cheap, full):
        assert limits["cpu.cfs_quota_us"] == limits["cpu.cfs_period_us"]
        assert limits.get("memory.limit_in_bytes", limits.get("memory.max")) == 2 * 1024**3
    share = "cpu.shares" if "cpu.shares" in full else "cpu.weight"
    assert 1.8 <= full[share] / cheap[share] <= 2.2


def test_status_of_stopped_instances_only_when_asked(ec2, launch):
    (made,) = launch()
    instance_id = made["InstanceId"]
    wait_state(ec2, instance_id, "running")
    ec2.stop_instances(InstanceIds=[instance_id])
    wait_state(ec2, instance_id, "stopped")
    assert ec2.describe_instance_status(InstanceIds=[instance_id])["InstanceStatuses"] == []
    (status,) = ec2.describe_instance_status(InstanceIds=[instance_id], IncludeAllInstances=True)[
        "InstanceStatuses"
    ]
    assert status["InstanceStatus"]["Status"] == "not-applicable"
    assert status["InstanceState"]["Name"] == "stopped"


def test_launch_over_rest_is_the_same_instance(volano, ec2):
    status, made = volano.rest(
        "POST",
        "/instances",
        {
            "name": "from-rest",
            "type": "u1.nano",
            "image": HOST_IMAGE,
            "user_data": script("echo by rest"),
        },
    )
    assert status == 200
    (item,) = made["items"]
    try:
        assert "by rest" in console_with(ec2, item["id"], "by rest")
        status, shown = volano.rest("GET", f"/instances/{item['id']}")
        assert (status, shown["name"]) == (200, "from-rest")
        status, output = volano.rest("GET", f"/instances/{item['id']}/console")
        assert "by rest" in output["output"]
    finally:
        status, ended = volano.rest("DELETE", f"/instances/{item['id']}")
    assert ended["state"] == "shutting-down"
    wait_state(ec2, item["id"], "terminated")


def test_catalog_tells_prices_and_images(volano):
    status, catalog = volano.rest("GET", "/compute/catalog")
    assert status == 200
    assert {kind["family"] for kind in catalog["types"]} == {
        "general",
        "compute",
        "memory",
        "economy",
    }
    assert all(kind["price_per_hour"] for kind in catalog["types"])
    ready = {image["name"]: image["prepared"] for image in catalog["images"]}
    assert ready["host"] is True
    assert volano.rest("POST", "/compute/images/host/prepare")[1]["prepared"] is True
    assert volano.rest("POST", "/compute/images/nonsense/prepare")[0] == 400
