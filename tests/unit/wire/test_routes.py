"""Route tables: specificity, decoding, and what is answered when nothing matches."""

from __future__ import annotations

import pytest

from volano.kernel.errors import Invalid
from volano.wire.routes import MethodNotAllowed, RouteTable, UnknownRoute

TABLE = RouteTable(
    [
        ("GET", "/v1/models", "list"),
        ("GET", "/v1/models/{model:path}", "get"),
        ("GET", "/v1/models/{model:path}/versions", "versions"),
        ("GET", "/v1/models/special", "special"),
        ("POST", "/v1/models/{model:path}", "post"),
        ("GET", "/v1/files/{file_id}", "file"),
        ("GET", "/v1/files/{file_id}/content", "content"),
        ("DELETE", "/v1/files/{file_id}", "delete"),
        ("GET", "/v1/{a}/{b}", "any"),
    ]
)


@pytest.mark.parametrize(
    ("path", "name", "params"),
    [
        ("/v1/models", "list", {}),
        ("/v1/models/special", "special", {}),
        ("/v1/models/a", "get", {"model": "a"}),
        ("/v1/models/a/b/c", "get", {"model": "a/b/c"}),
        ("/v1/models/a%2Fb", "get", {"model": "a/b"}),
        ("/v1/models/a/b/versions", "versions", {"model": "a/b"}),
        ("/v1/files/f%20%E9%A3%9E", "file", {"file_id": "f 飞"}),
        ("/v1/files/f/content", "content", {"file_id": "f"}),
        ("/v1/other/x", "any", {"a": "other", "b": "x"}),
    ],
)
def test_most_literal_template_wins(path: str, name: str, params: dict[str, str]) -> None:
    assert TABLE.find("GET", path) == (name, params)
    assert TABLE.find("HEAD", path) == (name, params)


def test_unknown_path_and_wrong_method_differ() -> None:
    assert TABLE.find("GET", "/v1") is None
    assert TABLE.find("GET", "/v1/files/") is None
    with pytest.raises(UnknownRoute, match="Unknown request URL: GET /nothing"):
        TABLE.require("GET", "/nothing")
    with pytest.raises(MethodNotAllowed) as caught:
        TABLE.require("PUT", "/v1/files/f")
    assert caught.value.fields == {"allow": "DELETE, GET"}


@pytest.mark.parametrize("path", ["/v1/files/%FF", "/v1/files/a%00"])
def test_path_that_is_no_text_is_invalid(path: str) -> None:
    with pytest.raises(Invalid):
        TABLE.find("GET", path)


def test_same_literal_route_twice_is_a_bug() -> None:
    with pytest.raises(ValueError, match="same route"):
        RouteTable([("GET", "/a", "one"), ("GET", "/a", "two")])
