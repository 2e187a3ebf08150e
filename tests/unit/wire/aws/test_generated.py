"""Generated files are current, and the coverage table tells the truth."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.loaders import Loader

from volano.wire.action import action
from volano.wire.aws import coverage
from volano.wire.aws.catalog import folders_signing_as, service_rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.wire.action import Action

ROOT = Path(__file__).parents[4]


def tool(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_of_services_is_that_of_the_installed_botocore() -> None:
    generator, loader = tool("gen_aws_services"), Loader()
    folders = generator.folders(loader)
    assert sorted(service_rows()) == folders, "run tools/gen_aws_services.py"
    for folder in (*folders[::20], "s3", "iam", "sts", "ce", "sqs", "kms", "cloudwatch"):
        assert list(service_rows()[folder]) == generator.row(loader, folder)


def test_services_are_found_by_signing_name() -> None:
    assert folders_signing_as("s3") == ("s3", "s3control")
    assert folders_signing_as("monitoring") == ("cloudwatch",)
    assert service_rows()["ec2"].protocol == "ec2"


def test_generated_types_are_current() -> None:
    generator = tool("gen_types")
    existing = [p.stem for p in generator.FOLDER.glob("*.py") if p.stem != "__init__"]
    if existing:
        for service, operations in generator.registered().items():
            path = generator.FOLDER / f"{service.replace('-', '_')}.py"
            wanted = generator.render_service(service, operations)
            assert squeezed(path.read_text()) == squeezed(wanted), "run tools/gen_types.py"


def squeezed(text: str) -> str:
    """Without what a formatter changes."""
    return re.sub(r"[\s(),'\"]+", "", text)


def test_types_name_required_members_streams_and_times() -> None:
    text = tool("gen_types").render_service("s3", ["PutObject", "GetObject"])
    compile(text, "s3.py", "exec")
    assert "class PutObjectRequest(TypedDict, total=False):\n" in text
    assert "    Bucket: Required[str]\n" in text
    assert "    Body: Payload\n" in text
    assert "    Body: bytes | AsyncIterator[bytes] | FileSlice\n" in text
    assert "    LastModified: datetime | float\n" in text
    assert "    IfModifiedSince: datetime\n" in text
    recursive = tool("gen_types").render_service("dynamodb", ["PutItem"])
    assert "    M: dict[str, AttributeValue]\n" in recursive


def test_types_of_members_that_are_keywords() -> None:
    text = tool("gen_types").render_service("logs", ["FilterLogEvents", "PutLogEvents"])
    compile(text, "logs.py", "exec")


def test_coverage_lists_every_operation_of_the_services_we_serve(
    actions: dict[str, Action],
) -> None:
    @action("sts:GetCallerIdentity", permission="signed-in", resource="*")
    async def identity(env: Env, call: Call, request: Any) -> None: ...

    @action("sts:AssumeRole", permission="sts:AssumeRole", resource="*", partial="No MFA.")
    async def assume(env: Env, call: Call, request: Any) -> None: ...

    @action("sts:AsumeRole", permission="sts:AssumeRole", resource="*")
    async def misspelt(env: Env, call: Call, request: Any) -> None: ...

    assert coverage.list_services() == ["sts"]
    states = {row.operation: (row.state, row.note) for row in coverage.list_coverage()}
    assert states["GetCallerIdentity"] == ("built", "")
    assert states["AssumeRole"] == ("partial", "No MFA.")
    assert states["GetSessionToken"] == ("not built", "")
    assert set(states) == set(coverage.list_operations("sts"))
    assert coverage.list_strays() == ["sts:AsumeRole"]
