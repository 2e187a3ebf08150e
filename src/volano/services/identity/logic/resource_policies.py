"""Who knows the policy of a resource: services tell it for explanations ("who can do this?").

In a request the service passes the policy itself; here nobody has asked for the resource yet.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from volano.kernel.ids import parse_arn

if TYPE_CHECKING:
    from volano.kernel.call import Env

    Reader = Callable[[Env, str], Awaitable[Mapping[str, str] | None]]

_READERS: dict[str, Reader] = {}


def declare_resource_policy(service: str, reader: Reader) -> None:
    """Register how to find what the policy engine must know of a service's resource.

    `service` is the third part of its ARNs. `reader` gets an ARN and returns the context that the
    service passes to `authorize` for it (owner, policy), or None when there is no such thing.
    """
    assert service not in _READERS, f"{service} is declared twice"
    _READERS[service] = reader


async def resource_context(env: Env, resource: str) -> Mapping[str, str]:
    """What the policy engine must know of a resource; empty when no service knows it."""
    parsed = parse_arn(resource)
    reader = _READERS.get(parsed.service) if parsed is not None else None
    if reader is None:
        return {}
    return await reader(env, resource) or {}
