"""The stock clients, made from the same environment variables that any program would use.

Nothing here knows Volano: boto3, openai and slack_sdk read where to go and who they are from
AWS_*, OPENAI_* and SLACK_*.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from openai import OpenAI
from slack_sdk import WebClient

if TYPE_CHECKING:
    from collections.abc import Mapping

NEEDED = (
    ("AWS_ENDPOINT_URL",),
    ("AWS_ACCESS_KEY_ID",),
    ("AWS_SECRET_ACCESS_KEY",),
    ("OPENAI_BASE_URL",),
    ("OPENAI_API_KEY",),
    ("SLACK_API_URL",),
    ("SLACK_USER_TOKEN", "SLACK_BOT_TOKEN"),
)
DEFAULT_REGION = "us-east-1"
MODEL_TIMEOUT_S = 600.0  # the first embedding may wait while a model worker is installed
SLACK_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """One client for each door; boto3's are made from its models and therefore untyped."""

    region: str
    sts: Any
    s3: Any
    ec2: Any
    iam: Any
    ce: Any
    openai: OpenAI
    slack: WebClient


def missing_variables(environment: Mapping[str, str]) -> list[str]:
    """The variables that are not set, alternatives joined with `or`."""
    return [
        " or ".join(names) for names in NEEDED if not any(environment.get(name) for name in names)
    ]


def make_clients() -> Clients:
    """Clients for the process's environment."""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION
    session = boto3.session.Session(region_name=region)
    token = os.environ.get("SLACK_USER_TOKEN") or os.environ["SLACK_BOT_TOKEN"]
    # boto3 presigns with the old Signature Version 2 in us-east-1 unless told otherwise.
    s3 = session.client("s3", config=Config(signature_version="s3v4"))
    return Clients(
        region=region,
        sts=session.client("sts"),
        s3=s3,
        ec2=session.client("ec2"),
        iam=session.client("iam"),
        ce=session.client("ce"),
        openai=OpenAI(timeout=MODEL_TIMEOUT_S, max_retries=4),
        slack=WebClient(
            token=token,
            base_url=os.environ["SLACK_API_URL"].rstrip("/") + "/",
            timeout=SLACK_TIMEOUT_S,
        ),
    )
