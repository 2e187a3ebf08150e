"""IAM account password policy."""

from __future__ import annotations

from volano.kernel.call import Call, Env
from volano.services.identity.api.shapes import Shape
from volano.services.identity.logic import password_policy as logic
from volano.wire.action import action

ACCOUNT = "arn:aws:iam::{account}:root"
_PARTIAL = (
    "AllowUsersToChangePassword and HardExpiry are kept; who may change a password is decided by "
    "iam:ChangePassword."
)


@action(
    "iam:UpdateAccountPasswordPolicy",
    permission="iam:UpdateAccountPasswordPolicy",
    resource=ACCOUNT,
    partial=_PARTIAL,
)
async def update_account_password_policy(env: Env, call: Call, request: Shape) -> None:
    await logic.put_password_policy(env, call, request)


@action("iam:GetAccountPasswordPolicy", permission="iam:GetAccountPasswordPolicy", resource=ACCOUNT)
async def get_account_password_policy(env: Env, call: Call, request: Shape) -> Shape:
    return {"PasswordPolicy": await logic.get_password_policy(env, call)}


@action(
    "iam:DeleteAccountPasswordPolicy",
    permission="iam:DeleteAccountPasswordPolicy",
    resource=ACCOUNT,
)
async def delete_account_password_policy(env: Env, call: Call, request: Shape) -> None:
    await logic.delete_password_policy(env, call)
