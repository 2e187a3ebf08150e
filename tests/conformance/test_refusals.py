"""Every action of every door refuses who may not: nobody, another account, and a user without rights.

The list of actions comes from the registry, so that none can be forgotten. Each is called through its
own door with the least input that its model allows, naming things of the first account. Nobody and
the user without rights must be refused in the door's own form; another account must be refused or
see nothing of the first. Afterwards the database is what it was.
"""

import base64
import contextlib
import json
import sqlite3
import time
import typing
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass

import msgspec
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from tests.saml import Provider

from volano.app.discover import load_services
from volano.wire.action import PUBLIC, SIGNED_IN, list_actions, request_type
from volano.wire.aws.catalog import get_service
from volano.wire.decode import fields_of
from volano.wire.form import UploadedFile
from volano.wire.results import Upload

load_services()

DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AccessDeniedFault"}
UNSIGNED_CODES = {
    "AccessDenied",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "AuthFailure",
    "UnrecognizedClientException",
}

NEEDS_ONLY_A_CREDENTIAL = {
    "sts:GetCallerIdentity": "tells the caller who they are",
    "sts:GetSessionToken": "a narrower credential of the caller's own",
    "s3:DeleteObjects": "each key is authorized by itself: the answer lists the refusals",
    "slack:auth.test": "tells the caller who they are",
    "slack:apps.connections.open": "opens the caller's own socket",
    "slack:auth.revoke": "ends the caller's own token",
    "slack:auth.teams.list": "the caller's own workspace",
    "slack:openid.connect.userInfo": "tells the caller who they are",
    "slack:users.identity": "tells the caller who they are",
    "volano:createKey": "a key of the caller's own, with no more rights than the caller",
    "volano:deleteKey": "the caller's own keys only",
    "volano:listKeys": "the caller's own keys only",
    "volano:getOauthRequest": "tells a program's name, which it registered without a credential",
    "volano:listOauthGrants": "the programs that act for the caller",
    "volano:getSession": "tells the caller who they are",
    "volano:listUsable": "tells the caller which permissions are theirs",
    "volano:listSessions": "the caller's own sessions",
    "volano:endSession": "the caller's own sessions",
    "volano:signOut": "the caller's own session",
    "volano:changePassword": "the caller's own password",
    "volano:getComputeCatalog": "the list of instance types, the same for all",
    "volano:listPrices": "the price list, the same for all",
    "volano:listZones": "the zones, the same for all",
    "volano:createObjectLink": "the link can do what its maker may: each use is authorized",
    "volano:deleteObjects": "each key is authorized by itself: the answer lists the refusals",
    "volano:callAws": "the operation that is called is authorized by itself",
    "volano:getSecurityOverview": "each of its checks is authorized by itself, and says so",
}
"""Actions that a user without any policy may call, and why that is right."""

REPEATS_THE_QUESTION = {
    "volano:listAudit": "the other account's own refused calls name what it asked for",
    "cloudtrail:LookupEvents": "the other account's own refused calls name what it asked for",
}
"""Answers that hold what the caller said before, and nothing of the first account."""

ALSO_NEEDS = {
    "kms:ReplicateKey": {"ReplicaRegion": "eu-west-1"},
    "iam:GetAccountAuthorizationDetails": {"Filter": ["User"]},
    "secretsmanager:GetSecretValue": {"VersionId": "0" * 32},
    "ec2:CreateTags": {"Tags": [{"Key": "k", "Value": "v"}]},
}
"""What an operation requires although its model does not say so."""

LIVES_WITHOUT_ROWS = {
    "audit": "each refusal is written there",
    "outbox": "events of work",
    "event_cursor": "delivery",
    "event_dead": "delivery",
    "lease": "work",
    "job": "work",
    "compute_node": "heartbeats",
    "s3_work_state": "work",
    "s3_bucket_usage": "metering",
    "s3_changed": "what the log is still to be told",
    "billing_usage": "metering",
    "billing_day": "metering",
    "models_answer": "metering",
    "identity_login_attempt": "counts refusals",
    "identity_service_use": "when somebody last used a service",
}
TIMES_OF_USE = ("used_us", "last_used", "used_service", "seen_us", "vector")


@dataclass
class Stage:
    """The first account's things, and who is going to ask for them."""

    cloud: typing.Any
    values: dict
    other: dict
    weak: dict
    clients: dict

    def digest(self, *, first_only=False):
        """Every row that matters, by table; with `first_only` those of the first account."""
        database = sqlite3.connect(f"file:{self.cloud.data_dir / 'volano.db'}?mode=ro", uri=True)
        with contextlib.closing(database):
            wait_until_folded(database)
            names = [
                row[0]
                for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            ]
            found = {}
            for name in names:
                if any(word in name for word in LIVES_WITHOUT_ROWS) or name.startswith("sqlite_"):
                    continue
                columns = [row[1] for row in database.execute(f'PRAGMA table_info("{name}")')]
                kept = [c for c in columns if not any(word in c for word in TIMES_OF_USE)]
                rows = {
                    str(row) for row in database.execute(f'SELECT {", ".join(kept)} FROM "{name}"')
                }
                found[name] = {
                    row for row in rows if not first_only or self.values["account"] in row
                }
            return found


def wait_until_folded(database, limit_s=60):
    """Documents that other tests wrote become versions a moment later; wait for that."""
    end = time.monotonic() + limit_s
    waiting = "SELECT COUNT(*) FROM documents_document WHERE seq > base_seq"
    while database.execute(waiting).fetchone()[0]:
        assert time.monotonic() < end, "documents are not folded"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def stage(volano_sqlite):
    return make_stage(volano_sqlite)


def make_stage(cloud):
    """One of everything in the first account, another account, and a user without rights."""
    tag = uuid.uuid4().hex[:8]
    s3, iam, kms, sts = (cloud.client(name) for name in ("s3", "iam", "kms", "sts"))
    bucket, user, name = f"refuse{tag}", f"refuse{tag}", f"refuse{tag}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"first account's secret")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    account = sts.get_caller_identity()["Account"]
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{account}:user/admin"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    allow = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
        }
    )
    iam.create_user(UserName=user)
    access_key = iam.create_access_key(UserName=user)["AccessKey"]["AccessKeyId"]
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    iam.create_group(GroupName=name)
    iam.create_instance_profile(InstanceProfileName=name)
    policy = iam.create_policy(PolicyName=name, PolicyDocument=allow)["Policy"]["Arn"]
    key = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=key["KeyId"])
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    grant = kms.create_grant(KeyId=key["Arn"], GranteePrincipal=account, Operations=["Encrypt"])
    grant = grant["GrantId"]
    secret = cloud.client("secretsmanager").create_secret(Name=name, SecretString="first account's")
    secret = secret["ARN"]
    sqs, sns = cloud.client("sqs"), cloud.client("sns")
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    queue_arn = f"arn:aws:sqs:{cloud.credentials['AWS_DEFAULT_REGION']}:{account}:{name}"
    topic = sns.create_topic(Name=name)["TopicArn"]
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
    task = json.dumps({"taskId": "0" * 32, "sourceArn": queue_arn}).encode()
    slack = cloud.slack()
    channel = slack.conversations_create(name=name, is_private=True)["channel"]["id"]
    ts = slack.chat_postMessage(channel=channel, text="first account's secret")["ts"]
    provider = iam.create_open_id_connect_provider(
        Url=f"https://{name}.example", ClientIDList=["app"]
    )
    ec2 = cloud.client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    ec2.create_key_pair(KeyName=name)
    values = {
        "account": account,
        "Bucket": bucket,
        "Key": "k",
        "UploadId": upload,
        "PartNumber": 1,
        "CopySource": f"{bucket}/k",
        "UserName": user,
        "RoleName": name,
        "GroupName": name,
        "InstanceProfileName": name,
        "PolicyArn": policy,
        "PolicyName": name,
        "PolicyDocument": allow,
        "AssumeRolePolicyDocument": json.dumps(trust),
        "RoleArn": f"arn:aws:iam::{account}:role/{name}",
        "RoleSessionName": "session",
        "AccessKeyId": access_key,
        "KeyId": key["Arn"],
        "SecretId": secret,
        "QueueUrl": queue,
        "SourceArn": queue_arn,
        "TaskHandle": base64.b64encode(task).decode(),
        "TopicArn": topic,
        "ResourceArn": topic,
        "SubscriptionArn": subscription["SubscriptionArn"],
        "GrantId": grant,
        "TargetKeyId": key["Arn"],
        "AliasName": f"alias/{name}",
        "CiphertextBlob": blob,
        "SourceKeyId": key["Arn"],
        "DestinationKeyId": key["Arn"],
        "PolicySourceArn": f"arn:aws:iam::{account}:user/{user}",
        "PermissionsBoundary": policy,
        "Policy": allow,
        "OpenIDConnectProviderArn": provider["OpenIDConnectProviderArn"],
        "ThumbprintList": ["a" * 40],
        "ClientID": "app",
        "Url": "https://other.example",
        "InstanceId": "i-0123456789abcdef0",
        "ImageId": "ami-12345678",
        "image": "ami-none",
        "KeyName": name,
        "VpcId": vpc,
        "bucket": bucket,
        "key": "k",
        "user": user,
        "person": user,
        "name": name,
        "channel": channel,
        "ts": ts,
        "timestamp": ts,
        "users": "U0000000000",
        "text": "x",
        "owner": account,
        "zone": "b",
        "message_ts": ts,
        "resources": vpc,
        "VersionId": "v1",
        "Status": "Inactive",
        "Start": "2026-01-01",
        "End": "2026-01-02",
        "group": name,
        **identity_values(iam, account, name),
    }
    cloud.rest("POST", "/people", {"name": f"weak-{tag}"})
    weak = {}
    for kind in ("access-key", "api", "slack-user"):
        body = {"kind": kind}
        status, made = cloud.rest("POST", f"/people/weak-{tag}/keys", body)
        assert status == 200, made
        weak[kind] = made
    for arn in iam.list_attached_user_policies(UserName=f"weak-{tag}")["AttachedPolicies"]:
        iam.detach_user_policy(UserName=f"weak-{tag}", PolicyArn=arn["PolicyArn"])
    return Stage(
        cloud=cloud,
        values=values,
        other=cloud.add_account(),
        clients={},
        weak={
            "AWS_ACCESS_KEY_ID": weak["access-key"]["id"],
            "AWS_SECRET_ACCESS_KEY": weak["access-key"]["secret"],
            "OPENAI_API_KEY": weak["api"]["secret"],
            "SLACK_USER_TOKEN": weak["slack-user"]["secret"],
        },
    )


def identity_values(iam, account, name):
    """What IAM, STS and Organizations keep, of the first account."""
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
    metadata = Provider().metadata()
    saml = iam.create_saml_provider(Name=name, SAMLMetadataDocument=metadata)["SAMLProviderArn"]
    user = f"arn:aws:iam::{account}:user/{name}"
    return {
        "ActionNames": ["s3:GetObject"],
        "PolicyInputList": ["{}"],
        "Arn": user,
        "principal": user,
        "action": "s3:GetObject",
        "ServiceNamespaces": ["s3"],
        "ServiceNamespace": "s3",
        "JobId": str(uuid.uuid4()),
        "SerialNumber": device["SerialNumber"],
        "TokenCode": "123456",
        "VirtualMFADeviceName": name,
        "AuthenticationCode1": "123456",
        "AuthenticationCode2": "654321",
        "SAMLProviderArn": saml,
        "SAMLMetadataDocument": metadata,
        "ServerCertificateName": name,
        "CertificateBody": "x",
        "PrivateKey": "x",
        "CertificateId": "C" * 24,
        "SSHPublicKeyBody": "x",
        "SSHPublicKeyId": "APKA" + "A" * 16,
        "ServiceSpecificCredentialId": "ACCA" + "A" * 16,
        "ServiceName": "codecommit.amazonaws.com",
        "AWSServiceName": "ec2.amazonaws.com",
        "DeletionTaskId": f"task/aws-service-role/x/{name}/{uuid.uuid4()}",
        "EncodedMessage": "eA==",
        "AccountId": account,
        "AccountName": "team",
        "Email": "team@example.com",
        "ParentId": "r-abcd",
        "SourceParentId": "r-abcd",
        "DestinationParentId": "r-efgh",
        "ChildId": account,
        "ChildType": "ACCOUNT",
        "RootId": "r-abcd",
        "OrganizationalUnitId": "ou-abcd-abcdefgh",
        "PolicyId": "p-FullAWSAccess",
        "TargetId": account,
        "Filter": "SERVICE_CONTROL_POLICY",
        "PolicyType": "SERVICE_CONTROL_POLICY",
        "ResourceId": account,
        "HandshakeId": "h-abcdefgh",
        "CreateAccountRequestId": "car-" + "a" * 32,
        "ServicePrincipal": "sns.amazonaws.com",
    }


# --- the least input of an action -------------------------------------------------------------


def least_shape(shape, values, name="", depth=0):
    """A value of a botocore shape: only what is required, real names where we have them."""
    if name in values and (
        shape.type_name in ("string", "integer", "blob", "long") or isinstance(values[name], list)
    ):
        return values[name]
    if shape.type_name == "structure":
        wanted = {
            member
            for member in shape.members
            if member in shape.required_members or (depth == 0 and member in values)
        }
        return {
            member: least_shape(shape.members[member], values, member, depth + 1)
            for member in wanted
        }
    if shape.type_name == "list":
        single = {"InstanceIds": "InstanceId"}.get(name, name)
        return [least_shape(shape.member, values, single, depth + 1)]
    if shape.type_name == "map":
        return {}
    if shape.type_name == "string":
        return shape.enum[0] if getattr(shape, "enum", None) else "refused"
    return {
        "integer": 1,
        "long": 1,
        "float": 1.0,
        "double": 1.0,
        "boolean": False,
        "blob": b"x",
        "timestamp": 1_700_000_000,
    }[shape.type_name]


def least_value(kind, values, name):
    if name in values and _fits(values[name], kind):
        return values[name]
    origin = typing.get_origin(kind)
    if origin in (list, tuple):
        return [least_value(typing.get_args(kind)[0], values, "")]
    if origin is dict or kind is dict:
        return {}
    if origin is not None and typing.get_args(kind):
        return least_value(typing.get_args(kind)[0], values, name)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return least_struct(kind, values)
    return {str: "refused", int: 1, bool: True, float: 1.0}.get(kind, "refused")


def _fits(value, kind):
    """Whether a known value is one for a field that happens to have its name."""
    try:
        msgspec.convert(value, kind, strict=False)
    except (msgspec.ValidationError, TypeError):
        return False
    return True


def least_struct(kind, values):
    if kind is None or not isinstance(kind, type) or not issubclass(kind, msgspec.Struct):
        return {}
    found = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    return {
        name: least_value(field.type, values, name)
        for name, field in found.items()
        if field.required or (name in values and _fits(values[name], field.type))
    }


# --- calling ----------------------------------------------------------------------------------


def call_aws(stage, found, who):
    """(refusal code or '', answer as text, HTTP status)"""
    client = client_of(stage, found.name.partition(":")[0], who)
    model = client.meta.service_model.operation_model(found.operation)
    params = least_shape(model.input_shape, stage.values) if model.input_shape else {}
    params |= ALSO_NEEDS.get(found.name, {})
    try:
        answer = client._make_api_call(found.operation, params)
    except ClientError as error:
        return (
            error.response["Error"]["Code"],
            str(error.response["Error"].get("Message")),
            error.response["ResponseMetadata"]["HTTPStatusCode"],
        )
    if "Body" in answer:
        answer["Body"] = answer["Body"].read()
    return "", str({k: v for k, v in answer.items() if k != "ResponseMetadata"}), 200


def client_of(stage, service, who):
    known = stage.clients.get((service, who and who["AWS_ACCESS_KEY_ID"]))
    if known is not None:
        return known
    options = {
        "config": Config(
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path"},
            parameter_validation=False,
        )
    }
    if who is None:
        options["config"] = options["config"].merge(Config(signature_version=UNSIGNED))
    else:
        options |= {
            "aws_access_key_id": who["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": who["AWS_SECRET_ACCESS_KEY"],
            "aws_session_token": who.get("AWS_SESSION_TOKEN"),
        }
    made = stage.cloud.client(service, **options)
    if service == "s3control":
        made.meta.events.register_first("request-created", _without_account_in_host)
    stage.clients[service, who and who["AWS_ACCESS_KEY_ID"]] = made
    return made


def _without_account_in_host(request, **_more):
    """S3 Control's clients put the account before the host, which no address of a test has."""
    account = request.headers["x-amz-account-id"]
    account = account.decode() if isinstance(account, bytes) else account
    request.url = request.url.replace(f"//{account}.", "//")


def send(url, method, body, headers):
    request = urllib.request.Request(url, data=body, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.status, reply.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode("utf-8", "replace")


def call_http(stage, found, who):
    kind = request_type(found)
    body = b""
    if typing.get_origin(kind) is Upload:
        kind, body = typing.get_args(kind)[0], b"x"
    values = dict(stage.values)
    params = least_struct(kind, values)
    path = found.path
    for part in [part for part in found.path.split("/") if part.startswith("{")]:
        inner = part.strip("{}").partition(":")[0].rstrip("*.+")
        path = path.replace(
            part, urllib.parse.quote(str(params.pop(inner, values.get(inner, "refused"))))
        )
    headers = {"content-type": "application/json"}
    if who is not None:
        headers["authorization"] = f"Bearer {who['OPENAI_API_KEY']}"
    if found.method in ("GET", "DELETE") or body:
        path += "?" + urllib.parse.urlencode(params, doseq=True)
    elif any(field.type is UploadedFile for field in fields_of(kind).values()):
        headers["content-type"], body = as_form(kind, params)
    else:
        body = json.dumps(params, default=str).encode()
    status, text = send(stage.cloud.url + path, found.method, body or None, headers)
    return (
        ("" if status < 400 else json.loads(text or "{}").get("code") or str(status)),
        text,
        status,
    )


def as_form(kind, params):
    """Content type and body of a multipart form; a field that takes a file gets a small one."""
    parts = []
    for name, field in fields_of(kind).items():
        is_file = field.type is UploadedFile
        if is_file or name in params:
            file = '; filename="a.txt"' if is_file else ""
            value = "x" if is_file else params[name]
            parts.append(
                f'--edge\r\ncontent-disposition: form-data; name="{name}"{file}\r\n\r\n{value}\r\n'
            )
    return "multipart/form-data; boundary=edge", "".join([*parts, "--edge--\r\n"]).encode()


def call_slack(stage, found, who):
    params = {
        k: v if isinstance(v, str) else json.dumps(v)
        for k, v in least_struct(request_type(found), stage.values).items()
    }
    headers = {"content-type": "application/x-www-form-urlencoded"}
    if who is not None:
        headers["authorization"] = f"Bearer {who['SLACK_USER_TOKEN']}"
    status, text = send(
        f"{stage.cloud.url}/api/{found.operation}",
        "POST",
        urllib.parse.urlencode(params).encode(),
        headers,
    )
    answer = json.loads(text)
    assert status == 200, (found.name, status, text)
    return ("" if answer["ok"] else answer["error"]), text, status


CALLS = {"aws": call_aws, "rest": call_http, "openai": call_http, "slack": call_slack}
PROTOCOLS = sorted(CALLS)
LOOKS_LIKE_S3 = ("bedrock", "accessanalyzer")
"""REST services whose paths could be a bucket's, told apart by the signature only."""


def actions(protocol):
    found = [each for each in list_actions(protocol) if each.permission != PUBLIC]
    return [each for each in found if protocol != "aws" or is_served(each)]


def is_served(found):
    return get_service(found.name.partition(":")[0]) is not None


def test_every_exception_is_an_action_that_needs_only_a_credential():
    signed_in = {each.name for each in list_actions() if each.permission == SIGNED_IN}
    assert set(NEEDS_ONLY_A_CREDENTIAL) <= signed_in, "a listed exception is gone"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_without_a_credential_every_action_refuses(stage, protocol):
    before, wrong = stage.digest(), []
    for found in actions(protocol):
        code, text, status = CALLS[protocol](stage, found, None)
        right = {
            "aws": code in UNSIGNED_CODES
            or (code in ("403", "401") and found.operation.startswith("Head"))
            # Nothing of an unsigned request says that it is not for S3, which knows no such key.
            or (found.name.startswith(LOOKS_LIKE_S3) and status in (400, 403, 404)),
            "rest": status == 401,
            "openai": status == 401,
            "slack": code == "not_authed",
        }[protocol]
        if not right or "Traceback" in text:
            wrong.append((found.name, status, code, text[:200]))
    assert not wrong, "\n".join(map(str, wrong))
    assert stage.digest() == before


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_user_without_rights_is_refused(stage, protocol):
    before, wrong = stage.digest(), []
    for found in actions(protocol):
        if found.name in NEEDS_ONLY_A_CREDENTIAL:
            continue
        code, text, status = CALLS[protocol](stage, found, stage.weak)
        right = {
            "aws": code in DENIED or (code == "403" and found.operation.startswith("Head")),
            "rest": status == 403,
            "openai": status == 403,
            "slack": code
            in (
                "missing_scope",
                "not_allowed_token_type",
                "no_permission",
                "access_denied",
                "restricted_action",
            ),
        }[protocol]
        if not right or "Traceback" in text:
            wrong.append((found.name, status, code, text[:200]))
    assert not wrong, "\n".join(map(str, wrong))
    assert stage.digest() == before


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_another_account_sees_and_changes_nothing_of_the_first(stage, protocol):
    before, wrong = stage.digest(first_only=True), []
    secrets = [stage.values["account"], "first account's secret"]
    for found in actions(protocol):
        code, text, status = CALLS[protocol](stage, found, stage.other)
        told = [secret for secret in secrets if not code and secret in text]
        if found.name in REPEATS_THE_QUESTION:
            told = []
        if told or status >= 500 or "Traceback" in text:
            wrong.append((found.name, status, code, told, text[:300]))
    assert not wrong, "\n".join(map(str, wrong))
    assert stage.digest(first_only=True) == before
