"""Rules of IAM that public suites check, and what test mode takes for their sake."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from volano.kernel.call import system_call
from volano.services.identity.api.shapes import tag_page, tags_of
from volano.services.identity.logic.oidc import create_provider, list_providers
from volano.services.identity.logic.roles import make_role
from volano.services.identity.model.errors import (
    InvalidInput,
    MalformedPolicyDocument,
    ValidationError,
)

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.ids import AccountId

ACCOUNT: AccountId = "123456789012"  # type: ignore[assignment]


@pytest.mark.parametrize("trust", ["some policy", "{}", "a stringified json"])
def test_test_mode_takes_words_for_a_trust_policy(env: Env, trust: str) -> None:
    with pytest.raises(MalformedPolicyDocument):
        make_role(env, ACCOUNT, "r", trust)
    lax = replace(env, config=replace(env.config, test_mode=True))
    assert make_role(lax, ACCOUNT, "r", trust).trust == trust
    for broken in ("", '{"Statement": []}'):
        with pytest.raises(MalformedPolicyDocument):
            make_role(lax, ACCOUNT, "r", broken)


def test_test_mode_takes_paths_without_slashes(env: Env) -> None:
    with pytest.raises(ValidationError, match="must begin and end with /"):
        make_role(env, ACCOUNT, "r", "some policy", path="team")
    lax = replace(env, config=replace(env.config, test_mode=True))
    assert make_role(lax, ACCOUNT, "r", "some policy", path="team").path == "team"
    with pytest.raises(ValidationError, match="must begin and end with /"):
        make_role(lax, ACCOUNT, "r", "some policy", path="a team")


async def test_test_mode_takes_issuers_without_tls(env: Env) -> None:
    call = system_call(env, ACCOUNT)
    lax = replace(env, config=replace(env.config, test_mode=True))
    for where, url in ((env, "http://issuer.example"), (lax, "ftp://issuer.example")):
        with pytest.raises(ValidationError, match="Invalid Open ID Connect Provider URL"):
            await create_provider(where, call, url, client_ids=(), thumbprints=(), tags={})
    assert not await list_providers(env, call)
    made = await create_provider(
        lax, call, "http://issuer.example", client_ids=(), thumbprints=(), tags={}
    )
    assert await list_providers(env, call) == [made]


def test_tag_keys_that_differ_only_in_case_are_refused() -> None:
    pairs = [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]
    with pytest.raises(InvalidInput, match="Duplicate tag keys"):
        tags_of({"Tags": pairs})
    assert tags_of({"Tags": pairs[:1]}) == {"a": "1"}


def test_tags_are_paged() -> None:
    tags = {"a": "1", "b": "2", "c": "3"}
    page = tag_page({"MaxItems": 2}, tags)
    assert (len(page["Tags"]), page["IsTruncated"], page["Marker"]) == (2, True, "2")
    rest = tag_page({"Marker": page["Marker"]}, tags)
    assert rest == {"Tags": [{"Key": "c", "Value": "3"}], "IsTruncated": False}
    with pytest.raises(ValidationError):
        tag_page({"Marker": "x"}, tags)
