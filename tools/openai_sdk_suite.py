"""Run the stock SDK's own generated tests against a running Volano, and say what they found.

    python tools/openai_sdk_suite.py --suite FOLDER [--markdown PAGE]

`--suite` is a checkout of openai/openai-python. Its tests/api_resources are written for a mock
server: they ask for objects that nobody made and send sample values. They prove routes and shapes;
what fails is grouped by its reason below, and a failure without a reason makes the exit status 1.
Where the server is comes from OPENAI_BASE_URL and OPENAI_API_KEY (test mode is of use: it has
aliases for no model, so this makes those that the tests name).
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

import httpx2

FILES = (
    "test_batches.py", "test_completions.py", "test_containers.py", "test_conversations.py",
    "test_embeddings.py", "test_files.py", "test_models.py", "test_moderations.py",
    "test_responses.py", "test_uploads.py", "test_vector_stores.py", "chat", "containers",
    "conversations", "responses", "uploads", "vector_stores",
)  # fmt: skip
TINY, EMBEDDER = "volano-tiny-qwen3", "all-minilm-l6-v2"
ALIASES = {
    "gpt-5.4": TINY, "gpt-5.1": TINY, "gpt-5.6-sol": TINY, "gpt-3.5-turbo-instruct": TINY,
    "model": TINY, "text-embedding-3-small": EMBEDDER,
}  # fmt: skip
REASONS = (
    (r"Error code: 404", "asks for an object that nobody made; a mock server makes one up"),
    (r"'limit'", "`limit: 0`; the specification says 1 to 100"),
    (r"Missing required parameter: 'model'", "no model, which only a stored prompt could name"),
    (r"unsupported_parameter", "a parameter that is refused by its name: it is not offered here"),
    (r"'bytes'|'file'|'file_ids'|'dimensions'", "sample values that cannot be: no bytes, too many "
     "dimensions, both of two alternatives or neither"),
    (r"APIResponseValidationError", "the SDK asks for base64 by itself and then expects numbers"),
)  # fmt: skip
HEADING = "## The SDK's own tests"


def make_aliases(base: str, key: str) -> None:
    """The model names that the tests use, as other names of ours."""
    root = base.rstrip("/").removesuffix("/v1")
    for alias, model in ALIASES.items():
        answer = httpx2.put(
            f"{root}/volano/v1/models/aliases/{alias}",
            headers={"authorization": f"Bearer {key}"},
            json={"model": model},
        )
        answer.raise_for_status()


def run_suite(suite: Path, base: str, key: str) -> list[tuple[str, str]]:
    """(file, message of its failure or '') of every test that was not skipped."""
    conftest = suite / "tests" / "conftest.py"
    text = conftest.read_text()
    conftest.write_text(text.replace('api_key = "My API Key"', 'api_key = os.environ["SUITE_KEY"]'))
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        subprocess.run(
            [
                sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=line",
                "-o", "addopts=", "-o", "filterwarnings=", f"--junitxml={report}", *FILES,
            ],
            cwd=suite / "tests" / "api_resources",
            env=os.environ
            | {
                "PYTHONPATH": f"{suite / 'src'}:{suite}",
                "TEST_API_BASE_URL": base,
                "SUITE_KEY": key,
            },
            check=False,
        )  # fmt: skip
        return [
            (str(case.get("classname")).split(".")[-2], _message(case))
            for case in ElementTree.parse(report).iter("testcase")
            if case.find("skipped") is None
        ]


def _message(case: ElementTree.Element) -> str:
    for kind in ("failure", "error"):
        found = case.find(kind)
        if found is not None:
            return found.get("message") or "failed"
    return ""


def reason_of(message: str) -> str:
    """Why a test fails; '' when no reason is known."""
    return next((why for pattern, why in REASONS if re.search(pattern, message)), "")


def to_markdown(results: list[tuple[str, str]], version: str) -> str:
    """The part of the reference page that tells of this suite."""
    passed = sum(not message for _, message in results)
    failed = Counter(reason_of(message) or message for _, message in results if message)
    lines = [
        HEADING,
        "",
        f"`tools/openai_sdk_suite.py` runs tests/api_resources of openai-python {version}, for the",
        f"operations that are served, against a running Volano: {passed} of {len(results)} pass.",
        "They are written for a mock server, so most of the others ask for what is not there.",
        "",
        "| fail | because |",
        "| ---: | --- |",
        *(f"| {count} | {why} |" for why, count in failed.most_common()),
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--suite", type=Path, required=True)
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args()
    base, key = os.environ["OPENAI_BASE_URL"], os.environ["OPENAI_API_KEY"]
    make_aliases(base, key)
    results = run_suite(options.suite.resolve(), base, key)
    version = re.search(r'__version__ = "([^"]+)"', _version_file(options.suite).read_text())
    text = to_markdown(results, version[1] if version else "?")
    print(text)
    if options.markdown:
        held = options.markdown.read_text().partition(HEADING)[0].rstrip()
        options.markdown.write_text(f"{held}\n\n{text}")
    return 0 if all(not message or reason_of(message) for _, message in results) else 1


def _version_file(suite: Path) -> Path:
    return suite / "src" / "openai" / "_version.py"


if __name__ == "__main__":
    sys.exit(main())
