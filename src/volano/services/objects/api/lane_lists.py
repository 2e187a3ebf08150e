"""ListObjectsV2 on the fast lane (wire/lane.py).

The stock reader, handler and writer make the page; what the lane leaves out is what the gateway
does around them. Only the parameters named here are taken. Pages are kept until any object is
written: who lists a bucket that rests, as readers of tables do again and again, gets them as they
are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from volano.kernel.errors import VolanoError
from volano.services.objects.api.lane_calls import call_of_lane
from volano.services.objects.api.lane_learning import ID, TOLD, lines_of
from volano.services.objects.api.lane_reads import HASHES, TAKEN
from volano.services.objects.api.listing import list_text_v2
from volano.services.objects.logic.metering import READ, count_request
from volano.wire.action import find_action, resource_of
from volano.wire.aws.catalog import get_codec, get_service
from volano.wire.aws.codec import Incoming
from volano.wire.aws.lane_auth import request_of_asked
from volano.wire.aws.scalars import BadValue
from volano.wire.call_log import CallLog
from volano.wire.lane import Answer, NotNow, run_now

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
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
_TAKEN = TAKEN.difference(TOLD)
OWNER = "fetch-owner"
"""Pages that tell the owner depend on more than objects, and are not kept."""
MAX_KEPT_BYTES = 16 * 1024 * 1024
PAGE_OVERHEAD_BYTES = 1024
"""What a kept page takes beside its body and its query."""


class _Page(NamedTuple):
    """A page as it is answered."""

    status: int
    lines: list[bytes]
    """Header lines, to be joined by the request id."""
    body: bytes
    resource: str


class LaneLists:
    """The lane of listings."""

    def __init__(self, env: Env, buckets: LaneBuckets) -> None:
        self._env = env
        self._buckets = buckets
        self._pages: dict[tuple[str, bytes], _Page] = {}
        """By bucket's id and query."""
        self._pages_bytes = 0
        self._seen = (-1, -1)
        """The counts of changes for which the pages are true."""
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
        page = self._recall(bucket, asked.query)
        if page is None:
            page = self._make(call_of_lane(self._env, asked, caller), query, bucket)
            if page is None:
                return None
            if OWNER not in dict(query):
                self._keep(bucket, asked.query, page)
        else:
            count_request(self._env, bucket, READ)
        self._log.add(caller, page.resource, self._env.clock.monotonic_s() - began_s)
        return Answer(page.status, caller.request_id.encode().join(page.lines), page.body)

    def _make(self, call: Call, query: list[tuple[str, str]], bucket: Bucket) -> _Page | None:
        """The page, counted as the stock handler counts it; None where it would be refused."""
        action = self._action
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
        response = codec.write(result, ID)
        assert isinstance(response.body, bytes)
        lines, resource = lines_of(self._env, response), resource_of(action, call, request)
        return _Page(response.status, lines, response.body, resource)

    def _recall(self, bucket: Bucket, query: bytes) -> _Page | None:
        """The page, when nothing was written since it was made."""
        seen = (self._buckets.setting_changes, self._buckets.object_changes)
        if seen != self._seen:
            self._forget()
            self._seen = seen
        return self._pages.get((bucket.id, query))

    def _keep(self, bucket: Bucket, query: bytes, page: _Page) -> None:
        size = len(page.body) + len(query) + PAGE_OVERHEAD_BYTES
        if self._pages_bytes + size > MAX_KEPT_BYTES:
            self._forget()
        self._pages[bucket.id, query] = page
        self._pages_bytes += size

    def _forget(self) -> None:
        self._pages.clear()
        self._pages_bytes = 0
