"""What the lanes of S3 share: signer, bucket, decision and request ids.

A bucket is *plain* when its row says nothing beyond its name, account and region: no policy, no
lists, no versions, no lock, no encryption, no logs. The lanes take requests for plain buckets by
principals of the bucket's own account whom their policies allow the whole bucket, whatever the
request carries (`identity.always_allows`); all others are decided the ordinary way. What is kept
here is dropped by the commit that changes it (kernel `OwnStore.watch`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from volano.kernel.call import Call
from volano.kernel.errors import VolanoError
from volano.kernel.ids import RequestId
from volano.services.identity.interface import ACCESS_KEY_ID, always_allows, forget_caches, note_use
from volano.services.objects.logic.access import bucket_arn, forget_bucket, get_bucket
from volano.services.objects.model import Access, Bucket
from volano.services.objects.store.setting_kinds import select_setting_kinds
from volano.wire.aws.lane_auth import LaneAuth
from volano.wire.aws.lane_links import LaneLinks
from volano.wire.aws.routes import decode_label
from volano.wire.aws.s3_edges import website_bucket_of_host
from volano.wire.aws.s3_routes import bucket_of_host
from volano.wire.aws.scalars import BadValue
from volano.wire.lane import NotNow, run_now

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.identity import Principal
    from volano.kernel.store import OwnStore
    from volano.wire.aws.lane_auth import Credential
    from volano.wire.aws.lane_repeats import Repeated, Repeats
    from volano.wire.lane import Asked

MAX_BUCKETS = 4096
MAX_DECISIONS = 1024
"""Of one signer."""
ID_DIGITS = 2
_BACKWARDS = range(16**ID_DIGITS - 1, -1, -1)
IDENTITY_TABLES = r"identity_(?!audit)\w+"
OBJECT_TABLES = r"s3_object"
NO_SETTINGS = "object|version|part|upload|garbage|shared|work_state|bucket_usage|changed"
SETTING_TABLES = rf"s3_(?!(?:{NO_SETTINGS})\b)\w+"


class PlainBucket(NamedTuple):
    """A plain bucket and the kinds of settings it has."""

    bucket: Bucket
    settings: frozenset[str]


class LaneCaller(NamedTuple):
    """A request as the audit trail tells it."""

    principal: Principal
    door: str
    request_id: RequestId
    source_ip: str
    user_agent: str


class LaneBuckets:
    """One for each door."""

    def __init__(self, env: Env, store: OwnStore) -> None:
        self._env = env
        self._identity = store.watch(IDENTITY_TABLES)
        self._settings = store.watch(SETTING_TABLES)
        self._objects = store.watch(OBJECT_TABLES)
        self._identity_seen = self._settings_seen = -1
        self.auth = LaneAuth(env, "s3", self._note_use)
        self._links = LaneLinks(env, "s3", self._note_use)
        self._buckets: dict[str, PlainBucket] = {}
        self._bases = (*env.config.extra_hosts, env.config.public_host, "localhost")
        self._drawn: list[RequestId] = []

    def signer(self, asked: Asked) -> Credential | None:
        """Who signed a request without a query."""
        return None if asked.query else self.signer_with_query(asked)

    def signer_of_link(self, asked: Asked) -> Credential | None:
        """Who presigned the request."""
        self._follow_identity()
        return self._links.find(asked)

    def signer_with_query(self, asked: Asked) -> Credential | None:
        """Who signed the request; the caller knows every parameter of the query."""
        self._follow_identity()
        return self.auth.find(asked)

    def signer_again(self, repeats: Repeats, data: bytes) -> Repeated | None:
        """Path, signer and values of a request that repeats others."""
        self._follow_identity()
        return repeats.verify(data)

    def _follow_identity(self) -> None:
        """Drop what identity's last change made doubtful."""
        changes = self._identity.changes
        if changes != self._identity_seen:
            # (The commit is there already; whoever made it may not have said so yet.)
            forget_caches(self._env)
            self.auth.forget()
            self._links.forget()
            self._identity_seen = changes

    def _note_use(self, credential: Credential) -> None:
        who = credential.key.principal
        call = Call(
            principal=who,
            account=who.account,
            region=self._env.region.name,
            request_id=RequestId(""),
            deadline_s=0.0,
            door="aws",
            context={ACCESS_KEY_ID: credential.key.access_key_id},
        )
        note_use(self._env, call, "s3:GetObject")

    @property
    def setting_changes(self) -> int:
        """Changes whenever anything but objects was written."""
        return self._settings.changes

    @property
    def object_changes(self) -> int:
        """Changes whenever the current version of any key was written."""
        return self._objects.changes

    def named(self, host: bytes, path: bytes) -> tuple[str, str]:
        """Bucket and key; '' where there is none, or none that is text."""
        name = host.decode("latin-1")
        if website_bucket_of_host(name):
            return "", ""
        bucket = bucket_of_host(name, self._bases)
        rest = path.decode("latin-1")[1:]
        if not bucket:
            bucket, _, rest = rest.partition("/")
        try:
            return bucket, decode_label(rest)
        except BadValue:
            return "", ""

    def find(self, name: str) -> PlainBucket | None:
        """The bucket, when it is a plain one."""
        changes = self._settings.changes
        if changes != self._settings_seen:
            self._buckets.clear()
            self._settings_seen = changes
        return self._buckets.get(name) or self._load(name)

    def _load(self, name: str) -> PlainBucket | None:
        env = self._env
        forget_bucket(env, name)
        try:
            bucket = run_now(get_bucket(env.store.reader, name))
            kinds = run_now(select_setting_kinds(env.store.reader, bucket.id))
        except (VolanoError, NotNow):
            return None
        if bucket != _plain(bucket):
            return None
        if len(self._buckets) >= MAX_BUCKETS:
            self._buckets.clear()
        found = self._buckets[name] = PlainBucket(bucket, kinds)
        return found

    def may(self, credential: Credential, bucket: Bucket, permission: str) -> bool:
        """Whether the signer may do this to every key of the bucket."""
        known = credential.decisions.get((bucket.id, permission))
        return self._decide(credential, bucket, permission, "/") if known is None else known

    def may_list(self, credential: Credential, bucket: Bucket, permission: str) -> bool:
        """Whether the signer may do this to the bucket itself."""
        known = credential.decisions.get((bucket.id, permission))
        return self._decide(credential, bucket, permission, "") if known is None else known

    def _decide(self, credential: Credential, bucket: Bucket, permission: str, end: str) -> bool:
        who = credential.key.principal
        prefix = bucket_arn(bucket.name) + end
        try:
            known = who.account == bucket.account and run_now(
                always_allows(self._env, who, permission, prefix)
            )
        except (VolanoError, NotNow):
            known = False
        if len(credential.decisions) >= MAX_DECISIONS:
            credential.decisions.clear()
        credential.decisions[bucket.id, permission] = known
        return known

    def caller_of(self, asked: Asked, credential: Credential) -> LaneCaller:
        user_agent = asked.headers.get(b"user-agent", b"").decode("latin-1")
        return self.caller(credential, asked.client_ip, user_agent)

    def caller(self, credential: Credential, client_ip: str, user_agent: str) -> LaneCaller:
        """The caller of one more request."""
        who = credential.key.principal
        return LaneCaller(who, "aws", self._request_id(), client_ip, user_agent)

    def _request_id(self) -> RequestId:
        """As `Ids.request_id`, but for the last digits, which count: drawing all of them anew for
        each request is a fiftieth of a read."""
        if not self._drawn:
            drawn = self._env.ids.request_id()[:-ID_DIGITS]
            self._drawn = [RequestId(f"{drawn}{number:0{ID_DIGITS}x}") for number in _BACKWARDS]
        return self._drawn.pop()


def _plain(bucket: Bucket) -> Bucket:
    """What a plain bucket would be; whether it shuts the public out is all the same."""
    return Bucket(
        id=bucket.id,
        name=bucket.name,
        account=bucket.account,
        region=bucket.region,
        created_us=bucket.created_us,
        access=Access(block=bucket.access.block),
    )
