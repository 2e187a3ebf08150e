"""IAM account alias and summary."""

from __future__ import annotations

from volano.kernel.call import Call, Env
from volano.services.identity.api.shapes import Shape, page_shape
from volano.services.identity.logic import accounts
from volano.wire.action import action

ACCOUNT = "arn:aws:iam::{account}:root"


@action("iam:CreateAccountAlias", permission="iam:CreateAccountAlias", resource=ACCOUNT)
async def create_account_alias(env: Env, call: Call, request: Shape) -> None:
    await accounts.set_alias(env, call, request["AccountAlias"])


@action("iam:ListAccountAliases", permission="iam:ListAccountAliases", resource=ACCOUNT)
async def list_account_aliases(env: Env, call: Call, request: Shape) -> Shape:
    alias = (await accounts.get_account(env.store.reader, call.account)).alias
    return page_shape("AccountAliases", [alias] if alias else [], None)


@action("iam:DeleteAccountAlias", permission="iam:DeleteAccountAlias", resource=ACCOUNT)
async def delete_account_alias(env: Env, call: Call, request: Shape) -> None:
    await accounts.delete_alias(env, call, request["AccountAlias"])


@action("iam:GetAccountSummary", permission="iam:GetAccountSummary", resource="*")
async def get_account_summary(env: Env, call: Call, request: Shape) -> Shape:
    return {"SummaryMap": await accounts.account_summary(env, call)}
