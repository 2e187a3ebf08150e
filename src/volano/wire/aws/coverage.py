"""Which operations of botocore's models are built, partial or not built, service by service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.wire.action import find_action, list_actions
from volano.wire.aws.catalog import load_service, service_rows
from volano.wire.coverage import CoverageRow

if TYPE_CHECKING:
    from volano.wire.action import Action


def list_services() -> list[str]:
    """The services (by botocore's folder) that have at least one action."""
    found = {action.name.partition(":")[0] for action in list_actions("aws")}
    return sorted(found & service_rows().keys())


def list_operations(service: str) -> list[str]:
    """Every operation of the service's model, by name. Loads the model (EC2: 120 ms)."""
    return sorted(load_service(service).operations)


def list_coverage() -> list[CoverageRow]:
    """One row per operation of each service we serve."""
    return [_row(service, name) for service in list_services() for name in list_operations(service)]


def _row(service: str, name: str) -> CoverageRow:
    http = load_service(service).model.operation_model(name).http
    found: Action | None = find_action(f"{service}:{name}")
    where = f"{http.get('method', 'POST')} {http.get('requestUri', '/')}"
    if found is None:
        return CoverageRow(protocol="aws", group=service, operation=name, where=where)
    return CoverageRow(
        protocol="aws",
        group=service,
        operation=name,
        where=where,
        action=found.name,
        state="partial" if found.partial else "built",
        note=found.partial,
    )


def list_strays() -> list[str]:
    """Actions under an AWS service's name that its model does not have: misspelt, most likely."""
    return [
        action.name
        for action in list_actions("aws")
        if action.name.partition(":")[0] in service_rows()
        and action.operation not in load_service(action.name.partition(":")[0]).operations
    ]
