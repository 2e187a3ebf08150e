"""Which service, protocol and operation a request is for.

Services are told apart by `smithy-protocol` and `X-Amz-Target`, by `Action` and `Version`, by the
name in the credential scope, then by the Host; what is left is S3, which takes any path.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from volano.kernel.errors import NotFound
from volano.wire.action import find_action
from volano.wire.aws.catalog import (
    folders_signing_as,
    folders_targeted,
    get_service,
    service_rows,
)

if TYPE_CHECKING:
    from volano.wire.aws.catalog import Service
    from volano.wire.http import Request

    Pairs = list[tuple[str, str]]

FORM_MEDIA = "application/x-www-form-urlencoded"
S3_CONTROL_PATH = "/v20180820/"
_QUERY_PROTOCOLS = ("query", "ec2")


class UnknownOperation(NotFound):
    """No service that we know has such an operation."""

    code = "UnknownOperation"


@dataclass(slots=True, kw_only=True)
class Target:
    """An operation of a service, and what was learned while finding it."""

    folder: str
    protocol: str
    operation: str | None = None
    labels: dict[str, str] = field(default_factory=dict)


def target_of_headers(request: Request, signing_name: str | None) -> Target | None:
    """The target as far as headers and path tell it; None when the body must be read for it."""
    path = request.raw_path
    if "smithy-protocol" in request.headers and path.startswith("/service/"):
        return _cbor_target(path)
    wanted = request.headers.get("x-amz-target")
    if wanted is not None and signing_name != "s3":
        prefix, _, operation = wanted.rpartition(".")
        folder = _pick(folders_targeted(prefix), signing_name, f":{operation}")
        if folder is not None:
            return Target(folder=folder, protocol="json", operation=operation)
        return _unknown(signing_name, "json")
    if signing_name == "s3" or (signing_name is None and not _is_query(request)):
        return _rest_or_s3(request, signing_name)
    if _is_query(request):
        return None
    return _rest_or_s3(request, signing_name)


def _unknown(signing_name: str | None, protocol: str) -> Target:
    folders = folders_signing_as(signing_name or "")
    return Target(folder=folders[0] if folders else "", protocol=protocol)


def _is_query(request: Request) -> bool:
    return (
        request.headers.get("content-type", "").startswith(FORM_MEDIA)
        or "Action=" in request.raw_query
    )


def _cbor_target(path: str) -> Target:
    parts = path.split("/")
    known = len(parts) == 5 and parts[3] == "operation"
    folders = folders_targeted(parts[2]) if known else ()
    if not folders:
        return Target(folder="", protocol="smithy-rpc-v2-cbor")
    return Target(folder=folders[0], protocol="smithy-rpc-v2-cbor", operation=parts[4])


def _rest_or_s3(request: Request, signing_name: str | None) -> Target:
    if signing_name in ("s3", None):
        control = request.raw_path.startswith(S3_CONTROL_PATH)
        named = None if signing_name else _folder_of_host(request.headers.get("host", ""))
        folder = "s3control" if control else named or "s3"
        return Target(folder=folder, protocol=service_rows()[folder].protocol)
    folders = folders_signing_as(signing_name or "")
    if not folders:
        return Target(folder="", protocol="rest-xml")
    folder = next((f for f in folders if service_rows()[f].protocol.startswith("rest")), folders[0])
    return Target(folder=folder, protocol=service_rows()[folder].protocol)


def _folder_of_host(host: str) -> str | None:
    """`ec2` of `ec2.eu-home-1.…`; never S3, whose hosts start with anything."""
    label, dot, _ = host.partition(".")
    if not dot or label == "s3":
        return None
    found = (f for f, row in service_rows().items() if row.endpoint_prefix == label)
    return next(found, None)


def target_of_parameters(pairs: Pairs, signing_name: str | None, host: str) -> Target:
    """The target that `Action` and `Version` name."""
    parameters = dict(pairs)
    action, version = parameters.get("Action"), parameters.get("Version")
    rows = service_rows()
    folders = folders_signing_as(signing_name) if signing_name else _speaking_query()
    if version is not None:
        folders = tuple(f for f in folders if rows[f].api_version == version) or folders
    if signing_name is None and len(folders) > 1:
        named = _folder_of_host(host)
        folders = (named,) if named in folders else folders
    folder = _pick(folders, None, f":{action}")
    if folder is None:
        return Target(folder="", protocol="query")
    protocol = rows[folder].protocol if rows[folder].protocol in _QUERY_PROTOCOLS else "query"
    return Target(folder=folder, protocol=protocol, operation=action)


def _speaking_query() -> tuple[str, ...]:
    return tuple(f for f, row in service_rows().items() if row.protocol in _QUERY_PROTOCOLS)


def _pick(folders: tuple[str, ...], signing_name: str | None, suffix: str) -> str | None:
    """One of several services of a name: the one that has the action, else the first."""
    if signing_name is not None:
        folders = tuple(f for f in folders if service_rows()[f].signing_name == signing_name) or (
            folders
        )
    built = (folder for folder in folders if find_action(folder + suffix) is not None)
    return next(built, folders[0] if folders else None)


async def find_rest_operation(request: Request, target: Target) -> Service:
    """Fill in the operation of a REST target from method and path; gives the loaded service."""
    query, headers = dict(request.query), request.headers
    signing_name = service_rows()[target.folder].signing_name
    rivals = [target.folder, *folders_signing_as(signing_name)]
    for folder in dict.fromkeys(rivals):
        if not service_rows()[folder].protocol.startswith("rest") or folder == "s3":
            continue
        service = await get_service(folder)
        routes = service.routes
        found = routes and routes.match(request.method, request.raw_path, query, headers)
        if found:
            target.folder, target.protocol = folder, service_rows()[folder].protocol
            target.operation, target.labels = found
            return service
    return await get_service(target.folder)
