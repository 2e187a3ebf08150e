"""What ValidatePolicy finds: a place and a sentence for each mistake, and none that IAM takes."""

from __future__ import annotations

import json

import pytest

from volano.services.identity.logic.policy import (
    FindingKind,
    PolicyKind,
    compile_policy,
    find_in_policy,
)
from volano.services.identity.model.errors import MalformedPolicyDocument

READS = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*"}


def document(*statements: object, **more: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **more})


def errors(text: str, kind: PolicyKind = PolicyKind.IDENTITY) -> list[tuple[str, tuple]]:
    found = find_in_policy(text, kind)
    return [(each.code, each.path) for each in found if each.kind is FindingKind.ERROR]


MALFORMED = [
    (document(READS, Comment="x"), ("INVALID_POLICY_ELEMENT", ("Comment",))),
    (
        document({**READS, "Actions": "s3:*"}),
        ("INVALID_POLICY_ELEMENT", ("Statement", 0, "Actions")),
    ),
    (document({**READS, "Effect": "allow"}), ("INVALID_EFFECT", ("Statement", 0, "Effect"))),
    (document({"Action": "s3:*", "Resource": "*"}), ("MISSING_EFFECT", ("Statement", 0))),
    (document({"Effect": "Allow", "Resource": "*"}), ("MISSING_ACTION", ("Statement", 0))),
    (document({"Effect": "Allow", "Action": "s3:*"}), ("MISSING_RESOURCE", ("Statement", 0))),
    (document({**READS, "Action": "GetObject"}), ("INVALID_ACTION", ("Statement", 0, "Action"))),
    (document({**READS, "Action": 1}), ("DATA_TYPE_MISMATCH", ("Statement", 0, "Action"))),
    (
        document(READS, {**READS, "Condition": {"StringFoo": {"aws:username": "x"}}}),
        ("INVALID_CONDITION_OPERATOR", ("Statement", 1, "Condition", "StringFoo")),
    ),
    (
        document({**READS, "Principal": "*"}),
        ("UNSUPPORTED_ELEMENT_PRINCIPAL", ("Statement", 0, "Principal")),
    ),
    (document({**READS, "Resource": "reports"}), ("INVALID_POLICY_ELEMENT", ())),
    (
        document({**READS, "Sid": "a"}, {**READS, "Sid": "a"}),
        ("UNIQUE_SIDS_RECOMMENDED", ("Statement", 1, "Sid")),
    ),
    (document(), ("MISSING_STATEMENT", ())),
    (document(READS, Version="2020-01-01"), ("INVALID_VERSION", ("Version",))),
    ("[]", ("JSON_SYNTAX_ERROR", ())),
    ("{", ("JSON_SYNTAX_ERROR", ())),
]


@pytest.mark.parametrize(("text", "wanted"), MALFORMED)
def test_what_iam_refuses_has_a_place_and_a_code(text, wanted):
    with pytest.raises(MalformedPolicyDocument):
        compile_policy(text, PolicyKind.IDENTITY)
    assert wanted in errors(text)


def test_a_policy_that_iam_takes_has_no_error():
    assert find_in_policy(document(READS), PolicyKind.IDENTITY) == []
    principal = {**READS, "Principal": {"AWS": "111122223333"}}
    assert find_in_policy(document(principal), PolicyKind.RESOURCE) == []
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "111122223333"}}
    assert find_in_policy(document(trust), PolicyKind.TRUST) == []
    assert errors(document(READS), PolicyKind.RESOURCE) == [("MISSING_PRINCIPAL", ("Statement", 0))]


def test_risks_are_told_apart_from_mistakes():
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    (risk,) = find_in_policy(document(everything), PolicyKind.IDENTITY)
    assert risk.kind is FindingKind.SECURITY_WARNING
    passes = {"Effect": "Allow", "Action": ["iam:PassRole", "s3:*"], "Resource": "*"}
    (risk,) = find_in_policy(document(passes), PolicyKind.IDENTITY)
    assert (risk.code, risk.path) == (
        "PASS_ROLE_WITH_STAR_IN_RESOURCE",
        ("Statement", 0, "Resource"),
    )
    assert find_in_policy(document({**everything, "Effect": "Deny"}), PolicyKind.IDENTITY) == []
    old = json.dumps({"Statement": {**READS, "Principal": "*"}})
    (warning,) = find_in_policy(old, PolicyKind.RESOURCE)
    assert warning.code == "MISSING_VERSION"


def test_text_that_is_no_json_is_pointed_at():
    (found,) = find_in_policy('{\n  "Version": oops\n}', PolicyKind.IDENTITY)
    assert (found.line, found.column) == (2, 13)
