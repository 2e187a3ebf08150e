"""Users: people and service accounts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from volano.kernel.identity import PrincipalKind
from volano.services.identity.logic.access import forget
from volano.services.identity.logic.names import (
    cut_page,
    parse_marker,
    require_name,
    require_page_size,
    require_path,
    require_tags,
)
from volano.services.identity.logic.policies import require_boundary
from volano.services.identity.logic.quotas import require_iam_quota
from volano.services.identity.model.errors import (
    DeleteConflict,
    EntityAlreadyExists,
    NoSuchEntity,
    ValidationError,
)
from volano.services.identity.model.events import (
    PrincipalChanged,
    PrincipalCreated,
    PrincipalDeleted,
)
from volano.services.identity.model.items import ItemKind
from volano.services.identity.model.principals import SERVICE_ACCOUNT_PATH, User
from volano.services.identity.store import groups as group_rows
from volano.services.identity.store import items as item_rows
from volano.services.identity.store import keys as key_rows
from volano.services.identity.store import policies as policy_rows
from volano.services.identity.store import users as rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.ids import AccountId
    from volano.kernel.store import Reader, Tx

MAX_DISPLAY_NAME_CHARACTERS = 128
MAX_EMAIL_CHARACTERS = 254


def make_user(
    env: Env,
    account: AccountId,
    name: str,
    *,
    kind: PrincipalKind = PrincipalKind.USER,
    path: str | None = None,
    display_name: str = "",
    email: str = "",
    tags: Mapping[str, str] | None = None,
    boundary: str | None = None,
) -> User:
    """A user that is not stored yet; raises ValidationError."""
    is_service = kind is PrincipalKind.SERVICE_ACCOUNT
    path = path or (SERVICE_ACCOUNT_PATH if is_service else "/")
    require_name(name, field="userName")
    require_path(path, bare=env.config.test_mode)
    require_tags(tags or {})
    _require_texts(display_name, email)
    if path.startswith(SERVICE_ACCOUNT_PATH):
        kind = PrincipalKind.SERVICE_ACCOUNT
    return User(
        id=env.ids.unique("AIDA", 17),
        account=account,
        kind=kind,
        name=name,
        path=path,
        display_name=display_name,
        email=email,
        tags=dict(tags or {}),
        boundary=boundary,
        created_us=env.clock.now_us(),
    )


def _require_texts(display_name: str, email: str) -> None:
    if len(display_name) > MAX_DISPLAY_NAME_CHARACTERS or "\x00" in display_name:
        raise ValidationError(
            f"A display name has at most {MAX_DISPLAY_NAME_CHARACTERS} characters."
        )
    if len(email) > MAX_EMAIL_CHARACTERS or "\x00" in email or (email and "@" not in email):
        raise ValidationError("The e-mail address is not one.")


async def add_user(tx: Tx, user: User) -> None:
    """Store a new user in the caller's transaction and tell the services above.

    Raises EntityAlreadyExists when the name is taken in any case, LimitExceeded by the quota.
    """
    if await rows.is_user_name_taken(tx, user.account, user.name):
        raise EntityAlreadyExists(f"User with name {user.name} already exists.")
    await require_iam_quota(tx, user.account, "iam.users", await rows.count_users(tx, user.account))
    await rows.insert_user(tx, user)
    tx.publish(
        PrincipalCreated(
            account=user.account,
            principal_id=user.id,
            kind=user.kind.value,
            name=user.name,
            display_name=user.display_name,
            email=user.email,
        )
    )


async def create_user(env: Env, call: Call, user: User) -> User:
    """Store `user` (of `make_user`) in the caller's account."""
    if user.boundary is not None:
        await require_boundary(env.store.reader, call.account, user.boundary)

    async def write(tx: Tx) -> None:
        await add_user(tx, user)

    await env.store.transact(write)
    return user


async def get_user(reader: Reader, account: str, name: str) -> User:
    """By exact name; raises NoSuchEntity."""
    user = await rows.find_user_by_name(reader, account, name)
    if user is None or user.kind is PrincipalKind.ROOT:
        raise NoSuchEntity(f"The user with name {name[:128]} cannot be found.")
    return user


async def get_user_or_self(reader: Reader, call: Call, name: str | None) -> User:
    """The user called `name`, or the caller (a user or root) when no name is given."""
    if name is not None:
        return await get_user(reader, call.account, name)
    user = await rows.find_user(reader, call.principal.id)
    if user is None:
        raise ValidationError("Must specify userName when calling with non-User credentials")
    return user


async def list_users(
    env: Env,
    call: Call,
    *,
    path_prefix: str = "/",
    marker: str | None = None,
    max_items: int | None = None,
) -> tuple[list[User], str | None]:
    limit = require_page_size(max_items)
    found = await rows.select_users(
        env.store.reader,
        call.account,
        path_prefix=path_prefix,
        after=parse_marker(marker),
        limit=limit + 1,
    )
    return cut_page(found, limit, lambda user: user.name.lower())


async def update_user(
    env: Env, call: Call, name: str, *, new_name: str | None, new_path: str | None
) -> None:
    """Rename or move; keys and policies stay."""
    if new_name is not None:
        require_name(new_name, field="newUserName")
    if new_path is not None:
        require_path(new_path, field="newPath", bare=env.config.test_mode)

    async def write(tx: Tx) -> None:
        user = await get_user(tx, call.account, name)
        renamed = new_name is not None and new_name.lower() != name.lower()
        if renamed and await rows.is_user_name_taken(tx, call.account, new_name or ""):
            raise EntityAlreadyExists(f"User with name {new_name} already exists.")
        await change_user(tx, replace(user, name=new_name or user.name, path=new_path or user.path))

    await env.store.transact(write)
    forget(env)


async def change_user(tx: Tx, user: User) -> None:
    """Store a changed user and tell the services above."""
    await rows.update_user(tx, user)
    tx.publish(
        PrincipalChanged(
            account=user.account,
            principal_id=user.id,
            kind=user.kind.value,
            name=user.name,
            display_name=user.display_name,
            email=user.email,
            disabled=user.disabled,
        )
    )


async def describe_user(
    env: Env, call: Call, name: str, *, display_name: str | None, email: str | None
) -> User:
    """Change the texts that people see."""
    _require_texts(display_name or "", email or "")

    async def write(tx: Tx) -> User:
        user = await get_user(tx, call.account, name)
        changed = replace(
            user,
            display_name=user.display_name if display_name is None else display_name,
            email=user.email if email is None else email,
        )
        await change_user(tx, changed)
        return changed

    return await env.store.transact(write)


async def set_user_disabled(env: Env, call: Call, name: str, *, disabled: bool) -> None:
    """A disabled user's keys, tokens and sessions stop working at once; nothing is deleted."""
    if disabled and name == call.principal.name and call.principal.kind is PrincipalKind.USER:
        raise ValidationError("You cannot disable yourself.")

    async def write(tx: Tx) -> None:
        user = await get_user(tx, call.account, name)
        await change_user(tx, replace(user, disabled=disabled))

    await env.store.transact(write)
    forget(env)


async def delete_user(env: Env, call: Call, name: str, *, force: bool = False) -> None:
    """Delete a user; without `force` IAM's rule holds that nothing may hang on it any more."""

    async def write(tx: Tx) -> None:
        user = await get_user(tx, call.account, name)
        if force:
            await _remove_dependents(tx, user)
        else:
            await _require_bare(tx, user)
        await key_rows.delete_credentials_of(tx, user.id)
        await item_rows.delete_items_of(tx, user.id)
        await rows.delete_user(tx, user.id)
        tx.publish(
            PrincipalDeleted(
                account=user.account, principal_id=user.id, kind=user.kind.value, name=user.name
            )
        )

    await env.store.transact(write)
    forget(env)


async def _require_bare(tx: Tx, user: User) -> None:
    conflict = "Cannot delete entity, must "
    if await group_rows.select_groups_of(tx, user.id, limit=1):
        raise DeleteConflict(conflict + "remove users from group first.")
    if await policy_rows.select_attached_arns(tx, user.id):
        raise DeleteConflict(conflict + "detach all policies first.")
    if await policy_rows.select_inline(tx, user.id):
        raise DeleteConflict(conflict + "delete policies first.")
    if await key_rows.select_access_keys(tx, user.id):
        raise DeleteConflict(conflict + "delete access keys first.")
    if await rows.find_login(tx, user.id) is not None:
        raise DeleteConflict(conflict + "delete login profile first.")
    for kind, words in _HELD.items():
        if await item_rows.has_items(tx, user.id, kind):
            raise DeleteConflict(conflict + words)


_HELD = {
    ItemKind.MFA_DEVICE: "delete MFA device first.",
    ItemKind.SIGNING_CERTIFICATE: "delete signing certificates first.",
    ItemKind.SSH_KEY: "delete SSH public keys first.",
    ItemKind.SERVICE_CREDENTIAL: "remove referenced objects first.",
}


async def _remove_dependents(tx: Tx, user: User) -> None:
    for group in await group_rows.select_groups_of(tx, user.id, limit=1000):
        await group_rows.delete_membership(tx, user.id, group.id)
    for arn in await policy_rows.select_attached_arns(tx, user.id):
        await policy_rows.delete_attachment(tx, user.id, arn)
    for name, _ in await policy_rows.select_inline(tx, user.id):
        await policy_rows.delete_inline(tx, user.id, name)
    for kind in _HELD:
        for item in await item_rows.select_items_of(tx, user.id, kind):
            await item_rows.delete_item(tx, item.id)


async def tag_user(
    env: Env, call: Call, name: str, *, add: Mapping[str, str], remove: Sequence[str] = ()
) -> None:
    async def write(tx: Tx) -> None:
        user = await get_user(tx, call.account, name)
        tags = {k: v for k, v in {**user.tags, **add}.items() if k not in remove}
        require_tags(tags)
        await rows.update_user(tx, replace(user, tags=tags))

    await env.store.transact(write)
    forget(env)


async def put_user_boundary(env: Env, call: Call, name: str, arn: str | None) -> None:
    """Set or, with None, remove the permissions boundary."""

    async def write(tx: Tx) -> None:
        user = await get_user(tx, call.account, name)
        if arn is not None:
            await require_boundary(tx, call.account, arn)
        await rows.update_user(tx, replace(user, boundary=arn))

    await env.store.transact(write)
    forget(env)
