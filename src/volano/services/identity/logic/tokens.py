"""Bearer tokens: API keys (`sk-vol-…`) and Slack tokens (`xoxb-`, `xoxp-`, `xapp-`).

A token holds 256 random bits and is shown once; the database has its keyed digest only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from volano.services.identity.logic.quotas import require_iam_quota
from volano.services.identity.model.credentials import Token, TokenKind
from volano.services.identity.model.errors import ValidationError
from volano.services.identity.store import keys as rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from volano.kernel.call import Env
    from volano.kernel.store import Tx
    from volano.services.identity.model.principals import User

MAX_NAME_CHARACTERS = 100
MAX_SCOPES = 100
_SCOPE = re.compile(r"[A-Za-z0-9*?:._-]{1,100}\Z")


def _plain_token(env: Env, kind: TokenKind, account: str, app: str) -> str:
    """The forms that stock clients expect; each ends in 256 random bits."""
    if kind is TokenKind.API:
        return "sk-vol-" + env.ids.token(32)
    if kind is TokenKind.SLACK_APP:
        return f"xapp-1-{app or 'A0'}-{account}-{env.ids.hex(64)}"
    prefix = "xoxb" if kind is TokenKind.SLACK_BOT else "xoxp"
    return f"{prefix}-{account}-{env.ids.hex(64)}"


async def add_token(
    tx: Tx,
    env: Env,
    user: User,
    *,
    kind: TokenKind,
    name: str,
    scopes: Iterable[str] | None = None,
    app: str = "",
    expires_us: int | None = None,
    plain: str | None = None,
) -> tuple[Token, str]:
    """Store a token in the caller's transaction; returns it and its plain text."""
    _require_token(name, scopes, expires_us, env.clock.now_us())
    used = len(await rows.select_tokens_of_user(tx, user.id))
    await require_iam_quota(tx, user.account, "iam.tokens-per-user", used)
    plain = plain or _plain_token(env, kind, user.account, app)
    token = Token(
        id="key_" + env.ids.hex(20),
        account=user.account,
        user_id=user.id,
        kind=kind,
        name=name,
        hint=plain[-4:],
        app=app,
        scopes=None if scopes is None else frozenset(scopes),
        created_us=env.clock.now_us(),
        expires_us=expires_us,
    )
    await rows.insert_token(tx, token, digest=env.secrets.digest(plain))
    return token, plain


def _require_token(
    name: str, scopes: Iterable[str] | None, expires_us: int | None, now_us: int
) -> None:
    if not 1 <= len(name) <= MAX_NAME_CHARACTERS or "\x00" in name:
        raise ValidationError(f"A token's name has 1 to {MAX_NAME_CHARACTERS} characters.")
    wanted = list(scopes or ())
    if len(wanted) > MAX_SCOPES or not all(_SCOPE.match(scope) for scope in wanted):
        raise ValidationError(
            "Restrictions are at most 100 permission patterns such as models:* or s3:Get*."
        )
    if expires_us is not None and expires_us <= now_us:
        raise ValidationError("The token would be expired already.")
