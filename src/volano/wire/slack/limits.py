"""Rate limits: generous, or Slack's own for trying out how a program behaves (`slack_rates`).

A bucket per principal and method, in memory of this process. Slack counts by minute and tier
(docs.slack.dev, "Rate limits"): tier 1 has 1 call, tier 2 has 20, tier 3 has 50, tier 4 has 100;
messages go out once a second per channel. A refused call says when to come again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from volano.kernel.errors import Throttled

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.events import EventFeed

STRICT = "strict"
GENEROUS_PER_MINUTE = 12_000
SPECIAL_PER_MINUTE = 600
MAX_BUCKETS = 50_000
PER_CHANNEL = ("chat.postMessage", "chat.postEphemeral")
PER_CHANNEL_BURST = 5
_TIER_1 = "apps.manifest.create apps.manifest.delete apps.manifest.update apps.uninstall"
_TIER_3 = (
    "apps.connections.open auth.revoke bookmarks.list bots.info canvases.edit chat.delete "
    "chat.update chat.scheduleMessage chat.unfurl chat.meMessage conversations.history "
    "conversations.info conversations.invite conversations.join conversations.kick "
    "conversations.leave conversations.mark conversations.open conversations.replies dnd.info "
    "files.delete files.list reactions.add reactions.get team.info users.conversations "
    "users.getPresence users.lookupByEmail users.profile.set"
)
_TIER_4 = (
    "api.test chat.appendStream chat.postEphemeral conversations.members dialog.open "
    "files.completeUploadExternal files.getUploadURLExternal files.info users.info "
    "users.profile.get views.open views.publish views.push views.update"
)
_SPECIAL = (
    "auth.test chat.getPermalink chat.postMessage oauth.v2.access assistant.threads.setStatus"
)
TIER_2_PER_MINUTE = 20
_PER_MINUTE = (
    dict.fromkeys(_TIER_1.split(), 1)
    | dict.fromkeys(_TIER_3.split(), 50)
    | dict.fromkeys(_TIER_4.split(), 100)
    | dict.fromkeys(_SPECIAL.split(), SPECIAL_PER_MINUTE)
)


class RateLimited(Throttled):
    code = "ratelimited"


@dataclass(slots=True)
class _Bucket:
    """Calls that may still be made now, and when that was."""

    left: float
    at_s: float


_BUCKETS: WeakKeyDictionary[EventFeed, dict[tuple[str, ...], _Bucket]] = WeakKeyDictionary()
"""By the process's feed: the calls of each principal and method."""


def require_rate(env: Env, call: Call, method: str, channel: object) -> None:
    """Count a call; raises RateLimited when there were too many."""
    strict = env.config.slack_rates == STRICT
    per_minute = _PER_MINUTE.get(method, TIER_2_PER_MINUTE) if strict else GENEROUS_PER_MINUTE
    _take(env, (call.principal.id, method), per_minute, per_minute)
    if strict and method in PER_CHANNEL and isinstance(channel, str):
        _take(env, (call.principal.id, method, channel), 60, PER_CHANNEL_BURST)


def _take(env: Env, key: tuple[str, ...], per_minute: float, burst: float) -> None:
    now_s = env.clock.monotonic_s()
    buckets = _BUCKETS.setdefault(env.events, {})
    if len(buckets) >= MAX_BUCKETS:
        buckets.clear()
    bucket = buckets.get(key)
    if bucket is None:
        bucket = buckets[key] = _Bucket(burst, now_s)
    bucket.left = min(burst, bucket.left + (now_s - bucket.at_s) * per_minute / 60)
    bucket.at_s = now_s
    if bucket.left < 1:
        wait_s = (1 - bucket.left) * 60 / per_minute
        raise RateLimited("Too many calls; wait.", retry_after_s=wait_s)
    bucket.left -= 1
