"""An Env with the ports that the AWS door touches, and a registry that tests may fill."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from volano.kernel.call import Env
from volano.kernel.clock import ManualClock, SystemClock
from volano.kernel.config import Config
from volano.kernel.errors import Denied
from volano.kernel.identity import AccessKey, Principal, PrincipalKind
from volano.kernel.ids import AccountId, Ids, PrincipalId
from volano.kernel.log import StreamLog
from volano.kernel.metrics import Metrics
from volano.kernel.place import region_with_zones
from volano.wire import action as registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Call
    from volano.kernel.journal import AuditRecord, UsageRecord

REGION = "eu-home-1"
ACCESS_KEY = "AKIAVOLANOEXAMPLE001"
SECRET = "volano/secret+example/key"
SESSION_KEY = "ASIAVOLANOEXAMPLE001"
SESSION_TOKEN = "session/token+of=example"
EXPIRED_KEY = "ASIAVOLANOEXAMPLE002"
USER = Principal(
    kind=PrincipalKind.USER,
    account=AccountId("123456789012"),
    id=PrincipalId("AIDAVOLANOEXAMPLE"),
    name="anna",
    arn="arn:aws:iam::123456789012:user/anna",
)


class OneUser:
    """An Authority that knows one user and denies what a test puts into `denied`."""

    def __init__(self) -> None:
        self.denied: set[str] = set()

    async def find_access_key(
        self, access_key_id: str, session_token: str | None
    ) -> AccessKey | None:
        known = {
            ACCESS_KEY: (None, None),
            SESSION_KEY: (SESSION_TOKEN, None),
            EXPIRED_KEY: (SESSION_TOKEN, 1),
        }
        if access_key_id not in known or known[access_key_id][0] != session_token:
            return None
        token, expires_us = known[access_key_id]
        return AccessKey(
            access_key_id=access_key_id,
            secret_access_key=SECRET,
            principal=USER,
            session_token=token,
            expires_us=expires_us,
        )

    async def find_token(self, token: str) -> Principal | None:
        return None

    async def find_session(self, cookie: str, csrf: str | None, *, safe: bool) -> Principal | None:
        return None

    async def authorize(
        self, call: Call, permission: str, resource: str, context: Mapping[str, str]
    ) -> None:
        if permission in self.denied:
            raise Denied(f"{call.principal.arn} may not do {permission} on {resource}.")


class Records:
    """A Journal that keeps what it gets."""

    def __init__(self) -> None:
        self.audits: list[AuditRecord] = []

    def audit(self, record: AuditRecord) -> None:
        self.audits.append(record)

    def usage(self, record: UsageRecord) -> None:
        raise AssertionError("the wire meters nothing")

    async def flush(self) -> None:
        return


def make_env(*, manual: bool = False) -> Env:
    """An Env for the AWS door; parts that it never touches are None."""
    clock = ManualClock() if manual else SystemClock()
    absent = cast("Any", None)
    return Env(
        config=Config(data_dir=Path("unused"), region=REGION, extra_hosts=("cloud.example",)),
        region=region_with_zones(REGION, 3),
        clock=clock,
        ids=Ids(),
        log=StreamLog(clock),
        metrics=Metrics(),
        store=absent,
        events=absent,
        work=absent,
        bytes=absent,
        runtime=absent,
        inference=absent,
        tools=absent,
        authority=OneUser(),
        journal=Records(),
        secrets=absent,
        egress=absent,
        vectors=absent,
    )


@pytest.fixture
def env() -> Env:
    return make_env()


@pytest.fixture(scope="module")
def aws_env() -> Env:
    return make_env()


@pytest.fixture
def actions(monkeypatch: pytest.MonkeyPatch) -> dict[str, registry.Action]:
    """An empty registry for this test alone."""
    empty: dict[str, registry.Action] = {}
    monkeypatch.setattr(registry, "_ACTIONS", empty)
    return empty
