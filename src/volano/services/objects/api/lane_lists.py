"""ListObjectsV2 on the fast lane (wire/lane.py).

The stock reader, handler and writer make the page, each time anew; what the lane leaves out is
what the gateway does around them. Only the parameters named here are taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from volano.kernel.errors import VolanoError
from volano.services.objects.api.lane_calls import call_of_lane
from volano.services.objects.api.lane_learning import header_lines
from volano.services.objects.api.lane_reads import HASHES, TAKEN
from volano.services.objects.api.listing import list_text_v2
from volano.wire.action import find_action, resource_of
from volano.wire.aws.catalog import get_codec, get_service
from volano.wire.aws.codec import Incoming
from volano.wire.aws.lane_auth import request_of_asked
from volano.wire.aws.scalars import BadValue
from volano.wire.call_log import CallLog
from volano.wire.lane import Answer, NotNow, run_now

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.services.objects.api.lane_buckets import LaneBuckets
    from volano.services.objects.model import Bucket
    from volano.wire.lane import Asked

MARK = b"list-type=2"
PARAMETERS = frozenset(
    {
        "continuation-token",
        "delimiter",
        "encoding-type",
        "fetch-owner",
        "list-type",
        "max-keys",
        "prefix",
        "start-after",
    }
)
_TAKEN = TAKEN - {b"x-amz-checksum-mode"}


class LaneLists:
    """The lane of listings."""

    def __init__(self, env: Env, buckets: LaneBuckets) -> None:
        self._env = env
        self._buckets = buckets
        self._host_id = f"volano/{env.region.name}"
        action = find_action("s3:ListObjectsV2")
        assert action is not None
        self._action = action
        self._log = CallLog(env, action, "aws")

    def answer(self, asked: Asked) -> Answer | None:
        """The page that `asked`, a GET with `MARK` in its query, asks for."""
        headers = asked.headers
        if not _TAKEN.issuperset(headers) or headers.get(b"x-amz-content-sha256") not in HASHES:
            return None
        query = request_of_asked(asked).query
        names = [name for name, _ in query]
        if not PARAMETERS.issuperset(names) or len(set(names)) != len(names):
            return None
        if ("list-type", "2") not in query:
            return None
        name, key = self._buckets.named(headers.get(b"host", b""), asked.path)
        found = None if key or not name else self._buckets.find(name)
        return None if found is None else self._list(asked, query, found.bucket)

    def _list(self, asked: Asked, query: list[tuple[str, str]], bucket: Bucket) -> Answer | None:
        began_s = self._env.clock.monotonic_s()
        action = self._action
        credential = self._buckets.signer_with_query(asked)
        if credential is None:
            return None
        if not self._buckets.may_list(credential, bucket, action.permission):
            return None
        caller = self._buckets.caller_of(asked, credential)
        call = call_of_lane(self._env, asked, caller)
        try:
            service = run_now(get_service("s3"))
            codec = run_now(get_codec(service, action.operation, "rest-xml"))
            incoming = Incoming(headers={}, labels={"Bucket": bucket.name}, query=query)
            request = codec.read(incoming)
            if codec.check(request):
                return None
            result = run_now(list_text_v2(self._env, request))
            if result is None:
                handling: Any = action.handler(self._env, call, request)
                result = run_now(handling)
        except (BadValue, VolanoError, NotNow):
            return None
        assert result is not None
        response = codec.write(result, caller.request_id)
        assert isinstance(response.body, bytes)
        lines = header_lines(response, caller.request_id, self._host_id)
        took_s = self._env.clock.monotonic_s() - began_s
        self._log.add(caller, resource_of(action, call, request), took_s)
        return Answer(response.status, lines.encode("latin-1"), response.body)
