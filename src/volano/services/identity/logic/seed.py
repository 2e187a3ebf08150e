"""Test mode: accounts with chosen ids and keys from a file.

The file is TOML or JSON (by its ending) of this form; only `id` is required:

    [[account]]
    id = "123456789012"            # twelve digits
    alias = "main"
    name = "Main"

      [[account.root_key]]         # root principals that may sign
      access_key_id = "AKIA…"      # 16 to 128 word characters
      secret_access_key = "…"

      [[account.user]]
      name = "tester"
      administrator = true         # attaches AdministratorAccess (default)
      policies = ["arn:aws:iam::aws:policy/AmazonS3FullAccess"]
      password = "…"
      api_key = "sk-…"             # a bearer token with exactly this text

        [[account.user.key]]
        access_key_id = "…"
        secret_access_key = "…"

      [[account.kms_key]]          # made by services/kms
      id = "testkey-1"
      description = "…"

Seeding the same file again changes nothing: accounts, users and keys that exist are left alone.
"""

from __future__ import annotations

import asyncio
import tomllib
from functools import partial
from typing import TYPE_CHECKING, Annotated

import msgspec

from volano.kernel.errors import Invalid
from volano.kernel.ids import AccountId
from volano.services.identity.logic.access import forget
from volano.services.identity.logic.access_keys import add_access_key
from volano.services.identity.logic.bootstrap import add_account
from volano.services.identity.logic.passwords import set_password
from volano.services.identity.logic.tokens import add_token
from volano.services.identity.logic.users import add_user, make_user
from volano.services.identity.model.credentials import TokenKind
from volano.services.identity.model.managed import managed_arn
from volano.services.identity.store import accounts as account_rows
from volano.services.identity.store import keys as key_rows
from volano.services.identity.store import policies as policy_rows
from volano.services.identity.store import users as user_rows

if TYPE_CHECKING:
    from pathlib import Path

    from volano.kernel.call import Env
    from volano.kernel.store import Tx
    from volano.services.identity.model.principals import User


class SeedKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    access_key_id: Annotated[str, msgspec.Meta(pattern=r"^\w{4,128}$")]
    secret_access_key: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class SeedUser(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    display_name: str = ""
    email: str = ""
    administrator: bool = True
    policies: list[str] = []
    password: str = ""
    api_key: str = ""
    key: list[SeedKey] = []


class SeedKmsKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]{1,64}$")]
    description: str = ""


class SeedAccount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: Annotated[str, msgspec.Meta(pattern=r"^\d{12}$")]
    alias: str | None = None
    name: str = ""
    root_key: list[SeedKey] = []
    user: list[SeedUser] = []
    kms_key: list[SeedKmsKey] = []


class Seed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    account: list[SeedAccount] = []


async def seed(env: Env, file: Path) -> list[tuple[AccountId, SeedKmsKey]]:
    """Make what `file` describes and return the keys that KMS shall have.

    Raises Invalid when the file cannot be read.
    """
    wanted = await asyncio.to_thread(read_seed, file)
    for account in wanted.account:
        await env.store.transact(partial(_seed_account, env=env, wanted=account))
        for user in account.user:
            await _seed_password(env, account.id, user)
    forget(env)
    return [(AccountId(one.id), key) for one in wanted.account for key in one.kms_key]


def read_seed(file: Path) -> Seed:
    try:
        text = file.read_text()
        if file.suffix == ".json":
            return msgspec.json.decode(text, type=Seed)
        return msgspec.convert(tomllib.loads(text), Seed)
    except (OSError, ValueError, msgspec.ValidationError) as error:
        raise Invalid(f"The test file {file.name} cannot be used: {error}") from error


async def _seed_account(tx: Tx, env: Env, wanted: SeedAccount) -> None:
    account = AccountId(wanted.id)
    if await account_rows.find_account(tx, account) is None:
        name = wanted.name or wanted.alias or account
        await add_account(tx, env, account, name=name, alias=wanted.alias)
    root = await user_rows.find_user(tx, account)
    assert root is not None, "an account has a root"
    await _seed_keys(tx, env, root, wanted.root_key)
    for person in wanted.user:
        await _seed_user(tx, env, account, person)


async def _seed_keys(tx: Tx, env: Env, user: User, keys: list[SeedKey]) -> None:
    for key in keys:
        if await key_rows.find_access_key(tx, key.access_key_id) is None:
            await add_access_key(
                tx, env, user, key_id=key.access_key_id, secret=key.secret_access_key
            )


async def _seed_user(tx: Tx, env: Env, account: AccountId, wanted: SeedUser) -> None:
    user = await user_rows.find_user_by_name(tx, account, wanted.name)
    if user is None:
        user = make_user(
            env, account, wanted.name, display_name=wanted.display_name, email=wanted.email
        )
        await add_user(tx, user)
    arns = list(wanted.policies)
    if wanted.administrator:
        arns.append(managed_arn("AdministratorAccess"))
    for arn in arns:
        await policy_rows.insert_attachment(
            tx, user.id, arn, account=account, created_us=env.clock.now_us()
        )
    await _seed_keys(tx, env, user, wanted.key)
    if wanted.api_key:
        digest = env.secrets.digest(wanted.api_key)
        if await key_rows.find_token_by_digest(tx, digest) is None:
            await add_token(tx, env, user, kind=TokenKind.API, name="Seeded", plain=wanted.api_key)


async def _seed_password(env: Env, account: str, wanted: SeedUser) -> None:
    if not wanted.password:
        return
    user = await user_rows.find_user_by_name(env.store.reader, account, wanted.name)
    assert user is not None, "seeded above"
    if await user_rows.find_login(env.store.reader, user.id) is None:
        await set_password(env, user, wanted.password)
