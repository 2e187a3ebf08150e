"""A decision about a whole prefix is never more than the evaluator would say of any name in it."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from volano.kernel.identity import Principal, PrincipalKind
from volano.kernel.ids import AccountId, PrincipalId
from volano.services.identity.logic.policy import (
    Policies,
    PolicyKind,
    Question,
    compile_policy,
    decide,
)
from volano.services.identity.logic.policy.spans import effect_under, is_allowed_under
from volano.services.identity.logic.policy.statements import Effect

PREFIX = "arn:aws:s3:::shop/"
PERMISSION = "s3:GetObject"
NAMES = ("", "a", "key", "k/e/y", "*", "${aws:username}", "bob", "x" * 50)
PATTERNS = (
    "*", "arn:aws:s3:::*", "arn:aws:s3:::shop/*", "arn:aws:s3:::shop/k*", "arn:aws:s3:::sh*",
    "arn:aws:s3:::shop/key", "arn:aws:s3:::shop", "arn:aws:s3:::other/*", "arn:aws:s3:::*/key",
    "arn:aws:s3:::shop/?ey", "arn:aws:s3:::shop/${aws:username}", "arn:aws:s3:::shop/${aws:username}/*",
    "arn:aws:s3:::shop//*", "arn:aws:s3:::shop/**", "arn:aws:s3:*:*:shop/*",
)  # fmt: skip
CONDITIONS = (
    {},
    {"StringEquals": {"aws:username": "bob"}},
    {"StringNotEquals": {"aws:username": "bob"}},
)


class Facts:
    def __init__(self, name):
        self._name = name

    def value(self, key):
        return self._name if key == "aws:username" else None

    def values(self, key):
        value = self.value(key)
        return None if value is None else (value,)


@st.composite
def statements(draw):
    resource = draw(st.sampled_from(("Resource", "Resource", "Resource", "NotResource")))
    action = draw(st.sampled_from(("Action", "Action", "NotAction")))
    return {
        "Effect": draw(st.sampled_from(("Allow", "Allow", "Deny"))),
        action: draw(st.sampled_from(("*", "s3:*", "s3:Get*", "s3:GetObject", "iam:*"))),
        resource: draw(st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3)),
        "Condition": draw(st.sampled_from(CONDITIONS)),
    }


POLICIES = st.lists(statements(), min_size=1, max_size=4).map(
    lambda items: compile_policy(
        json.dumps({"Version": "2012-10-17", "Statement": items}), PolicyKind.IDENTITY
    )
)


@settings(max_examples=400)
@given(policy=POLICIES, name=st.sampled_from(NAMES), user=st.sampled_from(("bob", "eve", None)))
def test_an_effect_on_a_prefix_is_the_effect_on_every_name(policy, name, user):
    whole = effect_under(policy, PERMISSION, PREFIX)
    if whole is not None:
        assert policy.evaluate(PERMISSION, PREFIX + name, Facts(user)) is whole


@settings(max_examples=400)
@given(
    identity=POLICIES,
    boundary=st.none() | POLICIES,
    session=st.none() | POLICIES,
    control=st.lists(POLICIES, max_size=2),
    root=st.booleans(),
    name=st.sampled_from(NAMES),
)
def test_what_is_allowed_as_a_whole_is_allowed_by_the_evaluator(
    identity, boundary, session, control, root, name
):
    policies = Policies(
        identity=None if root else identity,
        boundary=boundary,
        session=session,
        service_control=tuple(control),
    )
    if not is_allowed_under(policies, PERMISSION, PREFIX, is_root=root):
        return
    who = Principal(
        kind=PrincipalKind.ROOT if root else PrincipalKind.USER,
        account=AccountId("111122223333"),
        id=PrincipalId("AIDA1"),
        name="bob",
        arn="arn:aws:iam::111122223333:user/bob",
    )
    for user in ("bob", "eve", None):
        question = Question(
            who=who,
            permission=PERMISSION,
            resource=PREFIX + name,
            same_account=True,
            facts=Facts(user),
        )
        assert decide(question, policies).allowed


def test_common_policies_are_decided_as_a_whole():
    def effect(*items):
        document = json.dumps({"Version": "2012-10-17", "Statement": list(items)})
        return effect_under(compile_policy(document, PolicyKind.IDENTITY), PERMISSION, PREFIX)

    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    assert effect(allow) is Effect.ALLOW
    assert (
        effect({**allow, "Resource": ["arn:aws:s3:::shop", "arn:aws:s3:::shop/*"]}) is Effect.ALLOW
    )
    assert (
        effect(allow, {**allow, "Effect": "Deny", "Resource": "arn:aws:s3:::other/*"})
        is Effect.ALLOW
    )
    assert effect(allow, {**allow, "Effect": "Deny", "Resource": "arn:aws:s3:::shop/a*"}) is None
    assert effect({**allow, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}) is None
    assert effect({**allow, "Resource": "arn:aws:s3:::other/*"}) is Effect.NONE
    assert effect({**allow, "Effect": "Deny"}) is Effect.DENY
