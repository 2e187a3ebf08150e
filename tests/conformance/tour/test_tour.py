"""The main job: a separate process takes the shop through a day on a running Volano."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
# The first instance of a machine may have to wait until the image's root file system is built.
LONGEST_S = 1200

pytestmark = pytest.mark.timeout(LONGEST_S + 60)


def tour(volano, tmp_path: Path, *arguments: str) -> tuple[subprocess.CompletedProcess[str], dict]:
    result = tmp_path / "result.json"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "volano",
            "tour",
            "--json",
            str(result),
            *arguments,
            "--timeout",
            "900",
            "--data",
            str(volano.data_dir),
        ],
        env=volano.environment | volano.credentials | {"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_S,
    )
    return done, json.loads(result.read_text()) if result.exists() else {}


def test_the_tour_exits_0_and_what_it_made_stays_visible(volano_sqlite, tmp_path):
    done, result = tour(volano_sqlite, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [step["state"] for step in result["steps"]] == ["ok"] * 8
    suffix = result["suffix"]
    buckets = volano_sqlite.client("s3").list_buckets()["Buckets"]
    assert {f"tour-{suffix}-catalogue", f"tour-{suffix}-office"} <= {b["Name"] for b in buckets}
    instance_id = result["steps"][3]["facts"]["instance_id"]
    found = volano_sqlite.client("ec2").describe_instances(InstanceIds=[instance_id])
    assert found["Reservations"][0]["Instances"][0]["State"]["Name"] == "stopped"
    channels = volano_sqlite.slack().conversations_list(limit=1000)["channels"]
    assert f"daily-report-{suffix}" in {channel["name"] for channel in channels}


def test_a_second_tour_works_beside_the_first_and_cleans_up(volano_sqlite, tmp_path):
    chosen = ("--only", "instance", "--only", "presign", "--cleanup")
    done, result = tour(volano_sqlite, tmp_path, *chosen)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "could not remove" not in done.stdout
    buckets = volano_sqlite.client("s3").list_buckets()["Buckets"]
    assert not [b["Name"] for b in buckets if result["suffix"] in b["Name"]]
    roles = volano_sqlite.client("iam").list_roles()["Roles"]
    assert not [role["RoleName"] for role in roles if result["suffix"] in role["RoleName"]]


def test_a_users_own_shop_is_answered_from_its_own_files(volano_sqlite, tmp_path):
    own = tmp_path / "own"
    (own / "policies").mkdir(parents=True)
    (own / "products.csv").write_text(
        "URL handle,Title,Type,SKU,Price\nlamp,Desk lamp,Lamps,L-1,49.00\n"
    )
    (own / "orders.csv").write_text(
        "Name,Created at,Currency,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,"
        "Discount Amount,Refunded Amount,Shipping,Cancelled at\n"
        "#1,2026-10-01 10:00:00 +0000,GBP,1,Desk lamp,49.00,L-1,0.00,0.00,4.00,\n"
    )
    (own / "policies" / "delivery.md").write_text(
        "# Delivery\n\nDelivery to your door takes three working days.\n"
        "We collect broken lamps for free.\n"
    )
    done, result = tour(volano_sqlite, tmp_path, "--input", str(own), "--only", "answers")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Delivery to your door takes three working days. [policies/delivery.md:3" in done.stdout
    assert result["steps"][-1]["facts"]["sentences"] == 2
