"""What IAM tells of a bad policy document, and which of several mistakes it tells.

The sentences and their order are those of the cases recorded in moto's test_iam_policies.py.
"""

from __future__ import annotations

import json

import pytest

from volano.services.identity.logic.policy import PolicyKind, require_policy
from volano.services.identity.model.errors import MalformedPolicyDocument

SYNTAX = "Syntax errors in policy."
OLD = "Policy document must be version 2012-10-17 or greater."
LEGACY = "The policy failed legacy parsing"
BUCKET = "arn:aws:s3:::shop"


def told(statement: object, **document: object) -> str:
    """The error of an identity policy with these parts; '' when it is taken."""
    text = json.dumps({"Version": "2012-10-17", "Statement": statement, **document})
    try:
        require_policy(text, PolicyKind.IDENTITY)
    except MalformedPolicyDocument as error:
        return error.message
    return ""


def allow(action: object = "s3:ListBucket", resource: object = BUCKET, **more: object) -> object:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        (allow(), ""),
        (allow("*", "*"), ""),
        (allow(["s3:Get*", "ec2:*"], [BUCKET, "arn:aws:iam::123456789012:user/*"]), ""),
        (allow("iam: odd name "), ""),
        (allow(resource="arn:aws:anything"), ""),
        (allow(Condition={"Bool": {"aws:SecureTransport": False}}), ""),
        (allow(Condition={"NoSuchOperator": {}}), ""),
        (allow(resource="arn:aws:s3:eu-home-1:123456789012:accesspoint/a"), ""),
        ("text", SYNTAX),
        ([], SYNTAX),
        (allow(Extra="x"), SYNTAX),
        (allow(Sid=[]), SYNTAX),
        ({"Action": "s3:*", "Resource": "*"}, SYNTAX),
        (allow(NotAction="s3:*"), SYNTAX),
        (allow(NotResource=[]), SYNTAX),
        (allow([[]]), SYNTAX),
        (allow(resource=["*", None]), SYNTAX),
        (allow(Condition=[]), SYNTAX),
        (allow(Condition={"StringEquals": "x"}), SYNTAX),
        (allow(Condition={"StringEquals": {"a": {}}}), SYNTAX),
        (allow(Condition={"ForAnyValue::StringEquals": {"a": "x"}}), SYNTAX),
        (allow(Sid="not_alphanumeric"), "Statement IDs (SID) must be alpha-numeric"),
        (allow("ListBucket"), "Actions/Conditions must be prefaced by a vendor"),
        (allow("s3:List:Bucket"), "Actions/Condition can contain only one colon."),
        (allow("s 3:ListBucket"), "Vendor s 3 is not valid"),
        ({"Effect": "Allow"}, "Policy statement must contain actions."),
        (allow([]), "Policy statement must contain actions."),
        ({"Effect": "Allow", "Action": "s3:*"}, "Policy statement must contain resources."),
        (allow(resource="shop"), 'Resource shop must be in ARN format or "*".'),
        (allow(resource=["*", ""]), 'Resource  must be in ARN format or "*".'),
        (allow(resource="arn:mars:s3:::b"), 'Partition "mars" is not valid for resource "arn:mars:'),
        (allow(resource="s3:shop"), 'Partition "shop" is not valid for resource "arn:shop:*:*:*:*".'),
        (allow(resource="arn:aws"), "Resource vendor must be fully qualified"),
        (allow(resource="arn:aws:s3:eu-home-1::b"), "Resource arn:aws:s3:eu-home-1::b can not"),
        (allow(resource="arn:aws:iam:eu-home-1::user/a"), "IAM resource arn:aws:iam:eu-home-1::user/"),
        (allow(resource="arn:aws:iam::123456789012:shop"), 'IAM resource path must either be "*" or'),
        (allow(resource="arn:aws:s3::shop"), LEGACY),
        (allow(resource="arn:aws::::shop"), LEGACY),
        (allow(Effect="ALLOW"), LEGACY),
        (allow(Condition={"DateLessThan": {"aws:CurrentTime": "someday"}}), LEGACY),
        (allow(Condition={"DateLessThan": {"aws:CurrentTime": "9223372036854775808"}}), LEGACY),
        ([allow(Sid="a"), allow(Sid="a")], "Statement IDs (SID) in a single policy must be unique."),
    ],
)  # fmt: skip
def test_a_bad_statement_is_told(statement: object, error: str) -> None:
    found = told(statement)
    assert found.startswith(error) if error else found == ""


@pytest.mark.parametrize(
    ("statement", "document", "error"),
    [
        (allow(Effect="ALLOW"), {"Version": "2008-10-17"}, OLD),
        (allow(Extra="x"), {"Version": "2008-10-17"}, SYNTAX),
        (allow(), {"Version": "2013-10-17"}, SYNTAX),
        (allow(), {"Id": {}}, SYNTAX),
        (allow(), {"Extra": "x"}, SYNTAX),
        ([allow(Sid="a", Effect="ALLOW"), allow(Sid="a")], {}, LEGACY),
        ([allow(Sid="a"), {"Sid": "a", "Effect": "Deny"}], {}, "Statement IDs"),
        ([allow("s3:a:b"), {"Effect": "Deny"}], {}, "Policy statement must contain actions."),
        (allow("s:3:ListBucket", "shop"), {}, "Resource shop must be in ARN format"),
        ({"Effect": "Allow", "Action": "s3"}, {}, "Actions/Conditions must be prefaced"),
        ({"Effect": "Allow", "Resource": "arn:aws:s3::shop"}, {}, LEGACY),
    ],
)
def test_the_first_of_several_mistakes_is_told(
    statement: object, document: dict[str, object], error: str
) -> None:
    assert told(statement, **document).startswith(error)
