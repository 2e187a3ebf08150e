"""Messages on their way to webhooks lie sealed in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.services.topics.model import Delivery


def seal_body(env: Env, delivery_id: str, body: str) -> bytes:
    return env.secrets.seal(body.encode(), context=f"sns {delivery_id}")


def open_body(env: Env, delivery: Delivery) -> bytes:
    return env.secrets.open(delivery.body, context=f"sns {delivery.id}")
