"""The managed policies that come with Volano: AWS's names that clients attach by ARN, and our own.

They live under `arn:aws:iam::aws:policy/` and cannot be changed. Their documents say less than
AWS's (which enumerate services that Volano does not have) but grant the same in what it has.
"""

from __future__ import annotations

import json
from functools import lru_cache

from volano.services.identity.model.policies import Policy, PolicyVersion

MANAGED_ACCOUNT = "aws"
_MADE_US = 1_735_689_600_000_000  # 2025-01-01, the day of the first list

_READ = ["*:Get*", "*:List*", "*:Describe*", "*:Head*", "*:Search*", "*:Select*", "*:Lookup*"]
_READ += ["*:BatchGet*", "*:View*", "*:Simulate*"]


def _allow(*actions: str) -> dict[str, object]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*"}


_STATEMENTS: dict[str, tuple[str, list[dict[str, object]]]] = {
    "AdministratorAccess": ("Full access to everything in the account.", [_allow("*")]),
    "PowerUserAccess": (
        "Everything but managing people, keys and policies.",
        [
            {
                "Effect": "Allow",
                "NotAction": ["iam:*", "identity:*", "account:*", "operator:*"],
                "Resource": "*",
            },
            _allow("iam:ListRoles", "iam:GetRole", "iam:GetUser", "iam:GetAccountSummary"),
        ],
    ),
    "ReadOnlyAccess": ("Reads everything in the account.", [_allow(*_READ)]),
    "SecurityAudit": (
        "Reads people, policies and the audit trail.",
        [_allow("iam:Get*", "iam:List*", "iam:Simulate*", "identity:List*", "identity:Get*")],
    ),
    "IAMFullAccess": ("People, keys and policies.", [_allow("iam:*", "identity:*")]),
    "IAMReadOnlyAccess": (
        "Reads people, keys and policies.",
        [_allow("iam:Get*", "iam:List*", "iam:Simulate*", "identity:Get*", "identity:List*")],
    ),
    "IAMUserChangePassword": (
        "Lets a user change the own password.",
        [_allow("iam:ChangePassword", "iam:GetAccountPasswordPolicy")],
    ),
    "AmazonS3FullAccess": ("All buckets and objects.", [_allow("s3:*", "s3-object-lambda:*")]),
    "AmazonS3ReadOnlyAccess": (
        "Reads all buckets and objects.",
        [_allow("s3:Get*", "s3:List*", "s3:Describe*", "s3:Head*")],
    ),
    "AmazonEC2FullAccess": (
        "All instances, volumes and networks.",
        [_allow("ec2:*", "elasticloadbalancing:*", "cloudwatch:*", "autoscaling:*")],
    ),
    "AmazonEC2ReadOnlyAccess": (
        "Reads instances, volumes and networks.",
        [_allow("ec2:Describe*", "ec2:Get*", "ec2:Search*")],
    ),
    "AmazonVPCFullAccess": ("Networks.", [_allow("ec2:*Vpc*", "ec2:*Subnet*", "ec2:Describe*")]),
    "AmazonSQSFullAccess": ("All queues.", [_allow("sqs:*")]),
    "AmazonSNSFullAccess": ("All topics.", [_allow("sns:*")]),
    "AWSKeyManagementServicePowerUser": (
        "Uses and makes keys.",
        [_allow("kms:Create*", "kms:Describe*", "kms:List*", "kms:TagResource", "kms:Get*")],
    ),
    "Billing": ("Prices, usage, budgets and invoices.", [_allow("billing:*", "ce:*", "budgets:*")]),
    "VolanoModelsFullAccess": ("Models: use, pull, deploy and remove.", [_allow("models:*")]),
    "VolanoModelsUse": (
        "Uses the models that are there.",
        [_allow("models:List*", "models:Get*", "models:Create*", "models:Invoke*", "models:Use*")],
    ),
    "VolanoChatMember": ("Takes part in the workplace.", [_allow("chat:*")]),
    "VolanoStudioFullAccess": ("Datasets, fine-tuning, evals, agents.", [_allow("studio:*")]),
    "VolanoBillingReadOnly": (
        "Reads prices, usage and the bill.",
        [_allow("billing:Get*", "billing:List*", "ce:Get*")],
    ),
}

_PATHS = {"Billing": "/job-function/"}


@lru_cache(maxsize=1)
def managed_documents() -> dict[str, str]:
    """ARN to document."""
    return {
        f"arn:aws:iam::aws:policy{_PATHS.get(name, '/')}{name}": json.dumps(
            {"Version": "2012-10-17", "Statement": statements}
        )
        for name, (_, statements) in _STATEMENTS.items()
    }


@lru_cache(maxsize=1)
def managed_policies() -> tuple[Policy, ...]:
    """All of them, by name whatever its case."""
    return tuple(
        Policy(
            id="ANPA" + name.upper().translate(_TO_BASE32).ljust(16, "A")[:17],
            account=MANAGED_ACCOUNT,
            name=name,
            path=_PATHS.get(name, "/"),
            description=_STATEMENTS[name][0],
            default_version=1,
            last_version=1,
            created_us=_MADE_US,
            updated_us=_MADE_US,
        )
        for name in sorted(_STATEMENTS, key=str.lower)
    )


_TO_BASE32 = str.maketrans({"0": "A", "1": "B", "8": "C", "9": "D"})


def find_managed_policy(arn: str) -> Policy | None:
    return next((policy for policy in managed_policies() if policy.arn == arn), None)


def managed_version(policy: Policy) -> PolicyVersion:
    """The only version of a managed policy."""
    return PolicyVersion(
        policy_id=policy.id,
        version=1,
        document=managed_documents()[policy.arn],
        created_us=_MADE_US,
    )


def managed_arn(name: str) -> str:
    """The ARN of a policy of this list."""
    assert name in _STATEMENTS, name
    return f"arn:aws:iam::aws:policy{_PATHS.get(name, '/')}{name}"
