"""The registry of API actions, and the one way to run one.

An action is one API operation: `s3:PutObject`, `openai:createChatCompletion`,
`slack:chat.postMessage`, `volano:listBuckets`. Its declaration drives the wire, authorization,
audit, metering, the coverage table and the reference docs. `permission` and `resource` have no
default, so that none is forgotten. A gateway authenticates and parses, then calls `run_action`:
authorize, run, audit, count. There is no other way to reach a handler.

Handlers are `async def f(env, call, request)`. For `aws` the request is the mapping that botocore's
model describes; for the others it is the msgspec struct that annotates the parameter.
"""

from __future__ import annotations

import asyncio
import inspect
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol, get_type_hints

from volano.kernel.errors import DeadlineExceeded, Internal, Unauthenticated, VolanoError
from volano.kernel.identity import PrincipalKind
from volano.kernel.journal import AuditRecord

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.identity import Principal
    from volano.kernel.metrics import Labels
    from volano.wire.http import WebSocket

    Handler = Callable[[Env, Call, Any], Awaitable[Any]]
    Resource = str | Callable[[Call, Any], str]
    Condition = Callable[[Call, Any], Mapping[str, str]]
    Facts = Callable[[Env, Call, Any], Awaitable[Mapping[str, str]]]
    Teller = Callable[[Call, Any, Any], str]
    """(call, request, result of what changed something) to the record's `details`."""

PUBLIC = "public"
"""Permission of an action that needs no credential (health, sign-in)."""
SIGNED_IN = "signed-in"
"""Permission of an action that any valid credential may do (`GetCallerIdentity`)."""
RESOLVED = "volano:resource"
"""Among an action's `facts`: the ARN that is meant, where only rows can tell it (an alias)."""
PERMISSION = "volano:permission"
"""Among an action's `facts`: the permission that this request needs in place of the action's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One API operation.

    `resource` is an ARN, a template over the request's fields plus {account} and {region}, or a
    function of call and request. `condition` gives condition keys beyond the call's own; `facts`
    reads those that lie in rows (the account and policy of a bucket). `audited`
    names the permission in the trail. `timeout_s` None means that the call may last (streams).
    `partial` says in a sentence what of the operation is not built; the coverage page prints it.
    """

    name: str
    permission: str
    resource: Resource
    handler: Handler
    read_only: bool
    method: str = ""
    path: str = ""
    scopes: tuple[str, ...] = ()
    condition: Condition | None = None
    facts: Facts | None = None
    timeout_s: float | None = 60.0
    partial: str = ""
    request_type: Any = None
    streams_body: bool = False
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def protocol(self) -> str:
        prefix = self.name.partition(":")[0]
        return _PROTOCOLS.get(prefix, "aws")

    @property
    def operation(self) -> str:
        return self.name.partition(":")[2]


class Caller(Protocol):
    """What a record tells of a call (kernel `Call`); the account is the principal's."""

    @property
    def principal(self) -> Principal: ...
    @property
    def door(self) -> str: ...
    @property
    def request_id(self) -> str: ...
    @property
    def source_ip(self) -> str: ...
    @property
    def user_agent(self) -> str: ...


_PROTOCOLS = {
    "caldav": "caldav",
    "oauth": "oauth",
    "openai": "openai",
    "slack": "slack",
    "volano": "rest",
}
_ACTIONS: dict[str, Action] = {}
_REGISTERED: list[str] = []
_SOCKETS: dict[str, Callable[[Env, WebSocket], Awaitable[None]]] = {}

_READ_PREFIXES = ("Get", "List", "Describe", "Head", "Select", "Lookup", "Simulate", "BatchGet")


def action(
    name: str,
    *,
    permission: str,
    resource: Resource,
    method: str = "",
    path: str = "",
    scopes: tuple[str, ...] = (),
    condition: Condition | None = None,
    facts: Facts | None = None,
    read_only: bool | None = None,
    timeout_s: float | None = 60.0,
    partial: str = "",
    streams_body: bool = False,
) -> Callable[[Handler], Handler]:
    """Register a handler as the API action `name`.

    `read_only` is derived from the HTTP method or the operation's verb when not given.
    `streams_body` hands the request's body to the handler unread (REST and OpenAI uploads).
    """

    def register(handler: Handler) -> Handler:
        if name in _ACTIONS:
            raise ValueError(f"two actions are called {name}")
        found = Action(
            name=name,
            permission=permission,
            resource=resource,
            handler=handler,
            read_only=_is_read_only(name, method) if read_only is None else read_only,
            method=method,
            path=path,
            scopes=scopes,
            condition=condition,
            facts=facts,
            timeout_s=timeout_s,
            partial=partial,
            streams_body=streams_body,
        )
        _ACTIONS[name] = found
        _REGISTERED.append(name)
        return handler

    return register


def _is_read_only(name: str, method: str) -> bool:
    if method:
        return method in ("GET", "HEAD")
    return name.partition(":")[2].startswith(_READ_PREFIXES)


def socket_route(path: str) -> Callable[[Any], Any]:
    """Register `async def f(env, socket)` for web sockets on `path` of the console port.

    The function authenticates and authorizes by itself before it accepts.
    """

    def register(handler: Callable[[Env, WebSocket], Awaitable[None]]) -> Any:
        if path in _SOCKETS:
            raise ValueError(f"two socket routes are called {path}")
        _SOCKETS[path] = handler
        return handler

    return register


def find_socket(path: str) -> Callable[[Env, WebSocket], Awaitable[None]] | None:
    return _SOCKETS.get(path)


def find_action(name: str) -> Action | None:
    return _ACTIONS.get(name)


def registry_generation() -> int:
    """Changes with every registration: a table made from the registry is stale when it differs."""
    return len(_REGISTERED)


def list_actions(protocol: str | None = None) -> list[Action]:
    """All actions, or those of `aws`, `caldav`, `oauth`, `openai`, `rest` or `slack`, by name."""
    return [
        _ACTIONS[name]
        for name in sorted(_ACTIONS)
        if protocol is None or _ACTIONS[name].protocol == protocol
    ]


def request_type(found: Action) -> Any:
    """The annotation of the handler's third parameter (resolved once, then kept)."""
    if found.request_type is not None:
        return found.request_type
    function = inspect.unwrap(found.handler)
    parameters = list(inspect.signature(function).parameters.values())
    kind = _resolved(function, parameters[2].annotation) if len(parameters) > 2 else None
    _ACTIONS[found.name] = replace(found, request_type=kind)
    return kind


def result_type(found: Action) -> Any:
    """The annotation of the handler's result; None when it has none or it cannot be resolved."""
    function = inspect.unwrap(found.handler)
    try:
        return _resolved(function, inspect.signature(function).return_annotation)
    except NameError:
        return None


def _resolved(function: Any, annotation: Any) -> Any:
    """The one annotation as a type; the others may name what only type checkers import."""
    if annotation is inspect.Signature.empty:
        return None
    only = SimpleNamespace(__annotations__={"it": annotation})
    return get_type_hints(only, function.__globals__, include_extras=True)["it"]


def resource_of(found: Action, call: Call, request: Any) -> str:
    """The ARN that the action touches."""
    if callable(found.resource):
        return found.resource(call, request)
    if "{" not in found.resource:
        return found.resource
    return found.resource.format_map(_Fields(call, request))


class _Fields(dict[str, str]):
    """Looks template fields up in the request, then in the call; a missing one is '*'."""

    def __init__(self, call: Call, request: Any) -> None:
        super().__init__(account=call.account, region=call.region)
        self._request = request

    def __missing__(self, key: str) -> str:
        request = self._request
        value = request.get(key) if isinstance(request, dict) else getattr(request, key, None)
        return "*" if value in (None, "") else str(value)


async def run_action(
    env: Env, call: Call, found: Action, request: Any, *, tell: Teller | None = None
) -> Any:
    """Authorize, run, audit and count one call; raises VolanoError, never anything else.

    `tell` says what the trail tells of request and result.
    """
    began = env.clock.monotonic_s()
    resource, status, code, result = "*", 200, "", None
    try:
        resource = resource_of(found, call, request)
        await authorize_action(env, call, found, request, resource)
        result = await _run(env, call, found, request)
        return result
    except VolanoError as error:
        status, code = error.wire_status, error.wire_code
        raise
    except asyncio.CancelledError:
        status, code = 499, "ClientClosedRequest"
        raise
    except Exception as error:
        status, code = 500, "InternalError"
        env.log.error(
            "action failed",
            action=found.name,
            request_id=call.request_id,
            error=repr(error),
            trace=_trace(error),
        )
        raise Internal(
            f"An internal error happened; quote request id {call.request_id} to your operator.",
        ) from error
    finally:
        took_s = env.clock.monotonic_s() - began
        details = tell(call, request, None if found.read_only else result) if tell else ""
        record_call(
            env,
            found,
            call,
            resource=resource,
            took_s=took_s,
            status=status,
            code=code,
            details=details,
        )


async def authorize_action(
    env: Env, call: Call, found: Action, request: Any, resource: str
) -> None:
    """Return when the caller may run the action; raises Denied, and what its facts raise."""
    if found.permission == PUBLIC:
        return
    if call.principal.kind is PrincipalKind.ANONYMOUS and found.permission == SIGNED_IN:
        raise Unauthenticated("This call needs a credential.")
    if found.permission == SIGNED_IN:
        return
    context = dict(found.condition(call, request)) if found.condition else {}
    if found.facts is not None:
        context.update(await found.facts(env, call, request))
        resource = context.pop(RESOLVED, resource)
    permission = context.pop(PERMISSION, found.permission)
    await env.authority.authorize(call, permission, resource, context)


async def _run(env: Env, call: Call, found: Action, request: Any) -> Any:
    if found.timeout_s is None:
        return await found.handler(env, call, request)
    try:
        async with asyncio.timeout(found.timeout_s):
            return await found.handler(env, call, request)
    except TimeoutError as error:
        raise DeadlineExceeded(
            f"{found.name} was not done after {found.timeout_s:g} seconds; nothing more is done.",
        ) from error


_LABELS: dict[tuple[str, int], Labels] = {}
"""By action and class of status: building them costs more than counting."""
_DOOR_LABELS: dict[str, Labels] = {}


def record_call(
    env: Env,
    found: Action,
    caller: Caller,
    *,
    resource: str,
    took_s: float,
    status: int = 200,
    code: str = "",
    details: str = "",
) -> None:
    """Count and audit one call, however it was run."""
    count_calls(env, found, caller.door, (took_s,), status=status)
    time_us = env.clock.now_us()
    env.journal.audit(
        audit_record(
            found,
            caller,
            resource,
            time_us=time_us,
            took_s=took_s,
            status=status,
            code=code,
            details=details,
        )
    )


def count_calls(
    env: Env, found: Action, door: str, took_s: Sequence[float], *, status: int = 200
) -> None:
    """Count calls of one action that ended alike; `took_s` has an item for each."""
    labels = _LABELS.get((found.name, status // 100))
    if labels is None:
        labels = (("action", found.name), ("status", f"{status // 100}xx"))
        _LABELS[found.name, status // 100] = labels
    doors = _DOOR_LABELS.get(door)
    if doors is None:
        doors = _DOOR_LABELS[door] = (("door", door),)
    env.metrics.count("volano_requests_total", labels, len(took_s))
    env.metrics.observe_all("volano_request_seconds", took_s, doors)


def audit_record(
    found: Action,
    caller: Caller,
    resource: str,
    *,
    time_us: int,
    took_s: float,
    status: int = 200,
    code: str = "",
    details: str = "",
) -> AuditRecord:
    """What the trail keeps of one call."""
    who = caller.principal
    return AuditRecord(
        id=caller.request_id,
        time_us=time_us,
        account=who.account,
        principal_id=who.id,
        principal_arn=who.arn,
        door=caller.door,
        action=found.name,
        resource=resource,
        source_ip=caller.source_ip,
        user_agent=caller.user_agent[:256],
        request_id=caller.request_id,
        status=status,
        error_code=code,
        read_only=found.read_only,
        duration_us=int(took_s * 1e6),
        details=details,
    )


def _trace(error: BaseException) -> list[str]:
    import traceback  # noqa: PLC0415 - only when something broke

    return traceback.format_exception(error)[-12:]
