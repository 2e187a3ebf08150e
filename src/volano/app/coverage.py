"""The coverage of every API we serve, from the registry and the published lists of operations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.app.discover import load_services
from volano.wire.aws import coverage as aws
from volano.wire.openai import coverage as openai
from volano.wire.slack import coverage as slack

if TYPE_CHECKING:
    from volano.wire.coverage import CoverageRow


def coverage_tables() -> dict[str, list[CoverageRow]]:
    """By API: each AWS service with at least one action, then openai and slack."""
    load_services()
    tables: dict[str, list[CoverageRow]] = {}
    for row in aws.list_coverage():
        tables.setdefault(row.group, []).append(row)
    tables["openai"] = openai.list_coverage()
    tables["slack"] = slack.list_coverage()
    return tables
