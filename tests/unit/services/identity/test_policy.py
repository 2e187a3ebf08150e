"""The policy language: tables from the IAM user guide, and properties.

Each case names the rule of the guide ("Policy evaluation logic", "Condition operators", "Policy
variables", "Principal") that it pins.
"""

from __future__ import annotations

import contextlib
import fnmatch
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volano.kernel.call import Call
from volano.kernel.identity import Principal, PrincipalKind
from volano.kernel.ids import AccountId, PrincipalId, RequestId
from volano.services.identity.logic.policy import (
    CallFacts,
    Policies,
    PolicyKind,
    Question,
    compile_policy,
    decide,
)
from volano.services.identity.logic.policy.patterns import compile_arn, compile_glob, parse_tokens
from volano.services.identity.model.errors import MalformedPolicyDocument

ACCOUNT, OTHER = AccountId("111122223333"), AccountId("444455556666")
NOW_US = 1_780_000_000_000_000
USER = Principal(
    kind=PrincipalKind.USER,
    account=ACCOUNT,
    id=PrincipalId("AIDAEXAMPLE"),
    name="ada",
    arn=f"arn:aws:iam::{ACCOUNT}:user/ada",
    tags={"Team": "blue"},
)
SESSION = Principal(
    kind=PrincipalKind.ROLE_SESSION,
    account=ACCOUNT,
    id=PrincipalId("AROAEXAMPLE:work"),
    name="worker",
    arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/work",
)
ROOT = Principal(
    kind=PrincipalKind.ROOT,
    account=ACCOUNT,
    id=PrincipalId(ACCOUNT),
    name="<root>",
    arn=f"arn:aws:iam::{ACCOUNT}:root",
)
NOBODY = Principal(
    kind=PrincipalKind.ANONYMOUS,
    account=AccountId(""),
    id=PrincipalId("anonymous"),
    name="anonymous",
    arn="*",
)


def document(*statements: dict, version: str = "2012-10-17") -> str:
    return json.dumps({"Version": version, "Statement": list(statements)})


def allow(action="*", resource="*", **more) -> dict:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action="*", resource="*", **more) -> dict:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def identity(*statements: dict):
    return compile_policy(document(*statements), PolicyKind.IDENTITY)


def resource_policy(*statements: dict):
    return compile_policy(document(*statements), PolicyKind.RESOURCE)


def ask(
    permission="s3:GetObject",
    on="arn:aws:s3:::b/k",
    *,
    who=USER,
    same_account=True,
    context=None,
    must=False,
    **policies,
):
    call = Call(
        principal=who,
        account=who.account,
        region="eu-home-1",
        request_id=RequestId("r"),
        deadline_s=0.0,
        door="aws",
        source_ip="203.0.113.7",
    )
    facts = CallFacts(call, context or {}, now_us=NOW_US, resource_account=ACCOUNT)
    question = Question(
        who=who,
        permission=permission,
        resource=on,
        same_account=same_account,
        facts=facts,
        resource_must_allow=must,
    )
    return decide(question, Policies(**policies))


@pytest.mark.parametrize(
    ("statement", "permission", "resource", "allowed"),
    [
        (allow("s3:GetObject"), "s3:GetObject", "arn:aws:s3:::b/k", True),
        (allow("S3:getobject"), "s3:GetObject", "arn:aws:s3:::b/k", True),
        (allow("s3:Get*"), "s3:GetObjectTagging", "arn:aws:s3:::b/k", True),
        (allow("s3:Get*"), "s3:PutObject", "arn:aws:s3:::b/k", False),
        (allow("s3:?etObject"), "s3:GetObject", "arn:aws:s3:::b/k", True),
        (allow("*:Get*"), "ec2:GetConsoleOutput", "*", True),
        (allow("s3:*", "arn:aws:s3:::b/*"), "s3:GetObject", "arn:aws:s3:::b/a/c", True),
        (allow("s3:*", "arn:aws:s3:::b/*"), "s3:ListBucket", "arn:aws:s3:::b", False),
        (allow("s3:*", "arn:aws:s3:::b/K"), "s3:GetObject", "arn:aws:s3:::b/k", False),
        (allow("s3:*", "arn:aws:s3:::b/*/x"), "s3:GetObject", "arn:aws:s3:::b/1/2/x", True),
        (allow("s3:*", "arn:aws:s3:::b/?"), "s3:GetObject", "arn:aws:s3:::b/kk", False),
        (
            allow("ec2:*", f"arn:aws:ec2:*:{ACCOUNT}:instance/*"),
            "ec2:StopInstances",
            f"arn:aws:ec2:eu-home-1:{ACCOUNT}:instance/i-1",
            True,
        ),
        (
            allow("ec2:*", "arn:aws:ec2:*:instance/i-1"),
            "ec2:StopInstances",
            f"arn:aws:ec2:eu-home-1:{ACCOUNT}:instance/i-1",
            None,
        ),
        (
            {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
            "s3:GetObject",
            "arn:aws:s3:::b/k",
            True,
        ),
        (
            {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
            "iam:ListUsers",
            "*",
            False,
        ),
        (
            {"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::secret/*"},
            "s3:GetObject",
            "arn:aws:s3:::secret/k",
            False,
        ),
        (
            {"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::secret/*"},
            "s3:GetObject",
            "arn:aws:s3:::open/k",
            True,
        ),
    ],
)
def test_actions_and_resources(statement, permission, resource, allowed):
    if allowed is None:
        with pytest.raises(MalformedPolicyDocument):
            identity(statement)
        return
    assert ask(permission, resource, identity=identity(statement)).allowed is allowed


@pytest.mark.parametrize(
    ("condition", "context", "met"),
    [
        ({"StringEquals": {"s3:prefix": "home/"}}, {"s3:prefix": "home/"}, True),
        ({"StringEquals": {"s3:prefix": ["a", "home/"]}}, {"S3:Prefix": "home/"}, True),
        ({"StringEquals": {"s3:prefix": "home/"}}, {}, False),
        ({"StringEquals": {"s3:prefix": "*"}}, {"s3:prefix": "x"}, False),
        ({"StringNotEquals": {"s3:prefix": "home/"}}, {}, True),
        ({"StringNotEquals": {"s3:prefix": ["a", "b"]}}, {"s3:prefix": "b"}, False),
        ({"StringEqualsIfExists": {"s3:prefix": "home/"}}, {}, True),
        ({"StringEqualsIfExists": {"s3:prefix": "home/"}}, {"s3:prefix": "x"}, False),
        ({"StringEqualsIgnoreCase": {"s3:prefix": "HOME/"}}, {"s3:prefix": "home/"}, True),
        ({"StringLike": {"s3:prefix": "home/*"}}, {"s3:prefix": "home/ada"}, True),
        (
            {"StringLike": {"s3:prefix": "home/${aws:username}/*"}},
            {"s3:prefix": "home/ada/x"},
            True,
        ),
        (
            {"StringLike": {"s3:prefix": "home/${aws:username}/*"}},
            {"s3:prefix": "home/bob/x"},
            False,
        ),
        ({"StringLike": {"s3:prefix": "${x:y, 'home'}/*"}}, {"s3:prefix": "home/x"}, True),
        ({"StringNotLike": {"s3:prefix": "home/*"}}, {"s3:prefix": "home/ada"}, False),
        ({"NumericLessThan": {"s3:max-keys": "10"}}, {"s3:max-keys": "9"}, True),
        ({"NumericLessThanEquals": {"s3:max-keys": 10}}, {"s3:max-keys": "10.0"}, True),
        ({"NumericGreaterThan": {"s3:max-keys": "10"}}, {"s3:max-keys": "9"}, False),
        ({"NumericEquals": {"s3:max-keys": "10"}}, {"s3:max-keys": "many"}, False),
        ({"NumericNotEquals": {"s3:max-keys": "10"}}, {"s3:max-keys": "11"}, True),
        ({"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}, {}, True),
        ({"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}, {}, False),
        ({"DateLessThan": {"aws:EpochTime": "1780000001"}}, {}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, {"aws:SecureTransport": "true"}, True),
        ({"Bool": {"aws:SecureTransport": True}}, {"aws:SecureTransport": "false"}, False),
        ({"Bool": {"aws:SecureTransport": "false"}}, {}, False),
        ({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, {}, True),
        ({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "203.0.113.7"]}}, {}, True),
        ({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, {}, False),
        ({"IpAddress": {"aws:SourceIp": "2001:db8::/32"}}, {}, False),
        ({"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/*"}}, {}, True),
        ({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::*:user/ada"}}, {}, True),
        ({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/ada"}}, {}, False),
        ({"Null": {"s3:prefix": "true"}}, {}, True),
        ({"Null": {"s3:prefix": "false"}}, {"s3:prefix": ""}, True),
        ({"StringEquals": {"aws:PrincipalTag/team": "blue"}}, {}, True),
        ({"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}, {}, True),
        # What a service passes cannot change who asks.
        ({"StringEquals": {"aws:username": "bob"}}, {"aws:username": "bob"}, False),
        # Multivalued keys.
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:TagKeys": "a\nb"}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}, {"aws:TagKeys": "a\nb"}, False),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}, {}, True),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["b"]}}, {"aws:TagKeys": "a\nb"}, True),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["b"]}}, {}, False),
        # All operators and keys must be met.
        (
            {"StringEquals": {"s3:prefix": "a"}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
            {"s3:prefix": "a"},
            False,
        ),
    ],
)
def test_conditions(condition, context, met):
    policy = identity(allow(Condition=condition))
    assert ask(context=context, identity=policy).allowed is met
    denied = identity(allow(), deny(Condition=condition))
    assert ask(context=context, identity=denied).allowed is not met


def test_variables_are_literal_text_in_the_older_version():
    statement = allow("s3:*", "arn:aws:s3:::b/${aws:username}", Principal="*")
    older = compile_policy(document(statement, version="2008-10-17"), PolicyKind.RESOURCE)
    assert not ask(on="arn:aws:s3:::b/ada", resource=older).allowed
    assert ask(on="arn:aws:s3:::b/${aws:username}", resource=older).allowed
    assert ask(on="arn:aws:s3:::b/ada", resource=resource_policy(statement)).allowed


def test_variable_values_are_no_patterns():
    policy = identity(allow("s3:*", "arn:aws:s3:::b/${s3:prefix}/*"))
    assert not ask(
        on="arn:aws:s3:::b/secret/k", identity=policy, context={"s3:prefix": "*"}
    ).allowed
    assert ask(on="arn:aws:s3:::b/*/k", identity=policy, context={"s3:prefix": "*"}).allowed


def test_statement_whose_variable_has_no_value_does_not_match():
    policy = identity(allow("s3:*", "arn:aws:s3:::b/${aws:username}"))
    assert ask(on="arn:aws:s3:::b/ada", identity=policy).allowed
    assert not ask(on="arn:aws:s3:::b/", who=SESSION, identity=policy).allowed


EVERYONE = resource_policy(allow(Principal="*"))
THE_ACCOUNT = resource_policy(allow(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}))
THE_USER = resource_policy(allow(Principal={"AWS": USER.arn}))
THE_ROLE = resource_policy(allow(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/path/worker"}))
THE_SESSION = resource_policy(allow(Principal={"AWS": SESSION.arn}))
ALL, NONE = identity(allow()), identity(allow("nothing:*"))


@pytest.mark.parametrize(
    ("rule", "policies", "allowed"),
    [
        ("nothing said is refused", {}, False),
        ("identity allows", {"identity": ALL}, True),
        ("explicit deny beats allow", {"identity": identity(allow(), deny("s3:*"))}, False),
        ("resource names everyone", {"resource": EVERYONE}, True),
        ("resource names the user", {"resource": THE_USER}, True),
        ("resource names the account: only delegates", {"resource": THE_ACCOUNT}, False),
        ("account delegates, identity allows", {"resource": THE_ACCOUNT, "identity": ALL}, True),
        ("resource names another", {"resource": THE_SESSION}, False),
        ("boundary allows", {"identity": ALL, "boundary": ALL}, True),
        ("boundary is silent", {"identity": ALL, "boundary": NONE}, False),
        ("boundary alone gives nothing", {"boundary": ALL}, False),
        (
            "boundary does not limit a grant to the user",
            {"resource": THE_USER, "boundary": NONE},
            True,
        ),
        ("boundary limits a grant to everyone", {"resource": EVERYONE, "boundary": NONE}, False),
        (
            "boundary denies a grant to the user",
            {"resource": THE_USER, "boundary": identity(deny())},
            False,
        ),
        (
            "resource denies what identity allows",
            {"identity": ALL, "resource": resource_policy(deny(Principal="*"))},
            False,
        ),
        (
            "deny for all but the user lets the user",
            {
                "identity": ALL,
                "resource": resource_policy(
                    {
                        "Effect": "Deny",
                        "NotPrincipal": {"AWS": [USER.arn]},
                        "Action": "*",
                        "Resource": "*",
                    }
                ),
            },
            True,
        ),
        (
            "deny for all but another and the account refuses the user",
            {
                "identity": ALL,
                "resource": resource_policy(
                    {
                        "Effect": "Deny",
                        "NotPrincipal": {"AWS": [SESSION.arn, f"arn:aws:iam::{ACCOUNT}:root"]},
                        "Action": "*",
                        "Resource": "*",
                    }
                ),
            },
            False,
        ),
        (
            "deny for all but another refuses the user",
            {
                "identity": ALL,
                "resource": resource_policy(
                    {
                        "Effect": "Deny",
                        "NotPrincipal": {"AWS": [SESSION.arn]},
                        "Action": "*",
                        "Resource": "*",
                    }
                ),
            },
            False,
        ),
    ],
)
def test_decisions_for_a_user_in_the_own_account(rule, policies, allowed):
    assert ask(**policies).allowed is allowed, rule


@pytest.mark.parametrize(
    ("rule", "policies", "allowed"),
    [
        ("session policy allows", {"identity": ALL, "session": ALL}, True),
        ("session policy is silent", {"identity": ALL, "session": NONE}, False),
        ("session policy denies", {"identity": ALL, "session": identity(deny())}, False),
        ("session policy alone gives nothing", {"session": ALL}, False),
        ("resource names the role", {"resource": THE_ROLE}, True),
        ("resource names the session", {"resource": THE_SESSION}, True),
        (
            "session policy limits a grant to the role",
            {"resource": THE_ROLE, "session": NONE},
            False,
        ),
        (
            "session policy does not limit a grant to the session",
            {"resource": THE_SESSION, "session": NONE},
            True,
        ),
    ],
)
def test_decisions_for_a_role_session(rule, policies, allowed):
    assert ask(who=SESSION, **policies).allowed is allowed, rule


@pytest.mark.parametrize(
    ("rule", "policies", "allowed"),
    [
        ("identity alone is not enough", {"identity": ALL}, False),
        ("resource alone is not enough", {"resource": THE_USER}, False),
        ("both", {"identity": ALL, "resource": THE_USER}, True),
        ("both, by the account", {"identity": ALL, "resource": THE_ACCOUNT}, True),
        ("both, by everyone", {"identity": ALL, "resource": EVERYONE}, True),
        ("both, but a boundary", {"identity": ALL, "resource": THE_USER, "boundary": NONE}, False),
    ],
)
def test_decisions_across_accounts(rule, policies, allowed):
    assert ask(same_account=False, **policies).allowed is allowed, rule


def test_root_may_everything_in_the_own_account_only():
    assert ask(who=ROOT).allowed
    assert not ask(who=ROOT, same_account=False).allowed
    assert ask(who=ROOT, same_account=False, resource=THE_ACCOUNT).allowed
    shut = resource_policy(deny(Principal="*"))
    assert not ask(who=ROOT, resource=shut).allowed
    assert ask("s3:DeleteBucketPolicy", who=ROOT, resource=shut).allowed


def test_nobody_may_only_what_a_resource_opens_to_everyone():
    assert not ask(who=NOBODY, same_account=False).allowed
    assert not ask(who=NOBODY, same_account=False, resource=THE_ACCOUNT).allowed
    assert ask(who=NOBODY, same_account=False, resource=EVERYONE).allowed


def test_a_role_needs_its_trust_policy_whatever_identity_policies_say():
    def trust(principal: object):
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
        return compile_policy(document(statement), PolicyKind.TRUST)

    role = f"arn:aws:iam::{ACCOUNT}:role/r"
    assume = {"permission": "sts:AssumeRole", "on": role, "must": True}
    assert not ask(identity=ALL, resource=trust({"Service": "ec2.amazonaws.com"}), **assume).allowed
    assert ask(resource=trust({"AWS": USER.arn}), **assume).allowed
    assert not ask(resource=trust({"AWS": ACCOUNT}), **assume).allowed
    assert ask(identity=ALL, resource=trust({"AWS": ACCOUNT}), **assume).allowed


@pytest.mark.parametrize(
    ("policies", "words"),
    [
        ({}, "because no identity-based policy allows the s3:GetObject action"),
        ({"identity": identity(deny())}, "with an explicit deny in an identity-based policy"),
        ({"identity": ALL, "boundary": NONE}, "because no permissions boundary allows"),
        ({"identity": ALL, "session": NONE}, "because no session policy allows"),
        (
            {"identity": ALL, "resource": resource_policy(deny(Principal="*"))},
            "with an explicit deny in a resource-based policy",
        ),
    ],
)
def test_reasons_are_told_in_aws_words(policies, words):
    assert words in ask(**policies).reason


PATTERN = st.text("ab*?:/.", max_size=12)
TEXT = st.text("ab:/.", max_size=16)


@given(PATTERN, TEXT)
def test_globs_agree_with_the_standard_librarys(pattern, text):
    assert compile_glob(pattern)(text) is fnmatch.fnmatchcase(text, pattern)


@given(st.lists(st.text("ab*?", max_size=6), min_size=6, max_size=8), TEXT)
def test_a_star_in_an_arn_stays_in_its_segment_but_for_the_last(parts, tail):
    pattern = ":".join(parts)
    matches = compile_arn(parse_tokens(pattern, variables=False))
    text = ":".join(part.replace("*", "a").replace("?", "b") for part in parts)
    assert matches(text)
    if "*" not in "".join(parts[:5]):
        return
    shifted = "a:" + text
    expected = all(
        fnmatch.fnmatchcase(have, want)
        for have, want in zip(shifted.split(":", 5), pattern.split(":", 5), strict=True)
    )
    assert matches(shifted) is expected


def test_no_pattern_makes_matching_slow():
    match = compile_glob("*a" * 60 + "b")
    assert not match("a" * 2000)  # a backtracking matcher would not end


STATEMENTS = st.lists(
    st.fixed_dictionaries(
        {
            "Effect": st.sampled_from(["Allow", "Deny"]),
            "Action": st.sampled_from(["s3:GetObject", "s3:Get*", "s3:*", "*", "ec2:*"]),
            "Resource": st.sampled_from(
                ["*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/k", "arn:aws:s3:::x"]
            ),
        }
    ),
    min_size=1,
    max_size=6,
)


@given(STATEMENTS)
def test_any_matching_deny_refuses_and_otherwise_any_matching_allow_allows(statements):
    def matches(one: dict) -> bool:
        return fnmatch.fnmatchcase("s3:GetObject", one["Action"]) and fnmatch.fnmatchcase(
            "arn:aws:s3:::b/k", one["Resource"]
        )

    effects = {one["Effect"] for one in statements if matches(one)}
    expected = "Allow" in effects and "Deny" not in effects
    assert ask(identity=identity(*statements)).allowed is expected


@given(STATEMENTS, STATEMENTS)
def test_a_boundary_never_gives_more(statements, boundary):
    free = ask(identity=identity(*statements)).allowed
    bound = ask(identity=identity(*statements), boundary=identity(*boundary)).allowed
    assert bound <= free


@given(st.text(max_size=200))
def test_any_text_is_refused_or_compiled(text):
    for kind in PolicyKind:
        with contextlib.suppress(MalformedPolicyDocument):
            compile_policy(text, kind)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "Version",
                    "Statement",
                    "Effect",
                    "Action",
                    "Resource",
                    "Condition",
                    "Principal",
                    "AWS",
                    "StringLike",
                    "Sid",
                    "2012-10-17",
                    "x",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_refused_or_compiled(value):
    for kind in PolicyKind:
        with contextlib.suppress(MalformedPolicyDocument):
            compile_policy(json.dumps(value), kind)
