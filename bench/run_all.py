"""`make bench`: every bench in turn, one table, and the figures as JSON in bench/results/.

Run: `python bench/run_all.py [--only NAME ...] [--folder FOLDER] [--quick]`. A bench whose program
is missing is named with how to install it, and the exit code is 1. Ratios, not rates, are what to
compare between machines; docs/reference/benchmarks.md says how each is measured.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from machine import ROOT, Figure, Missing, describe_machine, print_figures

FIGURES = (
    "http_json",
    "s3_small",
    "s3_big",
    "s3_list",
    "s3_many",
    "s3_ceph",
    "sockets",
    "footprint",
    "vectors",
)
"""Modules here with `figures(folder)`."""
REPORTS = ("instance_start", "bytes_put", "wire_aws", "identity_authorize")
"""Programs here that print their own tables."""
RESULTS = ROOT / "bench" / "results"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], choices=FIGURES + REPORTS)
    parser.add_argument("--folder", help="where the servers keep their data: the disk to measure")
    parser.add_argument("--quick", action="store_true", help="one round of each instead of three")
    asked = parser.parse_args()
    wanted = asked.only or FIGURES + REPORTS
    machine = describe_machine()
    print(json.dumps(machine))
    missing: list[str] = []
    figures: list[Figure] = []
    for name in FIGURES:
        if name in wanted:
            figures += run_figures(name, asked.folder, missing, quick=asked.quick)
    reports = {name: run_report(name) for name in REPORTS if name in wanted}
    print()
    print_figures(figures)
    path = write_results(machine, figures, reports)
    print(f"\nwritten to {path.relative_to(ROOT)}")
    for line in missing:
        print(f"NOT MEASURED: {line}")
    return 1 if missing else 0


def run_figures(name: str, folder: str | None, missing: list[str], *, quick: bool) -> list[Figure]:
    print(f"== {name}", flush=True)
    module: Any = importlib.import_module(name)
    options = {"rounds": 1} if quick and "rounds" in module.figures.__kwdefaults__ else {}
    with tempfile.TemporaryDirectory(dir=folder, prefix="volano-bench-") as place:
        try:
            found: list[Figure] = module.figures(Path(place), **options)
        except Missing as error:
            missing.append(f"{name}: {error}")
            print(f"   NOT MEASURED: {error}")
            return []
    print_figures(found)
    return found


def run_report(name: str) -> str:
    print(f"== {name}", flush=True)
    done = subprocess.run(
        [sys.executable, str(ROOT / "bench" / f"{name}.py")],
        capture_output=True,
        text=True,
        check=False,
    )
    text = done.stdout if done.returncode == 0 else done.stdout + done.stderr[-2000:]
    print(text, flush=True)
    return text


def write_results(machine: dict[str, Any], figures: list[Figure], reports: dict[str, str]) -> Path:
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{re.sub('[^0-9]', '', time.strftime('%Y%m%d%H%M%S'))}.json"
    rows = [figure.row() for figure in figures]
    path.write_text(
        json.dumps({"machine": machine, "figures": rows, "reports": reports}, indent=1) + "\n"
    )
    return path


if __name__ == "__main__":
    sys.exit(main())
