"""Every action with credentials that have ended, and as the owner: the rest of the matrix.

`test_refusals.py` calls every action of the registry as nobody, as a user without rights and from
another account. Here each is called with an expired and with a revoked credential of an
administrator, which must be refused in the door's words before anything is read; and by the owner,
who must never be refused for want of rights.
"""

from __future__ import annotations

import contextlib
import sqlite3

import pytest
from tests.conformance.test_refusals import (
    CALLS,
    DENIED,
    PROTOCOLS,
    Stage,
    actions,
    make_stage,
)
from tests.conftest import start_volano

from volano.wire.action import PUBLIC, list_actions

ENDED = {
    "aws": {
        "expired": {"ExpiredToken", "RequestExpired", "ExpiredTokenException", "400", "403"},
        "revoked": {
            "InvalidAccessKeyId", "InvalidClientTokenId", "AuthFailure", "UnrecognizedClientException",
            "403", "401",
        },
    },
    "rest": {"expired": {401}, "revoked": {401}},
    "openai": {"expired": {401}, "revoked": {401}},
    "slack": {
        "expired": {"invalid_auth", "token_expired"}, "revoked": {"invalid_auth", "token_revoked"},
    },
}  # fmt: skip
"""How each door says it: error codes, or HTTP statuses (HEAD has no body to say more)."""

OWNER_REFUSED = {
    "sts:AssumeRole": "the code of the second factor is not right",
    "sts:GetSessionToken": "the code of the second factor is not right",
    "organizations:UpdatePolicy": "the policy comes with Volano",
    "organizations:DeletePolicy": "the policy comes with Volano",
    "iam:ChangePassword": "the old password given is not right",
    "volano:changePassword": "the old password given is not right",
}
"""Refusals of the owner that are no want of rights, and what they are."""
OF_THE_CONSOLE = "Only a person in the console can do this"
"""What concerns the person and their session is not for keys, whatever their rights."""


@pytest.fixture(scope="module")
def stage(volano_sqlite) -> Stage:
    return make_stage(volano_sqlite)


KINDS = ("access-key", "api", "slack-user")


def keys_of_the_administrator(cloud, kinds=KINDS) -> dict[str, dict]:
    """One credential of each kind, with every right."""
    made = {}
    for kind in kinds:
        status, answer = cloud.rest("POST", "/keys", {"kind": kind, "name": "matrix"})
        assert status == 200, answer
        made[kind] = answer
    return made


@pytest.fixture(scope="module")
def revoked(stage):
    made = keys_of_the_administrator(stage.cloud)
    # Used once before it ends, so that no cache may know it.
    assert stage.cloud.rest("GET", "/keys", token=made["api"]["secret"])[0] == 200
    for one in made.values():
        status, answer = stage.cloud.rest("DELETE", f"/keys/{one['id']}")
        assert status == 204, answer
    return {
        "AWS_ACCESS_KEY_ID": made["access-key"]["id"],
        "AWS_SECRET_ACCESS_KEY": made["access-key"]["secret"],
        "OPENAI_API_KEY": made["api"]["secret"],
        "SLACK_USER_TOKEN": made["slack-user"]["secret"],
    }


@pytest.fixture(scope="module")
def expired(stage):
    """Tokens and temporary keys whose time is over: their rows are set back, as nobody can wait."""
    made = keys_of_the_administrator(stage.cloud, KINDS[1:])
    session = stage.cloud.client("sts").get_session_token()["Credentials"]
    database = sqlite3.connect(stage.cloud.data_dir / "volano.db", timeout=30)
    with contextlib.closing(database), database:
        changed = database.execute(
            "UPDATE identity_temporary_key SET expires_us = 1 WHERE id = ?",
            (session["AccessKeyId"],),
        ).rowcount
        tokens = (made["api"]["id"], made["slack-user"]["id"])
        changed += database.execute(
            "UPDATE identity_token SET expires_us = 1 WHERE id IN (?, ?)", tokens
        ).rowcount
    assert changed == 3
    return {
        "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
        "AWS_SESSION_TOKEN": session["SessionToken"],
        "OPENAI_API_KEY": made["api"]["secret"],
        "SLACK_USER_TOKEN": made["slack-user"]["secret"],
    }


@pytest.mark.parametrize("how", ["expired", "revoked"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_ended_credential_opens_nothing(stage, request, protocol, how):
    who = request.getfixturevalue(how)
    before, wrong = stage.digest(), []
    for found in actions(protocol):
        code, text, status = CALLS[protocol](stage, found, who)
        said = status if protocol in ("rest", "openai") else code
        if said not in ENDED[protocol][how] or "Traceback" in text:
            wrong.append((found.name, status, code, text[:200]))
    assert not wrong, "\n".join(map(str, wrong))
    assert stage.digest() == before


@pytest.fixture(scope="module")
def own_stage(tmp_path_factory):
    """A cloud of its own: the owner really does everything."""
    server = start_volano(tmp_path_factory.mktemp("owner"))
    yield make_stage(server)
    server.stop()


def in_order(protocol):
    """Reads first and what ends things last, so that what an action names is there."""
    ends = ("Delete", "Remove", "Close", "Leave", "Detach", "delete", "remove", "end", "signOut")
    found = actions(protocol)
    last = [one for one in found if one.operation.startswith(ends)]
    last += [one for one in found if one.operation in ("apps.uninstall", "auth.revoke")]
    middle = [one for one in found if not one.read_only and one not in last]
    return [one for one in found if one.read_only] + middle + last


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_owner_is_never_refused_for_want_of_rights(own_stage, protocol):
    wrong = []
    owner = dict(own_stage.cloud.credentials)
    for found in in_order(protocol):
        code, text, status = CALLS[protocol](own_stage, found, owner)
        refused = code in DENIED or "not authorized to perform" in text
        refused = refused or code in (
            "not_authed",
            "invalid_auth",
            "missing_scope",
            "no_permission",
        )
        if protocol in ("rest", "openai"):
            refused = refused or status in (401, 403)
        refused = refused and OF_THE_CONSOLE not in text
        if (refused and found.name not in OWNER_REFUSED) or "Traceback" in text or status == 500:
            wrong.append((found.name, status, code, text[:200]))
    assert not wrong, "\n".join(map(str, wrong))


def test_the_matrix_has_every_action():
    named = {one.name for protocol in PROTOCOLS for one in actions(protocol)}
    every = {one.name for one in list_actions() if one.permission != PUBLIC}
    assert len(named) > 300
    assert not {name for name in every - named if name.startswith("volano:")}
    assert set(OWNER_REFUSED) <= every
