"""The door of queues for the services above it (topics, objects) and for app/.

A service that delivers to queues asks `service_may_send`, makes a `Draft` ready with
`prepare_for_service`
before its transaction, reads the queue again in it, stores with `put_message`, and calls
`wake_receivers` after the commit. `put_message` commits with the caller.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.queues.logic.access import find_queue_by_arn, service_may_send
from volano.services.queues.logic.metering import forget_counts
from volano.services.queues.logic.sealing import forget_data_keys
from volano.services.queues.logic.sending import Draft, Prepared, prepare_for_service, put_message
from volano.services.queues.logic.waiting import wake_receivers
from volano.services.queues.model import MessageAttribute, Queue

if TYPE_CHECKING:
    from volano.kernel.call import Env

__all__ = [
    "Draft",
    "MessageAttribute",
    "Prepared",
    "Queue",
    "find_queue_by_arn",
    "forget_caches",
    "prepare_for_service",
    "put_message",
    "service_may_send",
    "wake_receivers",
]


def forget_caches(env: Env) -> None:
    """Rows were changed behind our back (test mode's reset)."""
    forget_counts(env)
    forget_data_keys(env)
