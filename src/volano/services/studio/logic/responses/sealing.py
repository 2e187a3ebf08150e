"""Text that clients keep for us and cannot read: reasoning, and what compaction left."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING

from volano.kernel.errors import Internal
from volano.services.models.interface import invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from volano.kernel.call import Call, Env
    from volano.services.studio.model.responses import Json

SECRET_FIELDS = ("authorization", "headers")
"""Of a tool: what its server wants to know and nobody else may."""


def seal_text(env: Env, call: Call, text: str) -> str:
    """The text encrypted for this account."""
    sealed = env.secrets.seal(text.encode(), context=_context(call))
    return base64.b64encode(sealed).decode()


def open_text(env: Env, call: Call, sealed: str, where: str) -> str:
    """What `seal_text` sealed; raises Invalid for anything else."""
    try:
        return env.secrets.open(base64.b64decode(sealed), context=_context(call)).decode()
    except (Internal, binascii.Error, ValueError) as error:
        raise invalid(f"{where}.encrypted_content", "it was not made here") from error


def seal_tool_secrets(env: Env, call: Call, tools: Sequence[Json] | None) -> list[Json] | None:
    """The tools of a request as they are kept."""
    return _with_secrets(tools, lambda value: seal_text(env, call, json.dumps(value)))


def open_tool_secrets(env: Env, call: Call, tools: Sequence[Json] | None) -> list[Json] | None:
    """The tools of a request that was kept, as they were asked for."""
    return _with_secrets(tools, lambda value: json.loads(open_text(env, call, str(value), "tools")))


def _with_secrets(
    tools: Sequence[Json] | None, change: Callable[[object], object]
) -> list[Json] | None:
    if tools is None:
        return None
    return [
        {
            key: change(value) if key in SECRET_FIELDS and value is not None else value
            for key, value in tool.items()
        }
        for tool in tools
    ]


def _context(call: Call) -> str:
    return f"studio:response:{call.account}"
