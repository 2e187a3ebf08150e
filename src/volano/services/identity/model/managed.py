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


_LOGS = _allow("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")

_CHAT_MEMBER = [
    _allow("chat:*"),
    _allow("office:*Approval", "office:*Approvals", "office:*Task", "office:*Tasks"),
    _allow("office:ListForms"),
    _allow("calendar:*", "documents:*"),
    _allow("assistants:*Assistant", "assistants:*Proposal", "assistants:List*"),
    _allow("assistants:GetSettings"),
]

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
        "Reads people, policies, organizations, keys and the audit trail.",
        [
            _allow("iam:Get*", "iam:List*", "iam:Simulate*", "iam:Generate*", "identity:List*"),
            _allow("identity:Get*", "organizations:Describe*", "organizations:List*"),
            _allow("kms:Describe*", "kms:List*", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus"),
            _allow("s3:GetBucket*", "s3:ListAllMyBuckets", "s3:GetEncryptionConfiguration"),
            _allow("cloudtrail:Describe*", "cloudtrail:Get*", "cloudtrail:LookupEvents"),
            _allow("ec2:Describe*", "sqs:GetQueueAttributes", "sqs:ListQueues", "sns:List*"),
        ],
    ),
    "ViewOnlyAccess": (
        "Lists what there is, without reading what is in it.",
        [_allow("*:List*", "*:Describe*", "s3:GetBucketLocation")],
    ),
    "SystemAdministrator": (
        "Runs instances, networks, queues, keys and logs.",
        [
            _allow("ec2:*", "elasticloadbalancing:*", "autoscaling:*", "cloudwatch:*", "logs:*"),
            _allow("sqs:*", "sns:*", "cloudtrail:Describe*", "cloudtrail:Get*", "s3:List*"),
            _allow("kms:CreateKey", "kms:CreateAlias", "kms:List*", "kms:Describe*", "iam:Get*"),
            _allow("iam:List*"),
        ],
    ),
    "NetworkAdministrator": (
        "Networks, addresses and load balancers.",
        [
            _allow("ec2:*Vpc*", "ec2:*Subnet*", "ec2:*Route*", "ec2:*Address*", "ec2:*Gateway*"),
            _allow("ec2:*SecurityGroup*", "ec2:*NetworkInterface*", "ec2:*NetworkAcl*"),
            _allow("ec2:Describe*", "elasticloadbalancing:*", "route53:*"),
        ],
    ),
    "DatabaseAdministrator": (
        "Databases, their keys and their backups.",
        [_allow("rds:*", "dynamodb:*", "elasticache:*", "kms:List*", "s3:List*", "iam:ListRoles")],
    ),
    "SupportUser": (
        "Reads settings to help others, and no contents.",
        [_allow("*:Describe*", "*:List*", "iam:Get*", "s3:GetBucket*")],
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
    "AmazonSQSReadOnlyAccess": (
        "Reads all queues' settings.",
        [_allow("sqs:Get*", "sqs:List*")],
    ),
    "AmazonSNSFullAccess": ("All topics.", [_allow("sns:*")]),
    "AmazonSNSReadOnlyAccess": ("Reads all topics.", [_allow("sns:Get*", "sns:List*")]),
    "AmazonVPCReadOnlyAccess": ("Reads networks.", [_allow("ec2:Describe*")]),
    "AmazonDynamoDBFullAccess": ("All tables.", [_allow("dynamodb:*")]),
    "AmazonDynamoDBReadOnlyAccess": (
        "Reads all tables.",
        [
            _allow("dynamodb:Get*", "dynamodb:BatchGet*", "dynamodb:Describe*", "dynamodb:List*"),
            _allow("dynamodb:Query", "dynamodb:Scan"),
        ],
    ),
    "AmazonRDSFullAccess": ("All databases.", [_allow("rds:*")]),
    "AmazonRDSReadOnlyAccess": ("Reads all databases' settings.", [_allow("rds:Describe*")]),
    "CloudWatchFullAccess": ("Metrics, alarms and logs.", [_allow("cloudwatch:*", "logs:*")]),
    "CloudWatchReadOnlyAccess": (
        "Reads metrics, alarms and logs.",
        [
            _allow("cloudwatch:Get*", "cloudwatch:List*", "cloudwatch:Describe*", "logs:Get*"),
            _allow("logs:Describe*", "logs:FilterLogEvents"),
        ],
    ),
    "CloudWatchLogsFullAccess": ("All logs.", [_allow("logs:*")]),
    "AWSCloudTrail_FullAccess": ("Audit trails.", [_allow("cloudtrail:*")]),
    "AWSCloudTrail_ReadOnlyAccess": (
        "Reads audit trails.",
        [
            _allow("cloudtrail:Get*", "cloudtrail:Describe*", "cloudtrail:List*"),
            _allow("cloudtrail:LookupEvents"),
        ],
    ),
    "SecretsManagerReadWrite": ("All secrets.", [_allow("secretsmanager:*", "kms:ListKeys")]),
    "AWSKeyManagementServicePowerUser": (
        "Makes keys and manages them, without using them.",
        [
            _allow("kms:CreateAlias", "kms:CreateKey", "kms:DeleteAlias", "kms:Describe*"),
            _allow("kms:GenerateRandom", "kms:Get*", "kms:List*", "kms:TagResource"),
            _allow("kms:UntagResource", "iam:ListGroups", "iam:ListRoles", "iam:ListUsers"),
        ],
    ),
    "AWSOrganizationsFullAccess": ("The organization.", [_allow("organizations:*")]),
    "AWSOrganizationsReadOnlyAccess": (
        "Reads the organization.",
        [_allow("organizations:Describe*", "organizations:List*")],
    ),
    "IAMUserSSHKeys": (
        "Lets a user manage SSH keys.",
        [
            _allow("iam:DeleteSSHPublicKey", "iam:GetSSHPublicKey", "iam:ListSSHPublicKeys"),
            _allow("iam:UpdateSSHPublicKey", "iam:UploadSSHPublicKey"),
        ],
    ),
    "IAMSelfManageServiceSpecificCredentials": (
        "Lets a user manage the own passwords of single services.",
        [
            _allow("iam:CreateServiceSpecificCredential", "iam:ListServiceSpecificCredentials"),
            _allow("iam:UpdateServiceSpecificCredential", "iam:DeleteServiceSpecificCredential"),
            _allow("iam:ResetServiceSpecificCredential"),
        ],
    ),
    "AmazonBedrockFullAccess": ("All models.", [_allow("bedrock:*", "models:*")]),
    "Billing": ("Prices, usage, budgets and invoices.", [_allow("billing:*", "ce:*", "budgets:*")]),
    "AmazonBedrockReadOnly": (
        "Sees which models there are.",
        [_allow("bedrock:Get*", "bedrock:List*", "models:Get*", "models:List*")],
    ),
    "IAMAccessAnalyzerFullAccess": ("The policy checks.", [_allow("access-analyzer:*")]),
    "IAMAccessAnalyzerReadOnlyAccess": (
        "The policy checks, without changes.",
        [_allow("access-analyzer:Get*", "access-analyzer:List*", "access-analyzer:Validate*")],
    ),
    "AWSDenyAll": ("Denies everything.", [{**_allow("*"), "Effect": "Deny"}]),
    "AWSSupportAccess": ("The support desk of AWS.", [_allow("support:*")]),
    "AWSLambda_FullAccess": ("All functions.", [_allow("lambda:*"), _LOGS]),
    "AWSLambdaBasicExecutionRole": ("Lets a function write its log.", [_LOGS]),
    "AWSLambdaVPCAccessExecutionRole": (
        "Lets a function write its log and stand in a network.",
        [
            _LOGS,
            _allow("ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces"),
            _allow("ec2:DeleteNetworkInterface", "ec2:DescribeSubnets"),
        ],
    ),
    "AWSLambdaSQSQueueExecutionRole": (
        "Lets a function write its log and take messages of queues.",
        [_LOGS, _allow("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")],
    ),
    "AmazonSSMManagedInstanceCore": (
        "Lets an instance speak with Systems Manager.",
        [
            _allow("ssm:Describe*", "ssm:Get*", "ssm:List*", "ssm:Put*", "ssm:Update*"),
            _allow("ssmmessages:*", "ec2messages:*"),
        ],
    ),
    "CloudWatchAgentServerPolicy": (
        "Lets an instance send measurements and logs.",
        [_LOGS, _allow("cloudwatch:PutMetricData", "ec2:DescribeVolumes", "ec2:DescribeTags")],
    ),
    "VolanoModelsFullAccess": ("Models: use, pull, deploy and remove.", [_allow("models:*")]),
    "VolanoModelsUse": (
        "Uses the models that are there.",
        [_allow("models:List*", "models:Get*", "models:Create*", "models:Invoke*", "models:Use*")],
    ),
    "VolanoChatMember": (
        "Takes part in the workplace: chat, approvals, tasks, calendars, documents, assistants.",
        _CHAT_MEMBER,
    ),
    "VolanoChatAdministrator": (
        "Takes part in the workplace and keeps it: people, channels, records, imports.",
        [*_CHAT_MEMBER, _allow("chatadmin:*")],
    ),
    "VolanoChatGuest": (
        "Takes part in the channels of the workplace that the person was invited to.",
        [
            _allow("chat:Get*", "chat:List*", "chat:ReadMessages", "chat:Search"),
            _allow("chat:OpenDirect"),
            _allow("chat:PostMessage", "chat:React", "chat:PinMessage", "chat:JoinChannel"),
            _allow("chat:UploadFile", "chat:DeleteFile", "chat:SetProfile", "chat:KeepDesk"),
            _allow("chat:AcknowledgeUrgent", "chat:Remind", "chat:ShowView", "chat:UseApps"),
        ],
    ),
    "VolanoStudioFullAccess": ("Datasets, fine-tuning, evals, agents.", [_allow("studio:*")]),
    "VolanoBillingReadOnly": (
        "Reads prices, usage and the bill.",
        [_allow("billing:Get*", "billing:List*", "ce:Get*")],
    ),
}

_JOBS = (
    "Billing",
    "DatabaseAdministrator",
    "NetworkAdministrator",
    "SupportUser",
    "SystemAdministrator",
    "ViewOnlyAccess",
)
_OF_SERVICES = (
    "AWSLambdaBasicExecutionRole",
    "AWSLambdaSQSQueueExecutionRole",
    "AWSLambdaVPCAccessExecutionRole",
)
_PATHS = {
    **dict.fromkeys(_JOBS, "/job-function/"),
    **dict.fromkeys(_OF_SERVICES, "/service-role/"),
}


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
            id="ANPA" + name.upper().replace("_", "").translate(_TO_BASE32).ljust(16, "A")[:17],
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
