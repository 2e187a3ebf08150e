"""Text that clients keep for us and cannot read: reasoning, and what compaction left."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from volano.kernel.errors import Internal
from volano.services.models.interface import invalid

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env


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


def _context(call: Call) -> str:
    return f"studio:response:{call.account}"
