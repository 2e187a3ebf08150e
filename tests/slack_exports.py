"""Small exports in Slack's form, as its export page makes them."""

from __future__ import annotations

import io
import json
import zipfile

TEAM = "T0ACME001"
ANN, BEN, CLEO, DAN = "U0ANN00001", "U0BEN00001", "U0CLEO0001", "U0DAN00001"
GENERAL, RANDOM, SECRET = "C0GENERAL1", "C0RANDOM01", "G0SECRET01"
DIRECT, GROUP = "D0ANNBEN01", "G0GROUP001"
FILE = "F0NOTES001"
FIRST = 1_700_000_000


def person(id: str, name: str, **more: object) -> dict[str, object]:
    email = f"{name}@acme.example"
    profile = {"real_name": name.capitalize(), "email": email, "title": f"{name} of Acme"}
    return {"id": id, "team_id": TEAM, "name": name, "profile": profile, **more}


def channel(id: str, name: str, *members: str, **more: object) -> dict[str, object]:
    return {
        "id": id,
        "name": name,
        "created": FIRST - 1000,
        "creator": ANN,
        "is_archived": False,
        "is_general": name == "general",
        "members": list(members),
        "topic": {"value": f"All of {name}", "creator": ANN, "last_set": FIRST},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        **more,
    }


def said(user: str, text: str, after_s: float, **more: object) -> dict[str, object]:
    ts = f"{FIRST + after_s:.6f}"
    return {"type": "message", "user": user, "text": text, "ts": ts, "team": TEAM, **more}


def ts_of(after_s: float) -> str:
    return f"{FIRST + after_s:.6f}"


def small_export() -> dict[str, object]:
    """Members of the zip by name: JSON, or bytes."""
    deleted = person("U0GONE0001", "gus", deleted=True)
    bot = person("U0BOT00001", "deploys", is_bot=True)
    bot["profile"] = {"real_name": "Deploys", "bot_id": "B0DEPLOY01"}
    guest = person(DAN, "dan", is_restricted=True, is_ultra_restricted=True)
    root = said(ANN, f"Lunch at noon, <@{BEN}>? See <#{RANDOM}|random> &amp; tell 日本語の", 10)
    root |= {
        "thread_ts": root["ts"],
        "reply_count": 2,
        "reactions": [{"name": "pizza", "users": [BEN, CLEO], "count": 2}],
        "client_msg_id": "11111111-2222-3333-4444-555555555555",
    }
    replies = [
        said(BEN, "Yes", 20, thread_ts=root["ts"], parent_user_id=ANN),
        said(CLEO, "No", 30, thread_ts=root["ts"], subtype="thread_broadcast", root=root),
    ]
    edited = said(BEN, "The plan is final.", 40)
    edited["edited"] = {"user": BEN, "ts": ts_of(50)}
    file = {
        "id": FILE,
        "name": "notes.txt",
        "title": "Notes",
        "mimetype": "text/plain",
        "user": ANN,
        "size": 9,
        "url_private": "https://files.slack.example/notes.txt?t=xoxe-1",
    }
    robot = {"type": "message", "subtype": "bot_message", "bot_id": "B0DEPLOY01", "text": "Built"}
    old = said("U0ELSE0001", "I am from elsewhere", 60)
    old["user_profile"] = {"name": "eve", "real_name": "Eve of Elsewhere"}
    return {
        "users.json": [
            person(ANN, "ann"),
            person(BEN, "ben"),
            person(CLEO, "cleo"),
            guest,
            deleted,
            bot,
        ],
        "channels.json": [
            channel(GENERAL, "general", ANN, BEN, CLEO, pins=[_pin(root["ts"])]),
            channel(RANDOM, "random", ANN, BEN, DAN, is_archived=True),
        ],
        "groups.json": [channel(SECRET, "secret", ANN, BEN)],
        "dms.json": [{"id": DIRECT, "created": FIRST, "members": [ANN, BEN]}],
        "mpims.json": [channel(GROUP, "mpdm-ann--ben--cleo-1", ANN, BEN, CLEO)],
        "integration_logs.json": [],
        "canvases.json": [],
        "general/2023-11-14.json": [root, *replies, edited],
        "general/2023-11-15.json": [
            {**robot, "ts": ts_of(86_400)},
            old,
            said(ANN, "", 90_000, files=[file], subtype="file_share"),
        ],
        "random/2023-11-14.json": [said(DAN, "Anything goes", 70)],
        "secret/2023-11-14.json": [said(ANN, "The raise is secret", 80)],
        f"{DIRECT}/2023-11-14.json": [said(BEN, "Between us", 90)],
        "mpdm-ann--ben--cleo-1/2023-11-14.json": [said(CLEO, "The three of us", 100)],
    }


def _pin(ts: object) -> dict[str, object]:
    return {"id": ts, "type": "C", "user": BEN, "owner": ANN, "created": FIRST + 15}


def zipped(members: dict[str, object]) -> bytes:
    """The zip file; what is no bytes becomes JSON."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            raw = content if isinstance(content, bytes) else json.dumps(content).encode()
            archive.writestr(name, raw)
    return packed.getvalue()
