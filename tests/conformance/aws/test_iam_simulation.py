"""The policy simulator through boto3, and "who can do this" through the API and the CLI.

Expectations are those of the IAM API reference (SimulateCustomPolicy, SimulatePrincipalPolicy,
GetContextKeysFor…) and of the IAM user guide, "Policy evaluation logic".
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from urllib.parse import urlencode

import pytest
from botocore.exceptions import ClientError

BUCKET = "arn:aws:s3:::reports"
OBJECT = f"{BUCKET}/2026/may.csv"


def name(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


def policy(*statements: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=2)


def say(effect: str, action: str, resource: str = "*", **more) -> dict:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


@pytest.fixture
def iam(volano):
    return volano.client("iam")


@pytest.fixture
def user(iam):
    made = name("sim")
    iam.create_user(UserName=made)
    return made


def simulate(iam, *documents: str, action: str = "s3:GetObject", **more) -> dict:
    answer = iam.simulate_custom_policy(
        PolicyInputList=list(documents), ActionNames=[action], **more
    )
    return answer["EvaluationResults"][0]


def test_custom_policy_tells_decision_and_statement(iam):
    document = policy(say("Allow", "ec2:*"), say("Allow", "s3:Get*", f"{BUCKET}/*"))
    found = simulate(iam, document, ResourceArns=[OBJECT])
    assert (found["EvalDecision"], found["EvalResourceName"]) == ("allowed", OBJECT)
    matched = found["MatchedStatements"]
    assert [one["SourcePolicyId"] for one in matched] == ["PolicyInputList.1"]
    start, end = matched[0]["StartPosition"], matched[0]["EndPosition"]
    lines = document.splitlines()
    assert lines[start["Line"] - 1][start["Column"] - 1] == "{"
    assert lines[end["Line"] - 1][: end["Column"] - 1].endswith("}")
    assert '"s3:Get*"' in "\n".join(lines[start["Line"] - 1 : end["Line"]])
    assert found["ResourceSpecificResults"][0]["EvalResourceDecision"] == "allowed"


def test_explicit_deny_and_missing_permission_are_told_apart(iam):
    allow, deny = policy(say("Allow", "*")), policy(say("Deny", "s3:*"))
    assert simulate(iam, allow, deny)["EvalDecision"] == "explicitDeny"
    matched = simulate(iam, allow, deny)["MatchedStatements"]
    assert [one["SourcePolicyId"] for one in matched] == ["PolicyInputList.2"]
    assert simulate(iam, policy(say("Allow", "ec2:*")))["EvalDecision"] == "implicitDeny"


def test_context_entries_decide_and_missing_ones_are_named(iam):
    condition = {
        "IpAddress": {"aws:SourceIp": "10.0.0.0/8"},
        "Bool": {"aws:SecureTransport": "true"},
    }
    document = policy(say("Allow", "s3:*", f"{BUCKET}/${{aws:username}}/*", Condition=condition))
    resource = [f"{BUCKET}/ada/x"]
    bare = simulate(iam, document, ResourceArns=resource)
    assert bare["EvalDecision"] == "implicitDeny"
    assert bare["MissingContextValues"] == ["aws:SecureTransport", "aws:SourceIp", "aws:username"]

    def entry(key: str, value: str, kind: str) -> dict:
        return {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": kind}

    entries = [
        entry("aws:SourceIp", "10.1.2.3", "ip"),
        entry("aws:SecureTransport", "true", "boolean"),
        entry("aws:username", "ada", "string"),
    ]
    full = simulate(iam, document, ResourceArns=resource, ContextEntries=entries)
    assert (full["EvalDecision"], full["MissingContextValues"]) == ("allowed", [])
    keys = iam.get_context_keys_for_custom_policy(PolicyInputList=[document])["ContextKeyNames"]
    assert keys == ["aws:SecureTransport", "aws:SourceIp", "aws:username"]


def test_list_keys_take_several_values(iam):
    condition = {"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "cost"]}}
    document = policy(say("Allow", "ec2:CreateTags", Condition=condition))
    for values, decision in ((["team"], "allowed"), (["team", "other"], "implicitDeny")):
        entry = {
            "ContextKeyName": "aws:TagKeys",
            "ContextKeyValues": values,
            "ContextKeyType": "stringList",
        }
        found = simulate(iam, document, action="ec2:CreateTags", ContextEntries=[entry])
        assert found["EvalDecision"] == decision


def test_boundary_is_told_beside_the_decision(iam):
    allow = policy(say("Allow", "*"))
    narrow = policy(say("Allow", "ec2:*"))
    found = simulate(iam, allow, PermissionsBoundaryPolicyInputList=[narrow])
    assert found["EvalDecision"] == "implicitDeny"
    assert found["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
    assert (
        simulate(iam, allow, PermissionsBoundaryPolicyInputList=[allow])["EvalDecision"]
        == "allowed"
    )


def test_resource_policy_of_another_account_must_agree(iam, user):
    caller = iam.get_user(UserName=user)["User"]["Arn"]
    allow = policy(say("Allow", "s3:GetObject", f"{BUCKET}/*"))
    theirs = policy({**say("Allow", "s3:GetObject", f"{BUCKET}/*"), "Principal": {"AWS": caller}})
    other = {
        "ResourceArns": [OBJECT],
        "CallerArn": caller,
        "ResourceOwner": "arn:aws:iam::999900001111:root",
    }
    assert simulate(iam, allow, **other)["EvalDecision"] == "implicitDeny"
    found = simulate(iam, allow, ResourcePolicy=theirs, **other)
    assert found["EvalDecision"] == "allowed"
    assert found["EvalDecisionDetails"] == {"IAM Policy": "allowed", "Resource Policy": "allowed"}
    with pytest.raises(ClientError, match="CallerArn"):
        simulate(iam, allow, ResourcePolicy=theirs, ResourceArns=[OBJECT])


def test_principal_simulation_reads_what_the_principal_holds(iam, user):
    group = name("simulators")
    iam.create_group(GroupName=group)
    iam.add_user_to_group(GroupName=group, UserName=user)
    home = policy(say("Allow", "s3:*", f"{BUCKET}/${{aws:username}}/*"))
    iam.put_group_policy(GroupName=group, PolicyName="home", PolicyDocument=home)
    iam.attach_user_policy(
        UserName=user, PolicyArn="arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"
    )
    source = iam.get_user(UserName=user)["User"]["Arn"]

    def ask(action: str, resource: str) -> dict:
        answer = iam.simulate_principal_policy(
            PolicySourceArn=source, ActionNames=[action], ResourceArns=[resource]
        )
        return answer["EvaluationResults"][0]

    found = ask("s3:PutObject", f"{BUCKET}/{user}/x")
    assert found["EvalDecision"] == "allowed"
    assert [
        (one["SourcePolicyId"], one["SourcePolicyType"]) for one in found["MatchedStatements"]
    ] == [("home", "group")]
    managed = ask("ec2:DescribeInstances", "*")["MatchedStatements"][0]
    assert (managed["SourcePolicyId"], managed["SourcePolicyType"]) == (
        "AmazonEC2ReadOnlyAccess",
        "aws-managed",
    )
    assert ask("s3:PutObject", f"{BUCKET}/other/x")["EvalDecision"] == "implicitDeny"
    keys = iam.get_context_keys_for_principal_policy(PolicySourceArn=source)["ContextKeyNames"]
    assert keys == ["aws:username"]
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.simulate_principal_policy(PolicySourceArn=source + "x", ActionNames=["s3:GetObject"])


def test_results_come_in_pages(iam):
    actions = [f"s3:Get{letter}" for letter in "ABCDE"]
    document = policy(say("Allow", "s3:GetA"))
    pages = iam.get_paginator("simulate_custom_policy").paginate(
        PolicyInputList=[document], ActionNames=actions, PaginationConfig={"PageSize": 2}
    )
    found = [[one["EvalActionName"] for one in page["EvaluationResults"]] for page in pages]
    assert found == [actions[:2], actions[2:4], actions[4:]]


@pytest.mark.parametrize(
    "more",
    [
        {"PolicyInputList": ["not a policy"]},
        {"ActionNames": ["s3:*"]},
        {"ActionNames": ["GetObject"]},
        {"ResourceArns": ["reports"]},
    ],
)
def test_bad_simulations_are_refused(iam, more):
    wanted = {"PolicyInputList": [policy(say("Allow", "*"))], "ActionNames": ["s3:GetObject"]}
    with pytest.raises(ClientError, match="InvalidInput"):
        iam.simulate_custom_policy(**(wanted | more))


# --- who can do this ------------------------------------------------------------------------------


@pytest.fixture
def bucket(volano):
    s3 = volano.client("s3")
    made = name("who")
    s3.create_bucket(Bucket=made)
    return made


def who_can(volano, action: str, resource: str) -> dict:
    items, outsiders, cursor = {}, [], ""
    while True:
        query = urlencode({"action": action, "resource": resource, "cursor": cursor, "limit": 500})
        status, page = volano.rest("GET", f"/access/who-can?{query}")
        assert status == 200, page
        items |= {item["principal"]: item for item in page["items"]}
        outsiders += page["outsiders"]
        cursor = page.get("next_cursor") or ""
        if not cursor:
            return {"items": items, "outsiders": outsiders}


def test_who_can_names_people_statements_and_outsiders(volano, iam, user, bucket):
    arn = iam.get_user(UserName=user)["User"]["Arn"]
    account = arn.split(":")[4]
    resource = f"arn:aws:s3:::{bucket}/k"
    document = policy(
        say("Allow", "ec2:*"), say("Allow", "s3:GetObject", f"arn:aws:s3:::{bucket}/*", Sid="Read")
    )
    iam.put_user_policy(UserName=user, PolicyName="reader", PolicyDocument=document)
    found = who_can(volano, "s3:GetObject", resource)["items"]
    mine = found[arn]
    assert mine["outcome"] == "allowed"
    assert [(s["policy"], s["sid"], s["number"], s["kind"]) for s in mine["statements"]] == [
        ("reader", "Read", 2, "identity")
    ]
    assert mine["statements"][0]["statement"]["Action"] == "s3:GetObject"
    assert found[f"arn:aws:iam::{account}:root"]["outcome"] == "allowed"
    assert (
        found[f"arn:aws:iam::{account}:user/admin"]["statements"][0]["policy"]
        == "AdministratorAccess"
    )

    bucket_policy = policy(
        {
            **say("Deny", "s3:*", f"arn:aws:s3:::{bucket}/*", Sid="NotAda"),
            "Principal": {"AWS": arn},
        },
        {
            **say("Allow", "s3:GetObject", f"arn:aws:s3:::{bucket}/*"),
            "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        },
    )
    volano.client("s3").put_bucket_policy(Bucket=bucket, Policy=bucket_policy)
    found = who_can(volano, "s3:GetObject", resource)
    mine = found["items"][arn]
    assert mine["outcome"] == "denied"
    assert [(s["effect"], s["kind"], s["sid"]) for s in mine["statements"]] == [
        ("Deny", "resource", "NotAda")
    ]
    assert "explicit deny in a resource-based policy" in mine["reason"]
    assert [one["principal"] for one in found["outsiders"]] == ["arn:aws:iam::111122223333:root"]


def test_what_only_a_request_can_tell_makes_it_conditional(volano, iam, user, bucket):
    arn = iam.get_user(UserName=user)["User"]["Arn"]
    condition = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    resource = f"arn:aws:s3:::{bucket}/k"
    document = policy(say("Allow", "s3:GetObject", resource, Condition=condition))
    iam.put_user_policy(UserName=user, PolicyName="office", PolicyDocument=document)
    mine = who_can(volano, "s3:GetObject", resource)["items"][arn]
    assert (mine["outcome"], mine["waits_for"]) == ("conditional", ["aws:SourceIp"])


def test_who_may_assume_a_role_is_told_by_its_trust_policy(volano, iam, user):
    arn = iam.get_user(UserName=user)["User"]["Arn"]
    role = name("trusting")
    trust = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": trust})
    made = iam.create_role(RoleName=role, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    found = who_can(volano, "sts:AssumeRole", made)["items"]
    assert found[arn]["outcome"] == "allowed"
    assert found[arn]["statements"][0]["policy"] == "trust policy"
    account = arn.split(":")[4]
    assert found[f"arn:aws:iam::{account}:user/admin"]["outcome"] == "denied"


def test_grants_of_a_key_are_told_with_their_constraints(volano, iam, user):
    arn = iam.get_user(UserName=user)["User"]["Arn"]
    kms = volano.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    assert who_can(volano, "kms:Decrypt", key)["items"][arn]["outcome"] == "denied"
    kms.create_grant(
        KeyId=key,
        GranteePrincipal=arn,
        Operations=["Decrypt"],
        Constraints={"EncryptionContextSubset": {"team": "blue"}},
    )
    mine = who_can(volano, "kms:Decrypt", key)["items"][arn]
    assert (mine["outcome"], mine["waits_for"]) == ("conditional", ["kms:EncryptionContext:team"])
    assert any(one["sid"].startswith("grant ") for one in mine["statements"])
    kms.create_grant(KeyId=key, GranteePrincipal=arn, Operations=["Decrypt"])
    assert who_can(volano, "kms:Decrypt", key)["items"][arn]["outcome"] == "allowed"


def made_queue(volano) -> tuple[str, str, object]:
    """Its ARN, an action on it, and how to set its policy."""
    sqs = volano.client("sqs")
    url = sqs.create_queue(QueueName=name("q"))["QueueUrl"]
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]

    def put(document: str) -> None:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})

    return told["QueueArn"], "sqs:SendMessage", put


def made_topic(volano) -> tuple[str, str, object]:
    sns = volano.client("sns")
    arn = sns.create_topic(Name=name("t"))["TopicArn"]

    def put(document: str) -> None:
        sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=document)

    return arn, "sns:Publish", put


def made_secret(volano) -> tuple[str, str, object]:
    client = volano.client("secretsmanager")
    arn = client.create_secret(Name=name("s"), SecretString="x")["ARN"]

    def put(document: str) -> None:
        client.put_resource_policy(SecretId=arn, ResourcePolicy=document)

    return arn, "secretsmanager:GetSecretValue", put


@pytest.mark.parametrize("make", [made_queue, made_topic, made_secret])
def test_policies_of_queues_topics_and_secrets_count(volano, iam, user, make):
    arn = iam.get_user(UserName=user)["User"]["Arn"]
    resource, action, put_policy = make(volano)
    assert who_can(volano, action, resource)["items"][arn]["outcome"] != "allowed"
    stranger = "arn:aws:iam::111122223333:root"
    put_policy(policy({**say("Allow", action, resource), "Principal": {"AWS": [arn, stranger]}}))
    found = who_can(volano, action, resource)
    mine = found["items"][arn]
    assert mine["outcome"] == "allowed"
    assert [(s["effect"], s["kind"]) for s in mine["statements"]] == [("Allow", "resource")]
    assert [one["principal"] for one in found["outsiders"]] == [stranger]
    put_policy(policy({**say("Deny", action, resource), "Principal": {"AWS": arn}}))
    assert who_can(volano, action, resource)["items"][arn]["outcome"] == "denied"
    status, told = volano.rest(
        "GET",
        f"/access/explain?{urlencode({'principal': arn, 'action': action, 'resource': resource})}",
    )
    assert status == 200
    assert told["access"]["statements"][0]["effect"] == "Deny"


def test_access_lists_of_buckets_and_objects_are_told(volano, bucket):
    s3 = volano.client("s3")
    other = volano.add_account()
    theirs = volano.client(
        "s3",
        aws_access_key_id=other["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=other["AWS_SECRET_ACCESS_KEY"],
    )
    reader = theirs.list_buckets()["Owner"]["ID"]
    s3.put_bucket_ownership_controls(
        Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    )
    s3.put_object(Bucket=bucket, Key="k", Body=b"k", GrantRead=f"id={reader}")
    resource = f"arn:aws:s3:::{bucket}/k"
    outsiders = who_can(volano, "s3:GetObject", resource)["outsiders"]
    account = f"arn:aws:iam::{other['ACCOUNT']}:root"
    assert [(one["principal"], one["statement"]["sid"]) for one in outsiders] == [
        (account, "access list READ")
    ]
    assert theirs.get_object(Bucket=bucket, Key="k")["Body"].read() == b"k"
    assert who_can(volano, "s3:PutObjectAcl", resource)["outsiders"] == []
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read")
    whole = f"arn:aws:s3:::{bucket}"
    assert [one["principal"] for one in who_can(volano, "s3:ListBucket", whole)["outsiders"]] == [
        "everyone"
    ]
    s3.put_bucket_acl(Bucket=bucket, ACL="private")
    assert who_can(volano, "s3:ListBucket", whole)["outsiders"] == []


def volano_command(volano, *arguments: str) -> subprocess.CompletedProcess:
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "OPENAI_", "VOLANO_"))
    }
    environment["PYTHONPATH"] = volano.environment["PYTHONPATH"]
    return subprocess.run(
        [sys.executable, "-m", "volano", *arguments, "--data", str(volano.data_dir)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )


def test_command_line_tells_the_same(volano, iam, user, bucket):
    document = policy(say("Allow", "s3:GetObject", f"arn:aws:s3:::{bucket}/*"))
    iam.put_user_policy(UserName=user, PolicyName="reader", PolicyDocument=document)
    resource = f"arn:aws:s3:::{bucket}/k"
    told = volano_command(volano, "who-can", "s3:GetObject", resource).stdout
    assert f"user/{user}\n    Allow by reader (identity policy), statement 1, line 4" in told
    assert (
        "may not; --denied tells"
        in volano_command(volano, "who-can", "s3:PutObject", resource).stdout
    )
    yes = volano_command(volano, "explain", user, "s3:GetObject", resource).stdout
    assert yes.startswith(f"yes: s3:GetObject on {resource}")
    no = volano_command(volano, "explain", user, "s3:PutObject", resource).stdout
    assert no.startswith("no: ")
    assert "because no identity-based policy allows the s3:PutObject action" in no
