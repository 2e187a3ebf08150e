"""How long from RunInstances to user code, and how that compares to a bare `crun run`.

Starts a Volano on an empty folder, launches instances of the image `host` one after the other and
reads from each console when its user data began. The parts: until the answer of the API, from
there until user code, until DescribeInstances says running. The same machine then runs `crun`
directly (or `runc`) with the configuration of the last instance, without network and shim, which
is the floor. Run as root: `python bench/instance_start.py [--count 20]`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.conftest import start_volano

HOST_IMAGE = "ami-00000000000005057"
USER_DATA = "#!/bin/sh\ndate +%s.%N\n"
UNIFIED = "/sys/fs/cgroup/unified"  # crun refuses a hybrid host while it is mounted
LIMIT_S = 60.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20)
    count = parser.parse_args().count
    folder = Path(tempfile.mkdtemp(prefix="volano-bench-"))
    server = start_volano(folder)
    try:
        runtime = server.rest("GET", "/compute/catalog")[1]["runtime"]
        ec2 = server.client("ec2")
        launch(ec2)  # makes the network, as the first launch of an account does
        times = [launch(ec2) for _ in range(count)]
        report(times, runtime)
        floor = bare_runs(server.data_dir / "runtime", runtime["engine"], count)
        if floor:
            user_code = statistics.median(t["user code"] for t in times)
            show(f"bare {runtime['engine']} run to its end", floor)
            print(f"  ratio of the medians             {user_code / statistics.median(floor):8.1f}")
        end_all(ec2)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def launch(ec2) -> dict[str, float]:
    """The moments of one launch, in seconds after its request was sent."""
    began = time.time()
    (it,) = ec2.run_instances(
        ImageId=HOST_IMAGE, InstanceType="u1.nano", MinCount=1, MaxCount=1, UserData=USER_DATA
    )["Instances"]
    answered = time.time() - began
    instance_id = it["InstanceId"]
    deadline = time.monotonic() + LIMIT_S
    while state_of(ec2, instance_id) != "running":
        assert time.monotonic() < deadline, "the instance does not start"
        time.sleep(0.01)
    running = time.time() - began
    while not (said := ec2.get_console_output(InstanceId=instance_id).get("Output", "").strip()):
        assert time.monotonic() < deadline, "the instance says nothing"
        time.sleep(0.01)
    user_code = float(said.split()[0]) - began
    ec2.terminate_instances(InstanceIds=[instance_id])
    return {
        "answer": answered,
        "answer to user code": user_code - answered,
        "user code": user_code,
        "shown as running": running,
    }


def state_of(ec2, instance_id: str) -> str:
    (reservation,) = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"]
    return str(reservation["Instances"][0]["State"]["Name"])


def bare_runs(state: Path, engine: str, count: int) -> list[float]:
    """The floor: the engine alone with namespaces, limits and filter, on the host's files."""
    program = shutil.which(engine)
    bundles = sorted(state.glob("instances/*/bundle/config.json"))
    if program is None or not bundles:
        return []
    config = json.loads(bundles[-1].read_text())
    config["process"]["args"] = ["/bin/sh", "-c", ":"]
    config["process"]["terminal"] = False
    times = []
    with tempfile.TemporaryDirectory() as place:
        bundle = Path(place)
        (bundle / "root").mkdir()
        subprocess.run(["mount", "--bind", "-o", "ro", "/", bundle / "root"], check=True)
        config["root"] = {"path": str(bundle / "root"), "readonly": True}
        config["mounts"] = [m for m in config["mounts"] if m["destination"] in {"/proc", "/dev"}]
        config["linux"].pop("cgroupsPath", None)
        kept = [n for n in config["linux"]["namespaces"] if n["type"] not in {"user", "cgroup"}]
        config["linux"]["namespaces"] = kept
        for name in ("uidMappings", "gidMappings"):
            config["linux"].pop(name, None)
        (bundle / "config.json").write_text(json.dumps(config))
        try:
            for index in range(count):
                command = f"umount {UNIFIED} 2>/dev/null; exec {program} run -b {place} b{index}"
                argv = ["unshare", "--mount", "sh", "-c", command]
                began = time.time()
                done = subprocess.run(argv, capture_output=True, check=False)
                times.append(time.time() - began)
                assert done.returncode == 0, done.stderr.decode()
        finally:
            subprocess.run(["umount", bundle / "root"], check=True)
    return times


def report(times: list[dict[str, float]], runtime: dict) -> None:
    how = f"{runtime['kind']} by {runtime['engine']}"
    print(f"instance start, image host, {how}, {len(times)} launches")
    for name in times[0]:
        show(name, [t[name] for t in times])


def show(name: str, seconds: list[float]) -> None:
    ordered = sorted(seconds)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    print(f"  {name:32} p50 {statistics.median(ordered) * 1000:7.1f} ms   p95 {p95 * 1000:7.1f} ms")


def end_all(ec2) -> None:
    live = [{"Name": "instance-state-name", "Values": ["pending", "running", "shutting-down"]}]
    deadline = time.monotonic() + LIMIT_S
    while ec2.describe_instances(Filters=live)["Reservations"]:
        assert time.monotonic() < deadline, "the instances do not end"
        time.sleep(0.1)


if __name__ == "__main__":
    main()
