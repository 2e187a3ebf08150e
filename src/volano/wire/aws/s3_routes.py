"""Which S3 operation a request names, and its bucket and key.

Virtual-host style (`bucket.s3.…`, `bucket.localhost`, `bucket.<our host>`) and path style are told
apart by the Host header. Nothing is normalised: the key is all that follows the bucket's slash.
The data path (Get, Head, Put, Delete of an object with no query) is decided without a search.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from volano.wire.aws.routes import Candidate, candidate_of, choose

if TYPE_CHECKING:
    from botocore.model import ServiceModel

    from volano.wire.http import Request

_PLAIN = {
    "GET": "GetObject",
    "HEAD": "HeadObject",
    "PUT": "PutObject",
    "DELETE": "DeleteObject",
}
_IGNORED = frozenset({"WriteGetObjectResponse"})


class S3Target(NamedTuple):
    """Bucket and key are still percent-encoded; '' where there is none."""

    operation: str | None
    bucket: str
    key: str


@lru_cache(maxsize=4096)
def bucket_of_host(host: str, bases: tuple[str, ...]) -> str:
    """The bucket in a Host header, or '' for path style. `bases` are our own host names."""
    name = host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host
    name = name.lower().rstrip(".")
    if name.startswith(("s3.", "s3-")) or name in bases:
        return ""
    for mark in (".s3.", ".s3-"):
        at = name.rfind(mark)
        if at > 0:
            return name[:at]
    for base in bases:
        if name.endswith("." + base):
            label = name[: -len(base) - 1]
            return "" if label == "s3" else label.removesuffix(".s3")
    return ""


class S3Routes:
    """The S3 operations by level (service, bucket, object) and method."""

    def __init__(self, model: ServiceModel) -> None:
        self._table: dict[tuple[int, str], list[Candidate]] = {}
        for name in model.operation_names:
            if name in _IGNORED:
                continue
            operation = model.operation_model(name)
            uri = operation.http["requestUri"].partition("?")[0]
            level = 2 if "{Key+}" in uri else 1 if "{Bucket}" in uri else 0
            method = operation.http["method"]
            self._table.setdefault((level, method), []).append(candidate_of(operation))
        for candidates in self._table.values():
            candidates.sort(key=lambda each: each.weight, reverse=True)

    def match(self, request: Request, bases: tuple[str, ...]) -> S3Target:
        """What the request names; `operation` None when the method means nothing there."""
        bucket = bucket_of_host(request.headers.get("host", ""), bases)
        rest = request.raw_path[1:]
        if bucket:
            key = rest
        else:
            bucket, _, key = rest.partition("/")
        level = 2 if key else 1 if bucket else 0
        if level == 2 and not request.raw_query and "x-amz-copy-source" not in request.headers:
            operation = _PLAIN.get(request.method)
            if operation is not None:
                return S3Target(operation, bucket, key)
        candidates = self._table.get((level, request.method))
        if candidates is None:
            return S3Target(None, bucket, key)
        query = dict(request.query)
        return S3Target(_choose(candidates, query, request.headers), bucket, key)


def _choose(
    candidates: list[Candidate], query: dict[str, str], headers: dict[str, str]
) -> str | None:
    """The operation that `x-id` names where it fits as well as the best does.

    (ListBuckets and ListDirectoryBuckets differ in nothing else.)
    """
    best = choose(candidates, query, headers)
    named = query.get("x-id", best)
    if named == best:
        return best
    weights = {each.name: each.weight for each in candidates}
    return named if weights.get(named or "") == weights.get(best or "") else best
