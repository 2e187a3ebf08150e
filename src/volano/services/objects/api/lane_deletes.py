"""DeleteObject on the fast lane (wire/lane.py).

The stock reader, handler and writer do it; what the lane leaves out is what the gateway does around
them. Only a key is deleted here: versions, conditions and locks go the ordinary way, and so does
what the handler refuses, which then says why.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from volano.kernel.errors import VolanoError
from volano.services.objects.api.lane_calls import call_of_lane
from volano.services.objects.api.lane_learning import ID, TOLD, lines_of
from volano.services.objects.api.lane_reads import HASHES, TAKEN
from volano.services.objects.api.lane_writes import HARMLESS_SETTINGS
from volano.wire.action import find_action, resource_of
from volano.wire.aws.catalog import get_codec, get_service
from volano.wire.aws.codec import Incoming
from volano.wire.aws.scalars import BadValue
from volano.wire.call_log import CallLog
from volano.wire.lane import Answer, NotNow, run_now

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.services.objects.api.lane_buckets import LaneBuckets, LaneCaller
    from volano.wire.aws.codec import Codec
    from volano.wire.lane import Asked

_TAKEN = TAKEN.difference(TOLD) | {b"content-length"}


class LaneDeletes:
    """The lane of DELETE."""

    def __init__(self, env: Env, buckets: LaneBuckets) -> None:
        action = find_action("s3:DeleteObject")
        assert action is not None
        self.env = env
        self.action = action
        self.log = CallLog(env, action, "aws")
        self._buckets = buckets

    def begin(self, asked: Asked) -> Deletion | None:
        """The deletion that a head asks for."""
        headers, buckets = asked.headers, self._buckets
        if not _TAKEN.issuperset(headers) or headers.get(b"x-amz-content-sha256") not in HASHES:
            return None
        began_s = self.env.clock.monotonic_s()
        credential = buckets.signer(asked)
        if credential is None:
            return None
        name, key = buckets.named(headers.get(b"host", b""), asked.path)
        found = buckets.find(name) if key else None
        if found is None or not found.settings <= HARMLESS_SETTINGS:
            return None
        if not buckets.may(credential, found.bucket, self.action.permission):
            return None
        try:
            service = run_now(get_service("s3"))
            codec = run_now(get_codec(service, self.action.operation, "rest-xml"))
            request = codec.read(Incoming(headers={}, labels={"Bucket": name, "Key": key}))
        except (BadValue, VolanoError, NotNow):
            return None
        if codec.check(request):
            return None
        return Deletion(self, asked, buckets.caller_of(asked, credential), codec, request, began_s)


class Deletion:
    """One key to be deleted, without a body (`wire.lane.Upload`)."""

    __slots__ = ("_began_s", "_call", "_caller", "_codec", "_lane", "_request", "_result")

    limit_bytes = 0

    def __init__(
        self,
        lane: LaneDeletes,
        asked: Asked,
        caller: LaneCaller,
        codec: Codec,
        request: dict[str, Any],
        began_s: float,
    ) -> None:
        self._lane = lane
        self._caller = caller
        self._call = call_of_lane(lane.env, asked, caller)
        self._codec = codec
        self._request = request
        self._began_s = began_s
        self._result: dict[str, Any] = {}

    def put(self, body: bytes) -> asyncio.Future[bool] | None:
        return None if body else asyncio.get_running_loop().create_task(self._delete())

    async def _delete(self) -> bool:
        lane = self._lane
        handling: Any = lane.action.handler(lane.env, self._call, self._request)
        try:
            self._result = await handling
        except VolanoError:
            return False
        return True

    def answer(self) -> Answer:
        lane, caller = self._lane, self._caller
        env = lane.env
        response = self._codec.write(self._result, ID)
        lines = caller.request_id.encode().join(lines_of(env, response))
        resource = resource_of(lane.action, self._call, self._request)
        lane.log.add(caller, resource, env.clock.monotonic_s() - self._began_s)
        return Answer(response.status, lines)
