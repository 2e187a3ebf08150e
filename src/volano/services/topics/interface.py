"""The door of topics for the services above it (objects) and for app/.

`publish` stores every copy in a transaction of its own; who publishes for an account asks
`service_may_publish` first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.topics.logic.access import find_topic, service_may_publish
from volano.services.topics.logic.metering import forget_counts
from volano.services.topics.logic.publishing import Published, publish
from volano.services.topics.logic.signing import forget_key
from volano.services.topics.model import Draft, Topic

if TYPE_CHECKING:
    from volano.kernel.call import Env

__all__ = [
    "Draft",
    "Published",
    "Topic",
    "find_topic",
    "forget_caches",
    "publish",
    "service_may_publish",
]


def forget_caches(env: Env) -> None:
    """Rows were changed behind our back (test mode's reset)."""
    forget_counts(env)
    forget_key(env)
