"""The lane of S3's objects: whole small ones, read and written by their bucket's own account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.objects.api.lane_buckets import LaneBuckets
from volano.services.objects.api.lane_reads import LaneReads

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import OwnStore
    from volano.wire.lane import Answer, Asked, Lane, Upload


def open_object_lane(env: Env, store: OwnStore) -> Lane:
    """The lane over a database that this process alone writes."""
    buckets = LaneBuckets(env, store)
    reads = LaneReads(env, buckets)

    def answer(asked: Asked) -> Answer | Upload | None:
        if asked.method in (b"GET", b"HEAD"):
            return reads.answer(asked)
        return None

    return answer
