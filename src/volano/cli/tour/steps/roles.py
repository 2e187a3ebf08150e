"""The role that the report's instance runs with: read both buckets, write under reports/ only."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volano.cli.tour.day import Day

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def make_instance_profile(day: Day, prefix: str) -> str:
    """Create role, policy and instance profile; returns the name all three share."""
    iam, name = day.clients.iam, f"tour-{day.suffix}-report"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    day.remember("role", name, lambda: iam.delete_role(RoleName=name))
    document = json.dumps(_policy(day, prefix))
    iam.put_role_policy(RoleName=name, PolicyName="report", PolicyDocument=document)
    day.remember("policy", name, lambda: iam.delete_role_policy(RoleName=name, PolicyName="report"))
    iam.create_instance_profile(InstanceProfileName=name)
    day.remember("profile", name, lambda: iam.delete_instance_profile(InstanceProfileName=name))
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    day.remember(
        "profile role",
        name,
        lambda: iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=name),
    )
    return name


def _policy(day: Day, prefix: str) -> dict[str, object]:
    read = [f"arn:aws:s3:::{bucket}/*" for bucket in (day.catalogue_bucket, day.office_bucket)]
    write = f"arn:aws:s3:::{day.office_bucket}/{prefix}/*"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": read},
            {"Effect": "Allow", "Action": "s3:PutObject", "Resource": write},
        ],
    }
