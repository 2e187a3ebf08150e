"""Coverage rows, and that the committed tables are what their generators write."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from volano.kernel.errors import NotBuilt
from volano.wire.action import action
from volano.wire.openai import coverage as openai_coverage
from volano.wire.slack import coverage as slack_coverage

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env

ROOT = Path(__file__).parents[3]


class Empty(msgspec.Struct):
    pass


@pytest.fixture(scope="module", autouse=True)
def actions(registry: None) -> None:
    for name, method, path, partial in (
        ("openai:createChatCompletion", "POST", "/v1/chat/completions", "no audio"),
        ("openai:retrieveModel", "GET", "/v1/models/{name}", ""),
        ("openai:xOwn", "GET", "/v1/x/own", ""),
        ("slack:chat.postMessage", "", "", ""),
        ("slack:x.own", "", "", "half"),
    ):

        @action(name, permission="x:X", resource="*", method=method, path=path, partial=partial)
        async def handler(env: Env, call: Call, request: Empty) -> None:
            """Do nothing."""


def test_openai_rows_tell_built_partial_and_not_built() -> None:
    rows = {row.where: row for row in openai_coverage.list_coverage()}
    assert (rows["POST /v1/chat/completions"].state, rows["POST /v1/chat/completions"].note) == (
        "partial",
        "no audio",
    )
    assert rows["GET /v1/models/{model}"].action == "openai:retrieveModel"
    assert rows["POST /v1/embeddings"].state == "not built"
    assert rows["GET /v1/x/own"].state == "built"
    assert len(rows) > 380


def test_slack_rows_tell_built_partial_and_not_built() -> None:
    rows = {row.operation: row for row in slack_coverage.list_coverage()}
    assert rows["chat.postMessage"].state == "built"
    assert rows["x.own"].state == "partial"
    assert (rows["admin.users.list"].state, rows["admin.users.list"].group) == (
        "not built",
        "admin.users",
    )
    assert len(rows) > 340


@pytest.mark.parametrize("path", ["/v1/organization/projects/p1/users", "/v1/models/a/b%2Fc"])
def test_published_paths_are_recognized(path: str) -> None:
    with pytest.raises(NotBuilt):
        openai_coverage.require_built("DELETE" if "models" in path else "GET", path)
    openai_coverage.require_built("GET", "/v1/nobody/has/this")


def load_tool(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generators_read_calls_in_every_form() -> None:
    slack = load_tool("gen_slack_methods")
    source = 'class A:\n def f(self):\n  return self.api_call("chat.x", params=1)\n def g(self): self.api_call(name); self.api_call("nodots")'
    assert slack.called_methods(ast.parse(source)) == {"chat.x"}
    tool = load_tool("gen_openai_operations")
    function = ast.parse(
        'def f(self):\n return self._post(path_template("/a/{b}", b=b)), self._get(f"/c/{d}"),'
        ' self._get_api_list("/e", method="post"), self._delete(x), self.other("/g")'
    ).body[0]
    assert sorted(tool.routes_in(function)) == [
        ("GET", "/c/{d}"),
        ("POST", "/a/{b}"),
        ("POST", "/e"),
    ]
