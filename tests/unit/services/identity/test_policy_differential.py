"""The policy engine against an independent evaluator, on random policies and requests.

3,000 cases in every run; VOLANO_DIFFERENTIAL_CASES (`make differential`: 100,000) asks for more. A
case is made from its number, so that what a disagreement prints can be run again.
"""

from __future__ import annotations

import json
import os
import random
from datetime import UTC, datetime

from tests.unit.services.identity.reference_evaluator import Asker, Documents, Request, evaluate

from volano.kernel.call import Call
from volano.kernel.identity import Principal, PrincipalKind
from volano.kernel.ids import AccountId, PrincipalId, RequestId
from volano.services.identity.logic.policy import (
    CallFacts,
    Policies,
    PolicyKind,
    Question,
    Source,
    SourceKind,
    compile_policy,
    decide,
    explain,
    merge,
)

CASES = int(os.environ.get("VOLANO_DIFFERENTIAL_CASES", "3000"))
SEED = 20_261_122
HOME, AWAY = "111122223333", "444455556666"
NOW_US = 1_780_000_000_000_000
ACTIONS = ("s3:GetObject", "s3:PutObject", "s3:ListBucket", "ec2:StartInstances", "kms:Decrypt")
ACTION_PATTERNS = (
    *ACTIONS,
    "*",
    "s3:*",
    "S3:getobject",
    "s3:?etObject",
    "*:Get*",
    "s3:*Object",
    "ec2:*",
    "kms:De*pt",
    "s3:List*",
)
RESOURCES = (
    "arn:aws:s3:::b",
    "arn:aws:s3:::b/k",
    "arn:aws:s3:::b/ada/k",
    "arn:aws:s3:::b/red/x*y",
    "arn:aws:s3:::b/none/k",
    f"arn:aws:ec2:eu-1:{HOME}:instance/i-1",
    f"arn:aws:ec2:us-1:{AWAY}:instance/i-2",
    f"arn:aws:kms:eu-1:{HOME}:key/1",
    "*",
)
RESOURCE_PATTERNS = (
    *RESOURCES,
    "*",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::*",
    "arn:aws:s3:::b/${aws:username}/*",
    "arn:aws:s3:::b/${aws:PrincipalTag/team, 'none'}/*",
    "arn:aws:s3:::b/${aws:PrincipalTag/team}/${*}",
    "arn:aws:s3:::b/red/x${*}y",
    "arn:aws:s3:::b/?",
    f"arn:aws:ec2:*:{HOME}:instance/*",
    "arn:aws:ec2:eu-?:*:instance/i-*",
    "arn:aws:*:*:*:*",
    "arn:aws:kms:*:*:key/${app:missing}",
    "arn:aws:s3:::${aws:userid}",
)
TEXTS = (
    "ada",
    "Ada",
    "red",
    "blue",
    "a*",
    "?da",
    "${aws:username}",
    "${aws:PrincipalTag/team, 'none'}",
    "${app:missing}",
    "x${*}",
    "home/ada",
    "home/*",
)
ARNS = (
    f"arn:aws:iam::{HOME}:user/ada",
    f"arn:aws:iam::{HOME}:user/*",
    f"arn:aws:iam::{HOME}:role/worker",
    f"arn:aws:*::{HOME}:*",
    "arn:aws:sts::*:assumed-role/worker/*",
    "*",
)
NUMBERS = ("1", "10", "10.0", "100", "-3", "1e2")
DATES = (
    "2026-05-28T20:26:40Z",
    "2026-05-28T20:26:39Z",
    "2020-01-01",
    "2030-01-01T00:00:00+02:00",
    "1780000000",
    "0",
)
NETWORKS = ("10.0.0.0/8", "203.0.113.7", "203.0.113.0/24", "2001:db8::/32", "0.0.0.0/0", "::/0")
FLAGS = ("true", "false", "True")
BLOBS = ("QmluYXJ5", "T3RoZXI=")
STRING_KEYS = (
    "aws:username",
    "aws:PrincipalTag/team",
    "s3:prefix",
    "aws:PRINCIPALTAG/Team",
    "app:missing",
    "aws:userid",
    "aws:PrincipalAccount",
    "aws:PrincipalType",
)
OPERATORS = (
    (
        (
            "StringEquals",
            "StringNotEquals",
            "StringEqualsIgnoreCase",
            "StringNotEqualsIgnoreCase",
            "StringLike",
            "StringNotLike",
        ),
        STRING_KEYS,
        TEXTS,
    ),
    (
        ("ArnLike", "ArnNotLike", "ArnEquals", "ArnNotEquals"),
        ("aws:PrincipalArn", "aws:SourceArn"),
        ARNS,
    ),
    (
        (
            "NumericEquals",
            "NumericNotEquals",
            "NumericLessThan",
            "NumericLessThanEquals",
            "NumericGreaterThan",
            "NumericGreaterThanEquals",
        ),
        ("s3:max-keys", "aws:EpochTime", "app:missing"),
        NUMBERS,
    ),
    (
        (
            "DateEquals",
            "DateNotEquals",
            "DateLessThan",
            "DateLessThanEquals",
            "DateGreaterThan",
            "DateGreaterThanEquals",
        ),
        ("aws:CurrentTime", "aws:EpochTime", "app:missing"),
        DATES,
    ),
    (("IpAddress", "NotIpAddress"), ("aws:SourceIp", "app:missing"), NETWORKS),
    (("Bool",), ("aws:SecureTransport", "aws:MultiFactorAuthPresent"), FLAGS),
    (("BinaryEquals",), ("app:blob",), BLOBS),
    (("Null",), ("aws:MultiFactorAuthPresent", "s3:prefix", "aws:TagKeys", "aws:username"), FLAGS),
)
SET_OPERATORS = (
    "StringEquals",
    "StringLike",
    "StringNotEquals",
    "StringNotLike",
    "StringEqualsIgnoreCase",
)
TAG_KEYS = ("team", "cost", "Team", "te*", "stage")
PRINCIPALS = (
    "*",
    {"AWS": "*"},
    {"AWS": HOME},
    {"AWS": f"arn:aws:iam::{HOME}:root"},
    {"AWS": f"arn:aws:iam::{HOME}:user/ada"},
    {"AWS": "AIDAADA"},
    {"AWS": f"arn:aws:iam::{HOME}:role/worker"},
    {"AWS": f"arn:aws:sts::{HOME}:assumed-role/worker/work"},
    {"AWS": [AWAY, f"arn:aws:iam::{HOME}:user/eve"]},
    {"AWS": f"arn:aws:iam::{AWAY}:user/bob"},
    {"Service": "sns.amazonaws.com"},
    {"AWS": HOME, "Service": ["ec2.amazonaws.com", "sns.amazonaws.com"]},
    {"AWS": f"arn:aws:sts::{HOME}:federated-user/guest"},
)


def principal(
    kind: PrincipalKind, account: str, unique: str, name: str, arn: str, **more
) -> Principal:
    return Principal(
        kind=kind, account=AccountId(account), id=PrincipalId(unique), name=name, arn=arn, **more
    )


ADA = principal(
    PrincipalKind.USER,
    HOME,
    "AIDAADA",
    "ada",
    f"arn:aws:iam::{HOME}:user/ada",
    tags={"team": "red"},
)
EVE = principal(PrincipalKind.USER, HOME, "AIDAEVE", "eve", f"arn:aws:iam::{HOME}:user/eve")
BOB = principal(
    PrincipalKind.USER,
    AWAY,
    "AIDABOB",
    "bob",
    f"arn:aws:iam::{AWAY}:user/bob",
    tags={"Team": "blue"},
)
WORK = principal(
    PrincipalKind.ROLE_SESSION,
    HOME,
    "AROAW:work",
    "worker",
    f"arn:aws:sts::{HOME}:assumed-role/worker/work",
    tags={"team": "none"},
)
ROOT = principal(PrincipalKind.ROOT, HOME, HOME, "<root>", f"arn:aws:iam::{HOME}:root")
GUEST = principal(
    PrincipalKind.USER,
    HOME,
    f"{HOME}:guest",
    "guest",
    f"arn:aws:sts::{HOME}:federated-user/guest",
    holder="AIDAADA",
    holder_arn=ADA.arn,
)
NOBODY = principal(PrincipalKind.ANONYMOUS, "", "anonymous", "anonymous", "*")
SNS = principal(
    PrincipalKind.SYSTEM, AWAY, "sns.amazonaws.com", "sns.amazonaws.com", "sns.amazonaws.com"
)
ASKERS = (
    (
        ADA,
        Asker("user", HOME, (ADA.arn, "AIDAADA")),
        {"aws:username": "ada", "aws:principaltype": "User", "aws:principaltag/team": "red"},
    ),
    (
        EVE,
        Asker("user", HOME, (EVE.arn, "AIDAEVE")),
        {"aws:username": "eve", "aws:principaltype": "User"},
    ),
    (
        BOB,
        Asker("user", AWAY, (BOB.arn, "AIDABOB")),
        {"aws:username": "bob", "aws:principaltype": "User", "aws:principaltag/team": "blue"},
    ),
    (
        WORK,
        Asker("session", HOME, (WORK.arn, "AROAW:work"), f"arn:aws:iam::{HOME}:role/worker"),
        {
            "aws:principaltype": "AssumedRole",
            "aws:principaltag/team": "none",
            "aws:principalarn": f"arn:aws:iam::{HOME}:role/worker",
        },
    ),
    (ROOT, Asker("root", HOME, (ROOT.arn, HOME)), {"aws:principaltype": "Account"}),
    (
        GUEST,
        Asker("federated", HOME, (GUEST.arn, f"{HOME}:guest"), role=ADA.arn),
        {"aws:principaltype": "FederatedUser"},
    ),
    (
        NOBODY,
        Asker("anonymous"),
        {"aws:principaltype": "Anonymous", "aws:principalarn": None, "aws:principalaccount": None},
    ),
    (SNS, Asker("service", AWAY, ("sns.amazonaws.com",)), {"aws:principaltype": "Service"}),
)


class Chance:
    """Random policies and requests, from one number."""

    def __init__(self, number: int) -> None:
        self.random = random.Random(SEED + number)

    def one(self, choices):
        return self.random.choice(choices)

    def some(self, choices, most: int = 3):
        found = [self.one(choices) for _ in range(self.random.randint(1, most))]
        return found[0] if len(found) == 1 and self.random.random() < 0.5 else found

    def maybe(self, probability: float) -> bool:
        return self.random.random() < probability

    def condition(self) -> dict:
        found: dict[str, dict] = {}
        for _ in range(self.random.randint(1, 2)):
            if self.maybe(0.2):
                operator = f"{self.one(('ForAllValues', 'ForAnyValue'))}:{self.one(SET_OPERATORS)}"
                key, values = (
                    self.one(("aws:TagKeys", "aws:username", "app:missing")),
                    self.some(TAG_KEYS),
                )
            else:
                names, keys, choices = self.one(OPERATORS)
                operator, key, values = self.one(names), self.one(keys), self.some(choices)
            if operator != "Null" and self.maybe(0.2):
                operator += "IfExists"
            found.setdefault(operator, {})[key] = values
        return found

    def statement(self, *, named: bool, likely: float) -> dict:
        found: dict[str, object] = {"Effect": "Allow" if self.maybe(likely) else "Deny"}
        found["NotAction" if self.maybe(0.1) else "Action"] = self.some(ACTION_PATTERNS)
        found["NotResource" if self.maybe(0.1) else "Resource"] = self.some(RESOURCE_PATTERNS)
        if named:
            found["NotPrincipal" if self.maybe(0.1) else "Principal"] = self.one(PRINCIPALS)
        if self.maybe(0.35):
            found["Condition"] = self.condition()
        return found

    def document(self, *, named: bool = False, likely: float = 0.75, most: int = 3) -> dict:
        count = self.random.randint(1, most)
        version = "2008-10-17" if named and self.maybe(0.1) else "2012-10-17"
        return {
            "Version": version,
            "Statement": [self.statement(named=named, likely=likely) for _ in range(count)],
        }

    def levels(self, *, named: bool) -> list[list[dict]]:
        full = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        full = {"Version": "2012-10-17", "Statement": full | ({"Principal": "*"} if named else {})}
        found = []
        for _ in range(self.random.randint(1, 3)):
            level = [full] if self.maybe(0.8) else [self.document(named=named)]
            found.append(
                level
                + ([self.document(named=named, likely=0.3, most=1)] if self.maybe(0.3) else [])
            )
        return found

    def request(self):
        who, asker, keys = self.one(ASKERS)
        resource = self.one(RESOURCES)
        owner = self.one((HOME, HOME, AWAY))
        given: dict[str, list[str]] = {}
        for key, choices in (
            ("s3:prefix", ("home/ada", "home/", "ada", "")),
            ("s3:max-keys", (*NUMBERS, "many")),
            ("app:blob", BLOBS),
            ("aws:SecureTransport", ("true", "false")),
            ("aws:MultiFactorAuthPresent", ("true", "false")),
            ("aws:SourceArn", (f"arn:aws:iam::{HOME}:user/ada", "none")),
        ):
            if self.maybe(0.5):
                given[key] = [self.one(choices)]
        if self.maybe(0.5):
            given["aws:TagKeys"] = [
                self.one(("team", "cost", "Team", "other"))
                for _ in range(self.random.randint(0, 3))
            ]
        address = self.one(("203.0.113.7", "10.1.2.3", "2001:db8::1", "::ffff:10.0.0.1"))
        context = {
            "aws:userid": [who.id],
            "aws:principalarn": [who.arn],
            "aws:principalaccount": [who.account],
            "aws:sourceip": [address],
            "aws:currenttime": [datetime.fromtimestamp(NOW_US / 1e6, UTC).isoformat()],
            "aws:epochtime": [str(NOW_US // 1_000_000)],
            **{key: [value] for key, value in keys.items() if value is not None},
            **{key.lower(): values for key, values in given.items()},
        }
        for key, value in keys.items():
            if value is None:
                del context[key]
        reference = Request(
            asker, self.one(ACTIONS), resource, owner, context, resource_must_allow=self.maybe(0.15)
        )
        call = Call(
            principal=who,
            account=who.account,
            region="eu-1",
            request_id=RequestId("r"),
            deadline_s=0.0,
            door="aws",
            source_ip=address,
            context={key: "\n".join(values) for key, values in given.items()},
        )
        question = Question(
            who=who,
            permission=reference.action,
            resource=resource,
            same_account=owner == who.account,
            facts=CallFacts(call, {}, now_us=NOW_US, resource_account=AccountId(owner)),
            resource_must_allow=reference.resource_must_allow,
        )
        return reference, question

    def documents(self, kind: str) -> Documents:
        holds = kind not in ("root", "anonymous", "service")
        person = kind not in ("anonymous", "service")
        return Documents(
            identity=[self.document() for _ in range(self.random.randint(0, 3))] if holds else [],
            boundary=self.document(likely=0.9) if holds and self.maybe(0.25) else None,
            session=self.document(likely=0.9) if person and self.maybe(0.25) else None,
            resource=self.document(named=True) if self.maybe(0.6) else None,
            service_control=self.levels(named=False) if person and self.maybe(0.3) else [],
            resource_control=self.levels(named=True)
            if kind != "service" and self.maybe(0.2)
            else [],
        )


def sources(documents: Documents) -> list[Source]:
    """The same policies for `explain`, in new texts with the same meaning."""

    def one(kind: SourceKind, document: dict, level: int = 0) -> Source:
        named = kind in (SourceKind.RESOURCE, SourceKind.RESOURCE_CONTROL)
        text = json.dumps(document)
        compiled = compile_policy(text, PolicyKind.RESOURCE if named else PolicyKind.IDENTITY)
        return Source(kind=kind, name="p", text=text, compiled=compiled, level=level)

    found = [one(SourceKind.IDENTITY, document) for document in documents.identity]
    single = (
        (SourceKind.BOUNDARY, documents.boundary),
        (SourceKind.SESSION, documents.session),
        (SourceKind.RESOURCE, documents.resource),
    )
    found += [one(kind, document) for kind, document in single if document is not None]
    for kind, levels in (
        (SourceKind.SERVICE_CONTROL, documents.service_control),
        (SourceKind.RESOURCE_CONTROL, documents.resource_control),
    ):
        found += [
            one(kind, document, level) for level, these in enumerate(levels) for document in these
        ]
    return found


def compiled(found: list[Source]) -> Policies:
    def single(kind: SourceKind):
        sets = [source.compiled for source in found if source.kind is kind]
        return merge(sets) if sets else None

    def levels(kind: SourceKind):
        numbers = sorted({source.level for source in found if source.kind is kind})
        return tuple(
            merge([s.compiled for s in found if s.kind is kind and s.level == number])
            for number in numbers
        )

    return Policies(
        identity=single(SourceKind.IDENTITY),
        boundary=single(SourceKind.BOUNDARY),
        session=single(SourceKind.SESSION),
        resource=single(SourceKind.RESOURCE),
        service_control=levels(SourceKind.SERVICE_CONTROL),
        resource_control=levels(SourceKind.RESOURCE_CONTROL),
    )


def test_both_evaluators_agree():
    allowed = denied = 0
    for number in range(CASES):
        chance = Chance(number)
        reference, question = chance.request()
        documents = chance.documents(reference.asker.kind)
        found = sources(documents)
        verdict = decide(question, compiled(found))
        expected = evaluate(reference, documents)
        told = f"case {number}: {reference}\n{documents}\nours {verdict}"
        assert (verdict.allowed, verdict.explicit) == expected, told
        explained = explain(question, found, is_known=lambda key: True)
        assert explained.verdict == verdict, told
        if verdict.allowed and reference.asker.kind != "root":
            assert any(not match.statement.deny for match in explained.deciding()), told
        if verdict.explicit:
            assert all(match.statement.deny for match in explained.deciding()), told
        allowed += verdict.allowed
        denied += verdict.explicit
    # The cases say something: each outcome is common.
    assert allowed > CASES * 0.1
    assert denied > CASES * 0.1
    assert CASES - allowed - denied > CASES * 0.1
