"""Apps made by manifest, as an administrator makes them, and what a person does with them."""

from __future__ import annotations

import json
import threading
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import Volano

BOT_SCOPES = [
    "app_mentions:read",
    "assistant:write",
    "bookmarks:read",
    "bookmarks:write",
    "canvases:read",
    "canvases:write",
    "channels:history",
    "channels:join",
    "channels:manage",
    "channels:read",
    "chat:write",
    "chat:write.customize",
    "chat:write.public",
    "commands",
    "emoji:read",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "groups:write",
    "im:history",
    "im:read",
    "im:write",
    "incoming-webhook",
    "links:read",
    "links:write",
    "metadata.message:read",
    "mpim:history",
    "mpim:read",
    "mpim:write",
    "pins:read",
    "pins:write",
    "reactions:read",
    "reactions:write",
    "reminders:read",
    "reminders:write",
    "remote_files:read",
    "remote_files:share",
    "remote_files:write",
    "team:read",
    "usergroups:read",
    "usergroups:write",
    "users.profile:read",
    "users:read",
    "users:read.email",
    "users:write",
]
EVENTS = [
    "app_home_opened",
    "app_mention",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
    "reaction_added",
    "reaction_removed",
    "member_joined_channel",
    "channel_created",
    "file_shared",
    "pin_added",
    "pin_removed",
    "app_uninstalled",
    "tokens_revoked",
    "link_shared",
    "team_join",
    "user_change",
    "assistant_thread_started",
    "assistant_thread_context_changed",
]


def manifest_of(name: str, *, url: str = "", **settings: object) -> dict:
    """A manifest with everything; over Socket Mode, or over HTTP to `url`."""
    return {
        "display_information": {"name": name},
        "features": {
            "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True},
            "bot_user": {"display_name": name, "always_online": True},
            "slash_commands": [
                {"command": f"/{name}", "description": "Runs", "url": url, "usage_hint": "text"}
            ],
            "shortcuts": [
                {"name": "Make", "type": "global", "callback_id": "make", "description": "Makes"},
                {"name": "Keep", "type": "message", "callback_id": "keep", "description": "Keeps"},
            ],
            "unfurl_domains": ["example.com"],
        },
        "oauth_config": {
            "redirect_urls": ["https://example.com/callback"],
            "scopes": {"bot": BOT_SCOPES, "user": ["search:read", "chat:write"]},
        },
        "settings": {
            "event_subscriptions": {"request_url": url, "bot_events": EVENTS},
            "interactivity": {"is_enabled": True, "request_url": url},
            "socket_mode_enabled": not url,
            **settings,
        },
    }


@dataclass
class MadeApp:
    """An installed app with its credentials."""

    volano: Volano
    id: str
    name: str
    credentials: dict
    bot_token: str
    app_token: str

    @property
    def base_url(self) -> str:
        return f"{self.volano.url}/api/"

    def bot(self):
        return self.volano.slack(self.bot_token)

    def do(self, method: str, path: str, body: object = None, *, expect: int = 200):
        """What a person does in the console."""
        token = self.volano.credentials["SLACK_USER_TOKEN"]
        status, answer = self.volano.rest(method, f"/chat{path}", body, token=token)
        assert status == expect or (status, expect) == (204, 200), (status, answer)
        return answer


def make_app(
    volano: Volano,
    name: str = "",
    *,
    url: str = "",
    functions: dict | None = None,
    **settings: object,
) -> MadeApp:
    name = name or f"app{uuid.uuid4().hex[:8]}"
    slack = volano.slack()
    manifest = {**manifest_of(name, url=url, **settings), "functions": functions or {}}
    made = slack.apps_manifest_create(manifest=json.dumps(manifest))
    app_id = made["app_id"]
    token = volano.credentials["SLACK_USER_TOKEN"]
    status, tokens = volano.rest("POST", f"/chat/apps/{app_id}/install", {}, token=token)
    assert status == 200, tokens
    status, level = volano.rest("POST", f"/chat/apps/{app_id}/tokens", {}, token=token)
    assert status == 200, level
    return MadeApp(volano, app_id, name, made["credentials"], tokens["bot_token"], level["token"])


class Seen:
    """What an app was told, by kind; `wait` for one that fits."""

    def __init__(self) -> None:
        self.items: list[tuple[str, dict]] = []
        self.changed = threading.Condition()

    def add(self, kind: str, body: dict) -> None:
        with self.changed:
            self.items.append((kind, body))
            self.changed.notify_all()

    def wait(self, kind: str, fits=lambda body: True, timeout_s: float = 120) -> dict:
        with self.changed:
            found = self.changed.wait_for(
                lambda: next((b for k, b in self.items if k == kind and fits(b)), None), timeout_s
            )
        assert found is not None, [k for k, _ in self.items]
        return found


def until(fits, timeout_s: float = 120) -> object:
    """What `fits` answers once it is true; asked again and again."""
    deadline = time.monotonic() + timeout_s
    while not (found := fits()):
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.05)
    return found
