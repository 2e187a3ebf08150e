"""What an account may have, unless its operator sets another value."""

from __future__ import annotations

DEFAULT_QUOTAS: dict[str, int] = {
    "iam.users": 5000,
    "iam.groups": 300,
    "iam.roles": 1000,
    "iam.policies": 1500,
    "iam.instance-profiles": 1000,
    "iam.access-keys-per-user": 2,
    "iam.groups-per-user": 10,
    "iam.attached-policies-per-target": 20,
    "iam.tokens-per-user": 200,
}
"""IAM's own defaults ("IAM and AWS STS quotas"); other services bring theirs when they ask."""
