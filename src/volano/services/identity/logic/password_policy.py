"""The account's password policy: what a console password must be like.

Specified in the IAM API reference, UpdateAccountPasswordPolicy. Without one only the length counts
(NIST SP 800-63B section 3.1.1.2). A policy's `AllowUsersToChangePassword` and `HardExpiry` are kept
and told; who may change a password is decided by iam:ChangePassword.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from volano.services.identity.model.errors import (
    NoSuchEntity,
    PasswordPolicyViolation,
    ValidationError,
)
from volano.services.identity.store import items as rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx

_RANGES = (
    ("minimumPasswordLength", "MinimumPasswordLength", 6, 128),
    ("passwordReusePrevention", "PasswordReusePrevention", 1, 24),
    ("maxPasswordAge", "MaxPasswordAge", 1, 1095),
)
_FLAGS = (
    "RequireSymbols",
    "RequireNumbers",
    "RequireUppercaseCharacters",
    "RequireLowercaseCharacters",
    "AllowUsersToChangePassword",
    "HardExpiry",
)
_SYMBOLS = "!@#$%^&*()_+-=[]{}|'"
DAY_US = 24 * 3600 * 1_000_000


async def put_password_policy(env: Env, call: Call, given: Mapping[str, object]) -> None:
    """Replace the policy; what is not given is IAM's default. Raises ValidationError."""
    wrong = []
    numbers: dict[str, int] = {}
    for field, name, low, high in _RANGES:
        value = given.get(name)
        if value is None:
            continue
        numbers[name] = int(str(value))
        bound = "less than or equal to" if numbers[name] > high else "greater than or equal to"
        if not low <= numbers[name] <= high:
            limit = high if numbers[name] > high else low
            wrong.append(
                f'Value "{value}" at "{field}" failed to satisfy constraint: Member must have '
                f"value {bound} {limit}"
            )
    if wrong:
        count = f"{len(wrong)} validation error" + ("s" if len(wrong) > 1 else "")
        raise ValidationError(f"{count} detected: " + "; ".join(wrong))
    body = {"MinimumPasswordLength": 6, **numbers}
    body |= {name: int(bool(given.get(name))) for name in _FLAGS}

    async def write(tx: Tx) -> None:
        await rows.upsert_password_policy(tx, call.account, body)

    await env.store.transact(write)


async def get_password_policy(env: Env, call: Call) -> dict[str, object]:
    """By IAM's names; raises NoSuchEntity."""
    body = await rows.find_password_policy(env.store.reader, call.account)
    if body is None:
        raise NoSuchEntity(f"The Password Policy with domain name {call.account} cannot be found.")
    found: dict[str, object] = {name: bool(body.get(name)) for name in _FLAGS}
    found["MinimumPasswordLength"] = body["MinimumPasswordLength"]
    found["ExpirePasswords"] = bool(body.get("MaxPasswordAge"))
    found["MaxPasswordAge"] = body.get("MaxPasswordAge", 0)
    if body.get("PasswordReusePrevention"):
        found["PasswordReusePrevention"] = body["PasswordReusePrevention"]
    return found


async def delete_password_policy(env: Env, call: Call) -> None:
    async def write(tx: Tx) -> None:
        if not await rows.delete_password_policy(tx, call.account):
            raise NoSuchEntity("The account policy with name PasswordPolicy cannot be found.")

    await env.store.transact(write)


async def require_conformity(reader: Reader, account: str, password: str) -> None:
    """Refuse a password that the account's policy refuses; raises PasswordPolicyViolation."""
    body = await rows.find_password_policy(reader, account)
    if body is None:
        return
    lacks = []
    if len(password) < body["MinimumPasswordLength"]:
        lacks.append(f"at least {body['MinimumPasswordLength']} characters")
    if body.get("RequireSymbols") and not any(char in _SYMBOLS for char in password):
        lacks.append(f"one of {_SYMBOLS}")
    if body.get("RequireNumbers") and not any(char.isdigit() for char in password):
        lacks.append("a number")
    if body.get("RequireUppercaseCharacters") and not any(char.isupper() for char in password):
        lacks.append("an uppercase letter")
    if body.get("RequireLowercaseCharacters") and not any(char.islower() for char in password):
        lacks.append("a lowercase letter")
    if lacks:
        raise PasswordPolicyViolation(
            "Password does not conform to the account password policy: it must have "
            + ", ".join(lacks)
            + "."
        )


async def old_hashes(reader: Reader, account: str, user_id: str) -> Sequence[str]:
    """Hashes of the passwords that may not come back."""
    body = await rows.find_password_policy(reader, account)
    count = 0 if body is None else body.get("PasswordReusePrevention", 0)
    return await rows.select_old_passwords(reader, user_id, limit=count) if count else []


async def expire_passwords(env: Env) -> None:
    """Passwords that are older than their account's policy lets them be must be changed."""
    now_us = env.clock.now_us()

    async def write(tx: Tx) -> None:
        for account, body in await rows.select_password_policies(tx):
            days = body.get("MaxPasswordAge", 0)
            if days:
                await rows.expire_logins(tx, account, before_us=now_us - days * DAY_US)

    await env.store.transact(write)
