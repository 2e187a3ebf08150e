"""Bodies at rest: sealed under the root key, unless the queue says that they lie open."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.services.queues.model import Message, Queue


def seal_body(env: Env, queue: Queue, message_id: str, body: str) -> tuple[bytes, bool]:
    """What to store, and whether it is sealed."""
    plain = body.encode()
    if not queue.is_sealed:
        return plain, False
    return env.secrets.seal(plain, context=_context(message_id)), True


def open_body(env: Env, message: Message) -> str:
    plain = message.body
    if message.is_sealed:
        plain = env.secrets.open(message.body, context=_context(message.id))
    return plain.decode()


def _context(message_id: str) -> str:
    return f"sqs {message_id}"
