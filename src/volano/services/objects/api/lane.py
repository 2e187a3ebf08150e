"""The lane of S3's objects: small ones whole, and listings, for their bucket's own account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.bytes import GroupWriter
from volano.services.objects.api.lane_buckets import LaneBuckets
from volano.services.objects.api.lane_deletes import LaneDeletes
from volano.services.objects.api.lane_lists import MARK, LaneLists
from volano.services.objects.api.lane_reads import LaneReads
from volano.services.objects.api.lane_writes import LaneWrites
from volano.services.objects.logic.put_groups import PutGroups
from volano.services.objects.logic.put_rows import select_progress
from volano.wire.lane import run_now

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import OwnStore
    from volano.wire.lane import Answer, Asked, Lane, Upload


def open_object_lane(env: Env, store: OwnStore) -> Lane:
    """The lane over a database that this process alone writes."""
    buckets = LaneBuckets(env, store)
    reads, lists = LaneReads(env, buckets), LaneLists(env, buckets)
    deletes, writes = LaneDeletes(env, buckets), None
    if isinstance(env.bytes, GroupWriter):
        known = run_now(select_progress(store.reader))
        writes = LaneWrites(env, buckets, PutGroups(env, store, env.bytes, known=known))

    def answer(asked: Asked) -> Answer | Upload | None:
        if asked.method in (b"GET", b"HEAD"):
            if MARK in asked.query and asked.method == b"GET":
                return lists.answer(asked)
            return reads.answer(asked)
        if asked.method == b"PUT" and writes is not None:
            return writes.begin(asked)
        if asked.method == b"DELETE":
            return deletes.begin(asked)
        return None

    return answer
