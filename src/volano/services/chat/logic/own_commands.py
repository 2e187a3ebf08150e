"""Slash commands of the workplace itself: declared by the service that answers them.

A declared command is offered beside those of apps, and told to its service by an event. An app's
command of the same name goes before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.chat.logic.access import get_readable
from volano.services.chat.logic.errors import refused
from volano.services.chat.logic.workspaces import enter
from volano.services.chat.model import parse_ts
from volano.services.chat.model.commands import Commanded, OwnCommand

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

MAX_TEXT_CHARACTERS = 40_000
_DECLARED: dict[str, OwnCommand] = {}


def declare_commands(*commands: OwnCommand) -> None:
    """Called once, by the module whose work answers `Commanded` for these."""
    for item in commands:
        assert item.command not in _DECLARED, f"two own commands are called {item.command}"
        _DECLARED[item.command] = item


def list_own_commands() -> list[OwnCommand]:
    """All that were declared, by name."""
    return [_DECLARED[name] for name in sorted(_DECLARED)]


async def tell_command(
    env: Env, call: Call, channel_id: str, name: str, *, text: str, thread_ts: str
) -> None:
    """Publish that the caller ran `name` where they may read. Raises `unknown_command`."""
    if name not in _DECLARED:
        raise refused("unknown_command", f"There is no command {name[:40]} here.")
    if len(text) > MAX_TEXT_CHARACTERS:
        raise refused("msg_too_long", f"Text has at most {MAX_TEXT_CHARACTERS} characters.")
    here = await enter(env, call)
    channel, _ = await get_readable(env.store.reader, here.me, channel_id)
    event = Commanded(
        account=call.account,
        user_id=here.me.id,
        channel=channel.id,
        thread_us=parse_ts(thread_ts, name="thread_ts") if thread_ts else 0,
        command=name,
        text=text,
        at_us=env.clock.now_us(),
    )

    async def write(tx: Tx) -> None:
        tx.publish(event)

    await env.store.transact(write)
