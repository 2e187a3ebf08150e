"""The audit trail as Slack's audit logs: entries under Slack's own names of actions.

The trail has every call; Slack's logs have what an administrator wants to know, by names that the
programs which read them know. A call that Slack has no name for is found by Volano's own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from volano.services.chat.logic.workspaces import get_workspace
from volano.services.chat.model import ChannelKind
from volano.services.chat.store import channels as channel_rows
from volano.services.chat.store import users as user_rows
from volano.services.identity import interface as identity

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.journal import AuditRecord
    from volano.services.chat.model import Channel, ChatUser, Json, Workspace

MAX_PAGE = 1000
FAILED_LOGIN = "user_login_failed"
_LOGIN = "volano:ConsoleLogin"
_NAMES: dict[str, dict[str, tuple[str, ...]]] = {
    "user": {
        "user_login": (_LOGIN,),
        "user_logout": ("volano:signOut",),
        "user_session_reset_by_admin": (
            "volano:endPersonSessions",
            "slack:admin.users.session.reset",
            "slack:admin.users.session.resetBulk",
        ),
        "user_session_invalidated": ("slack:admin.users.session.invalidate",),
        "user_created": ("volano:createPerson", "volano:scimCreateUser", "iam:CreateUser"),
        "user_deactivated": (
            "volano:deletePerson",
            "volano:scimDeleteUser",
            "iam:DeleteUser",
            "slack:admin.users.remove",
        ),
        "user_reactivated": ("slack:admin.users.assign",),
        "guest_created": ("volano:inviteGuest", "slack:admin.users.invite"),
        "guest_expiration_set": ("slack:admin.users.setExpiration",),
        "role_change_to_admin": ("slack:admin.users.setAdmin",),
        "role_change_to_owner": ("slack:admin.users.setOwner",),
        "role_change_to_user": ("slack:admin.users.setRegular",),
        "user_profile_updated": ("slack:users.profile.set", "slack:users.setPhoto"),
    },
    "channel": {
        "public_channel_created": (
            "slack:conversations.create",
            "slack:admin.conversations.create",
        ),
        "public_channel_archive": (
            "slack:conversations.archive",
            "slack:admin.conversations.archive",
        ),
        "public_channel_unarchive": (
            "slack:conversations.unarchive",
            "slack:admin.conversations.unarchive",
        ),
        "public_channel_deleted": ("slack:admin.conversations.delete",),
        "public_channel_converted_to_private": ("slack:admin.conversations.convertToPrivate",),
        "private_channel_converted_to_public": ("slack:admin.conversations.convertToPublic",),
        "channel_renamed": ("slack:conversations.rename", "slack:admin.conversations.rename"),
        "channel_retention_changed": (
            "slack:admin.conversations.setCustomRetention",
            "slack:admin.conversations.removeCustomRetention",
        ),
        "user_channel_join": ("slack:conversations.join", "slack:conversations.invite"),
        "user_channel_leave": ("slack:conversations.leave", "slack:conversations.kick"),
    },
    "file": {
        "file_uploaded": ("slack:files.completeUploadExternal", "slack:files.upload"),
        "file_deleted": ("slack:files.delete",),
        "file_public_link_created": ("slack:files.sharedPublicURL",),
        "file_public_link_revoked": ("slack:files.revokePublicURL",),
    },
    "workspace": {
        "emoji_added": ("slack:admin.emoji.add", "volano:addChatEmoji"),
        "emoji_aliased": ("slack:admin.emoji.addAlias",),
        "emoji_removed": ("slack:admin.emoji.remove",),
        "emoji_renamed": ("slack:admin.emoji.rename",),
    },
    "app": {
        "app_installed": ("volano:installChatApp", "slack:oauth.v2.access"),
        "app_uninstalled": ("slack:apps.uninstall",),
        "app_deleted": ("slack:apps.manifest.delete",),
        "app_manifest_created": ("slack:apps.manifest.create",),
        "app_manifest_updated": ("slack:apps.manifest.update",),
    },
    "usergroup": {
        "usergroup_updated": ("slack:usergroups.update", "slack:usergroups.users.update"),
    },
    "canvas": {
        "canvas_created": ("slack:canvases.create", "slack:conversations.canvases.create"),
        "canvas_edited": ("slack:canvases.edit",),
        "canvas_deleted": ("slack:canvases.delete",),
        "canvas_access_added": ("slack:canvases.access.set",),
        "canvas_access_revoked": ("slack:canvases.access.delete",),
    },
}
_GROUPS = {"workspace": "workspace_or_org", "usergroup": "subteam"}
"""Where the list of actions is not called as the entity is."""
_PRIVATE = {
    f"public_channel_{what}": f"private_channel_{what}"
    for what in ("created", "archive", "unarchive", "deleted")
}
_OWN = {
    own: (kind, name) for kind, names in _NAMES.items() for name in names for own in names[name]
}
_NAMED = {name: owns for names in _NAMES.values() for name, owns in names.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to list. `action` is Slack's name or Volano's own; '' for all that Slack has."""

    action: str = ""
    actor: str = ""
    entity: str = ""
    oldest_us: int = 0
    latest_us: int = 0
    limit: int = 100
    cursor: str = ""


def list_actions() -> Json:
    """Slack's names of actions by what they are about."""
    return {
        _GROUPS.get(kind, kind): [*names, *([FAILED_LOGIN] if kind == "user" else [])]
        for kind, names in _NAMES.items()
    }


async def list_entries(env: Env, call: Call, wanted: Wanted) -> tuple[list[Json], str]:
    """A page, the newest first, and the cursor of the next. `actor` is a chat user's id or a
    principal's, `entity` the id of what was acted on or its ARN.
    """
    workspace = await get_workspace(env, call.account)
    actor = wanted.actor
    if actor[:1] in "UW":
        user = await user_rows.find_user(env.store.reader, call.account, actor)
        actor = user.principal_id if user is not None else actor
    asked = identity.AuditFilter(
        principal=actor,
        actions=_own_names(wanted.action),
        errors_only=wanted.action == FAILED_LOGIN,
        since_us=wanted.oldest_us,
        until_us=wanted.latest_us,
    )
    found, cursor = await identity.list_audit(
        env, call, asked, limit=min(max(wanted.limit, 1), MAX_PAGE), cursor=wanted.cursor
    )
    known = _Known(env=env, workspace=workspace)
    entries = [await _entry(known, record) for record in found if _is_shown(wanted, record)]
    return entries, cursor


def _own_names(action: str) -> tuple[str, ...]:
    if action == FAILED_LOGIN:
        return (_LOGIN,)
    public = next((name for name, private in _PRIVATE.items() if private == action), action)
    return _NAMED.get(public, (public,) if public else tuple(_OWN))


def _is_shown(wanted: Wanted, record: AuditRecord) -> bool:
    """Slack tells of what was done; of what was refused, only sign-ins."""
    if wanted.entity and wanted.entity not in (record.resource, _entity_id(record)):
        return False
    named = wanted.action in _NAMED or wanted.action in _PRIVATE.values() or not wanted.action
    return not named or record.status < 400 or record.action == _LOGIN != wanted.action


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """People (by their principals' ids and by their own) and channels of a page, each read once."""

    env: Env
    workspace: Workspace
    people: dict[str, ChatUser | None] = field(default_factory=dict)
    users: dict[str, ChatUser | None] = field(default_factory=dict)
    channels: dict[str, Channel | None] = field(default_factory=dict)

    async def user(self, user_id: str) -> ChatUser | None:
        if user_id not in self.users:
            self.users[user_id] = await user_rows.find_user(
                self.env.store.reader, self.workspace.account, user_id
            )
        return self.users[user_id]

    async def person(self, principal_id: str) -> ChatUser | None:
        if principal_id not in self.people:
            self.people[principal_id] = await user_rows.find_user_of_principal(
                self.env.store.reader, self.workspace.account, principal_id
            )
        return self.people[principal_id]

    async def channel(self, channel_id: str) -> Channel | None:
        if channel_id not in self.channels:
            self.channels[channel_id] = await channel_rows.find_channel(
                self.env.store.reader, self.workspace.account, channel_id
            )
        return self.channels[channel_id]


async def _entry(known: _Known, record: AuditRecord) -> Json:
    kind, name = _OWN.get(record.action, ("resource", record.action))
    if record.action == _LOGIN and record.status >= 400:
        name = FAILED_LOGIN
    entity = await _entity(known, kind, record)
    if kind == "channel" and entity.get("privacy") == "private":
        name = _PRIVATE.get(name, name)
    return {
        "id": record.id,
        "date_create": record.time_us // 1_000_000,
        "action": name,
        "actor": {"type": "user", "user": await _actor(known, record)},
        "entity": {"type": kind, kind: entity},
        "context": {
            "location": {
                "type": "workspace",
                "id": known.workspace.team_id,
                "name": known.workspace.name,
                "domain": known.env.config.public_host,
            },
            "ua": record.user_agent,
            "ip_address": record.source_ip,
            "session_id": None,
        },
        "details": {
            "type": record.action,
            "status": record.status,
            **({"error": record.error_code} if record.error_code else {}),
        },
    }


async def _actor(known: _Known, record: AuditRecord) -> Json:
    person = await known.person(record.principal_id)
    if person is None:
        return {"id": record.principal_id, "name": record.principal_arn, "email": "", "team": ""}
    return _user_json(known, person)


def _user_json(known: _Known, person: ChatUser) -> Json:
    return {
        "id": person.id,
        "name": person.real_name,
        "email": person.email,
        "team": known.workspace.team_id,
    }


def _entity_id(record: AuditRecord) -> str:
    """The id in the resource's ARN, or of what the call made."""
    last = record.resource.rpartition("/")[2]
    if last != "*" or not record.details:
        return last
    made = json.loads(record.details).get("responseElements")
    return next(iter(made.values()), "") if isinstance(made, dict) else ""


async def _entity(known: _Known, kind: str, record: AuditRecord) -> Json:
    entity_id = _entity_id(record)
    if kind == "workspace":
        here = known.workspace
        return {"id": here.team_id, "name": here.name, "domain": known.env.config.public_host}
    if kind == "user":
        person = await known.user(entity_id) or await known.person(record.principal_id)
        return _user_json(known, person) if person is not None else {"id": entity_id}
    if kind != "channel":
        return {"id": record.resource if kind == "resource" else entity_id}
    channel = await known.channel(entity_id)
    public = channel is None or channel.kind is ChannelKind.PUBLIC
    return {
        "id": entity_id,
        "name": channel.name if channel is not None else "",
        "privacy": "public" if public else "private",
        "is_shared": False,
        "is_org_shared": False,
        "teams_shared_with": [],
    }
