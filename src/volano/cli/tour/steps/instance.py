"""Step instance: a machine of the economy family reads the CSV from S3 and writes a report back.

The machine has no key of ours, only its role. The figures it reports are compared to the cent with
figures computed here by other code, and it must have been refused what its role does not allow.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from volano.cli.tour.outcome import Note, StepFailed, require
from volano.cli.tour.sales import differences
from volano.cli.tour.steps.roles import make_instance_profile
from volano.cli.tour.waiting import poll

if TYPE_CHECKING:
    from volano.cli.tour.day import Day

REPORTS = "reports"
ECONOMY = re.compile(r"u\d[a-z]*\.\w+")
WAIT_EVERY_S = 1
CONSOLE_LINES_SHOWN = 8
ROLE_TRIES_S = 20.0


def run(day: Day) -> Note:
    """Launch, wait for the report, compare, show the console, stop."""
    day.say("choose a zone, a type and an image")
    zone, kind, image = _zone(day), day.instance_type or _cheapest_type(day), _image(day)
    day.used_type = kind
    day.say("create role and instance profile")
    profile = make_instance_profile(day, REPORTS)
    instance_id = _launch(day, zone=zone, kind=kind, image=image, profile=profile)
    day.say(f"{instance_id} is starting in {zone}")
    waiter = day.clients.ec2.get_waiter("instance_running")
    tries = int(day.timeout_s / WAIT_EVERY_S)
    waiter.wait(
        InstanceIds=[instance_id], WaiterConfig={"Delay": WAIT_EVERY_S, "MaxAttempts": tries}
    )
    found = _describe(day, instance_id)["Placement"]["AvailabilityZone"]
    require(
        found == zone, expected=f"{instance_id} in zone {zone}", got=found, todo="see volano doctor"
    )
    report = _wait_for_report(day, instance_id)
    _check_report(day, report)
    console = _wait_for_console(day, instance_id)
    state = "running" if day.keep_running else _stop(day, instance_id)
    where = f"{instance_id} ({kind}, {zone})"
    return Note(
        summary=f"{where}: {report['orders']} orders, {day.sales.gross} to the cent",
        lines=(*console.splitlines()[-CONSOLE_LINES_SHOWN:], f"the instance is now {state}"),
        facts={"instance_id": instance_id, "type": kind, "zone": zone, "report": report},
    )


def _zone(day: Day) -> str:
    """The second zone of the region, or the only one."""
    zones = day.clients.ec2.describe_availability_zones()["AvailabilityZones"]
    names = sorted(zone["ZoneName"] for zone in zones if zone["State"] == "available")
    require(bool(names), expected="an available zone", got=zones, todo="volano zone restore b")
    return str(names[min(1, len(names) - 1)])


def _cheapest_type(day: Day) -> str:
    """The smallest type of the economy family, by memory and processors."""
    pages = day.clients.ec2.get_paginator("describe_instance_types").paginate()
    types = [kind for page in pages for kind in page["InstanceTypes"]]
    economy = [kind for kind in types if ECONOMY.fullmatch(kind["InstanceType"])]
    require(
        bool(economy),
        expected="an instance type of the economy family (u…)",
        got=sorted(kind["InstanceType"] for kind in types)[:20],
        todo="name another type with --instance-type",
    )
    smallest = min(economy, key=_size)
    return str(smallest["InstanceType"])


def _size(kind: dict[str, Any]) -> tuple[int, int]:
    return kind["MemoryInfo"]["SizeInMiB"], kind["VCpuInfo"]["DefaultVCpus"]


def _image(day: Day) -> str:
    """An image with Debian in its name, else the first one that is available."""
    images = day.clients.ec2.describe_images(Owners=["self", "amazon"])["Images"]
    ready = [image for image in images if image.get("State", "available") == "available"]
    debian = [image for image in ready if "debian" in image.get("Name", "").lower()]
    require(bool(ready), expected="an image to start from", got="none", todo="see volano doctor")
    return str((debian or ready)[0]["ImageId"])


def _launch(day: Day, *, zone: str, kind: str, image: str, profile: str) -> str:
    settings = {
        "catalogue": day.catalogue_bucket,
        "office": day.office_bucket,
        "region": day.clients.region,
        "reports": REPORTS,
    }
    job = day.shop.job.replace("\nSETTINGS = {}", f"\nSETTINGS = {settings!r}", 1)
    tags = [
        {"Key": "Name", "Value": f"sales-report-{day.suffix}"},
        {"Key": "made-by", "Value": "volano tour"},
    ]
    order = {
        "ImageId": image,
        "InstanceType": kind,
        "MinCount": 1,
        "MaxCount": 1,
        "Placement": {"AvailabilityZone": zone},
        "IamInstanceProfile": {"Name": profile},
        "UserData": job,
        "ClientToken": f"tour-{day.suffix}",
        "TagSpecifications": [{"ResourceType": "instance", "Tags": tags}],
    }
    day.say(f"run {kind} in {zone}")
    instance_id = poll(lambda: _try_run(day, order), timeout_s=ROLE_TRIES_S, every_s=1.0)
    if instance_id is None:
        raise StepFailed(
            expected=f"RunInstances to accept the instance profile {profile}",
            got=f"InvalidParameterValue for {ROLE_TRIES_S:.0f} s",
            todo="look at the profile with: aws iam get-instance-profile",
        )
    return instance_id


def _try_run(day: Day, order: dict[str, object]) -> str | None:
    """The new instance, or None while a fresh profile is not known everywhere yet."""
    try:
        answer = day.clients.ec2.run_instances(**order)
    except ClientError as error:
        if error.response["Error"]["Code"] == "InvalidParameterValue" and "rofile" in str(error):
            return None
        raise
    instance_id = str(answer["Instances"][0]["InstanceId"])
    ids = [instance_id]
    day.remember(
        "instance", instance_id, lambda: day.clients.ec2.terminate_instances(InstanceIds=ids)
    )
    return instance_id


def _describe(day: Day, instance_id: str) -> dict[str, Any]:
    answer = day.clients.ec2.describe_instances(InstanceIds=[instance_id])
    instance: dict[str, Any] = answer["Reservations"][0]["Instances"][0]
    return instance


def _wait_for_report(day: Day, instance_id: str) -> dict[str, Any]:
    day.say(f"{instance_id} runs; waiting for {REPORTS}/sales.json")
    body = poll(lambda: _read_report(day, instance_id), timeout_s=day.timeout_s)
    if body is None:
        raise StepFailed(
            expected=f"s3://{day.office_bucket}/{REPORTS}/sales.json within {day.timeout_s:.0f} s",
            got=f"nothing; the console says:\n{_console(day, instance_id)[-1500:] or '(nothing)'}",
            todo="read the console output; the instance reaches S3 by its AWS_ENDPOINT_URL",
        )
    report: dict[str, Any] = json.loads(body)
    return report


def _read_report(day: Day, instance_id: str) -> bytes | None:
    try:
        answer = day.clients.s3.get_object(Bucket=day.office_bucket, Key=f"{REPORTS}/sales.json")
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
    else:
        return bytes(answer["Body"].read())
    if "failed: " in _console(day, instance_id):
        raise StepFailed(
            expected="the report job to finish",
            got=_console(day, instance_id)[-1500:],
            todo="the last line of the console says why the job failed",
        )
    return None


def _check_report(day: Day, report: dict[str, Any]) -> None:
    different = differences(day.sales, report)
    require(
        not different,
        expected="the instance's figures to equal those computed here",
        got="; ".join(different),
        todo="compare reports/sales.json with orders.csv",
    )
    require(
        report.get("forbidden_write_status") == 403,
        expected="status 403 when the instance writes where its role may not",
        got=report.get("forbidden_write_status"),
        todo="the server does not enforce the role's policy",
    )
    page = day.clients.s3.get_object(Bucket=day.office_bucket, Key=f"{REPORTS}/sales.md")
    text = page["Body"].read().decode()
    require(
        f"| {day.sales.totals['gross'] / 100:.2f} |" in text,
        expected="the gross sales in reports/sales.md",
        got=text[:300],
        todo="look at reports/sales.md in the console",
    )


def _console(day: Day, instance_id: str) -> str:
    return str(day.clients.ec2.get_console_output(InstanceId=instance_id).get("Output") or "")


def _wait_for_console(day: Day, instance_id: str) -> str:
    """The console output once it contains the job's last line."""
    day.say("console output")

    def look() -> str | None:
        text = _console(day, instance_id)
        return text if "sales-report: done" in text else None

    text = poll(look, timeout_s=20)
    require(
        text is not None,
        expected="GetConsoleOutput with the job's line 'sales-report: done'",
        got=_console(day, instance_id)[-600:] or "(nothing)",
        todo="the report arrived, so only the console log is behind",
    )
    return text or ""


def _stop(day: Day, instance_id: str) -> str:
    day.say(f"stop {instance_id}")
    day.clients.ec2.stop_instances(InstanceIds=[instance_id])
    day.clients.ec2.get_waiter("instance_stopped").wait(
        InstanceIds=[instance_id], WaiterConfig={"Delay": WAIT_EVERY_S, "MaxAttempts": 90}
    )
    return "stopped"
