"""The credential report: every user of an account with the age and use of their credentials.

Its columns are those of the IAM user guide, "Getting credential reports". A report is made at once,
kept for four hours, and made anew by the next request after that (test mode: by each request that
begins one).
"""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from volano.kernel.identity import PrincipalKind
from volano.services.identity.logic.uses import write_uses
from volano.services.identity.model.errors import CredentialReportNotPresent
from volano.services.identity.model.items import Item, ItemKind
from volano.services.identity.store import items as rows
from volano.services.identity.store import keys as key_rows
from volano.services.identity.store import users as user_rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx
    from volano.services.identity.model.credentials import AccessKeyRow
    from volano.services.identity.model.principals import User

KEPT_US = 4 * 3600 * 1_000_000
MAX_USERS = 100_000
_KEY = ("active", "last_rotated", "last_used_date", "last_used_region", "last_used_service")
COLUMNS = (
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    *(f"access_key_{number}_{name}" for number in (1, 2) for name in _KEY),
    *(f"cert_{number}_{name}" for number in (1, 2) for name in ("active", "last_rotated")),
)
_NAME = "report"


async def generate_report(env: Env, call: Call) -> bool:
    """Whether a report is ready; False when this call has begun a new one."""
    now_us = env.clock.now_us()
    known = await _find(env.store.reader, call)
    fresh = known is not None and now_us - known.created_us < KEPT_US
    told = known is not None and known.body.get("told") == "yes"
    if known is not None and fresh and not (told and env.config.test_mode):
        if not told:
            await _keep(env, call, known.body["csv"], told="yes", made_us=known.created_us)
        return True
    await write_uses(env)
    await _keep(env, call, await _make(env, call), told="", made_us=now_us)
    return False


async def _find(reader: Reader, call: Call) -> Item | None:
    kind = ItemKind.CREDENTIAL_REPORT
    return await rows.find_item_by_name(reader, call.account, kind, _NAME)


async def _keep(env: Env, call: Call, text: str, *, told: str, made_us: int) -> None:
    item = Item(
        id=f"credential-report/{call.account}",
        account=call.account,
        kind=ItemKind.CREDENTIAL_REPORT,
        name=_NAME,
        body={"csv": text, "told": told},
        created_us=made_us,
    )

    async def write(tx: Tx) -> None:
        await rows.delete_item(tx, item.id)
        await rows.insert_item(tx, item)

    await env.store.transact(write)


async def get_report(env: Env, call: Call) -> tuple[str, int]:
    """The report as CSV and when it was made; raises CredentialReportNotPresent."""
    known = await _find(env.store.reader, call)
    if known is None:
        raise CredentialReportNotPresent(
            "No report is present. Call GenerateCredentialReport first."
        )
    return known.body["csv"], known.created_us


async def _make(env: Env, call: Call) -> str:
    reader = env.store.reader
    root = await user_rows.find_user(reader, call.account)
    users = [root] if root is not None else []
    users += await user_rows.select_users(
        reader, call.account, path_prefix="/", after="", limit=MAX_USERS
    )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for user in users:
        writer.writerow(await _line(reader, user))
    return text.getvalue()


async def _line(reader: Reader, user: User) -> list[str]:
    is_root = user.kind is PrincipalKind.ROOT
    login = await user_rows.find_login(reader, user.id)
    policy = await rows.find_password_policy(reader, user.account) or {}
    age_us = policy.get("MaxPasswordAge", 0) * 24 * 3600 * 1_000_000
    used = _time(user.password_used_us) if user.password_used_us else "no_information"
    changed = "N/A" if login is None else _time(login.changed_us)
    line = [
        "<root_account>" if is_root else user.name,
        user.arn,
        _time(user.created_us),
        "not_supported" if is_root else _flag(login is not None),
        used if login is not None or is_root else "N/A",
        "not_supported" if is_root else changed,
        _time(login.changed_us + age_us) if login is not None and age_us else "N/A",
        _flag(await rows.has_items(reader, user.id, ItemKind.MFA_DEVICE)),
    ]
    keys = await key_rows.select_access_keys(reader, user.id)
    certificates = await rows.select_items_of(reader, user.id, ItemKind.SIGNING_CERTIFICATE)
    for index in range(2):
        line += _key(keys[index] if index < len(keys) else None)
    for index in range(2):
        held = certificates[index] if index < len(certificates) else None
        line += (
            ["false", "N/A"]
            if held is None
            else [_flag(held.body["status"] == "Active"), _time(held.created_us)]
        )
    return line


def _key(key: AccessKeyRow | None) -> list[str]:
    if key is None:
        return ["false", "N/A", "N/A", "N/A", "N/A"]
    if key.last_used_us is None:
        return [_flag(key.active), _time(key.created_us), "N/A", "N/A", "N/A"]
    used = [_time(key.last_used_us), key.last_used_region or "N/A", key.last_used_service or "N/A"]
    return [_flag(key.active), _time(key.created_us), *used]


def _flag(value: object) -> str:
    return "true" if value else "false"


def _time(moment_us: int) -> str:
    return datetime.fromtimestamp(moment_us // 1_000_000, UTC).isoformat()
