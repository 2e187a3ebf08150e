"""Rows of assistants, their proposals, settings and spending."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.services.assistants.model import (
    MAX_ASSISTANTS,
    MAX_SERVERS,
    Assistant,
    OutsideServer,
    OutsideTool,
    Proposal,
    ProposalState,
    Settings,
)

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_ASSISTANT = (
    "id, account, name, title, instructions, model, knowledge, tools, audience, owner_id, "
    "principal_id, user_id, enabled, created_us, updated_us"
)
_PROPOSAL = (
    "id, account, asker_principal, asker_id, speaker_id, channel_id, question_us, card_us, "
    "only_asker, tool, arguments, state, result, created_us, expires_us, decided_by, decided_us"
)


async def find_settings(reader: Reader, account: str) -> Settings:
    """The account's, or those of an account that chose nothing."""
    row = await reader.row(
        "SELECT model, may_act, tokens_per_day FROM assistants_settings WHERE account = ?", account
    )
    if row is None:
        return Settings(account=account)
    return Settings(account=account, model=row[0], may_act=bool(row[1]), tokens_per_day=row[2])


async def upsert_settings(tx: Tx, settings: Settings) -> None:
    await tx.execute(
        "INSERT INTO assistants_settings (account, model, may_act, tokens_per_day) "
        "VALUES (?, ?, ?, ?) ON CONFLICT (account) DO UPDATE SET model = excluded.model, "
        "may_act = excluded.may_act, tokens_per_day = excluded.tokens_per_day",
        settings.account,
        settings.model,
        int(settings.may_act),
        settings.tokens_per_day,
    )


def _assistant(row: Row) -> Assistant:
    return Assistant(
        id=row[0],
        account=row[1],
        name=row[2],
        title=row[3],
        instructions=row[4],
        model=row[5],
        knowledge=tuple(json.loads(row[6])),
        tools=tuple(json.loads(row[7])),
        audience=tuple(json.loads(row[8])),
        owner_id=row[9],
        principal_id=row[10],
        user_id=row[11],
        enabled=bool(row[12]),
        created_us=row[13],
        updated_us=row[14],
    )


async def insert_assistant(tx: Tx, item: Assistant) -> None:
    await tx.execute(
        f"INSERT INTO assistants_assistant ({_ASSISTANT}) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        item.id,
        item.account,
        item.name,
        item.title,
        item.instructions,
        item.model,
        json.dumps(item.knowledge),
        json.dumps(item.tools),
        json.dumps(item.audience),
        item.owner_id,
        item.principal_id,
        item.user_id,
        int(item.enabled),
        item.created_us,
        item.updated_us,
    )


async def update_assistant(tx: Tx, item: Assistant) -> None:
    """All but name, owner and who it is."""
    await tx.execute(
        "UPDATE assistants_assistant SET title = ?, instructions = ?, model = ?, knowledge = ?, "
        "tools = ?, audience = ?, enabled = ?, updated_us = ? WHERE id = ?",
        item.title,
        item.instructions,
        item.model,
        json.dumps(item.knowledge),
        json.dumps(item.tools),
        json.dumps(item.audience),
        int(item.enabled),
        item.updated_us,
        item.id,
    )


async def delete_assistant(tx: Tx, assistant_id: str) -> None:
    await tx.execute("DELETE FROM assistants_assistant WHERE id = ?", assistant_id)


async def find_assistant(reader: Reader, account: str, assistant_id: str) -> Assistant | None:
    row = await reader.row(
        f"SELECT {_ASSISTANT} FROM assistants_assistant WHERE account = ? AND id = ?",
        account,
        assistant_id,
    )
    return _assistant(row) if row else None


async def select_assistants(reader: Reader, account: str) -> list[Assistant]:
    """By name."""
    rows = await reader.rows(
        f"SELECT {_ASSISTANT} FROM assistants_assistant WHERE account = ? ORDER BY name LIMIT ?",
        account,
        MAX_ASSISTANTS,
    )
    return [_assistant(row) for row in rows]


def _proposal(row: Row) -> Proposal:
    return Proposal(
        id=row[0],
        account=row[1],
        asker_principal=row[2],
        asker_id=row[3],
        speaker_id=row[4],
        channel_id=row[5],
        question_us=row[6],
        card_us=row[7],
        only_asker=bool(row[8]),
        tool=row[9],
        arguments=json.loads(row[10]),
        state=ProposalState(row[11]),
        result=row[12],
        created_us=row[13],
        expires_us=row[14],
        decided_by=row[15],
        decided_us=row[16],
    )


async def insert_proposal(tx: Tx, item: Proposal) -> bool:
    """False when it is there already: a question that is handled twice proposes once."""
    changed = await tx.execute(
        f"INSERT INTO assistants_proposal ({_PROPOSAL}) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        item.id,
        item.account,
        item.asker_principal,
        item.asker_id,
        item.speaker_id,
        item.channel_id,
        item.question_us,
        item.card_us,
        int(item.only_asker),
        item.tool,
        json.dumps(item.arguments),
        item.state.value,
        item.result,
        item.created_us,
        item.expires_us,
        item.decided_by,
        item.decided_us,
    )
    return changed == 1


async def find_proposal(reader: Reader, account: str, proposal_id: str) -> Proposal | None:
    row = await reader.row(
        f"SELECT {_PROPOSAL} FROM assistants_proposal WHERE account = ? AND id = ?",
        account,
        proposal_id,
    )
    return _proposal(row) if row else None


async def select_proposals(
    reader: Reader, account: str, asker_principal: str, *, before_us: int, limit: int
) -> list[Proposal]:
    """What one person asked for, the newest first."""
    rows = await reader.rows(
        f"SELECT {_PROPOSAL} FROM assistants_proposal WHERE account = ? AND asker_principal = ? "
        "AND created_us < ? ORDER BY created_us DESC, id LIMIT ?",
        account,
        asker_principal,
        before_us,
        limit,
    )
    return [_proposal(row) for row in rows]


async def update_proposal_card(tx: Tx, proposal_id: str, card_us: int) -> None:
    await tx.execute(
        "UPDATE assistants_proposal SET card_us = ? WHERE id = ?", card_us, proposal_id
    )


async def take_proposal(
    tx: Tx,
    item: Proposal,
    state: ProposalState,
    *,
    decided_by: str,
    decided_us: int,
    expires_us: int,
) -> bool:
    """Decide a waiting proposal; False when somebody was faster."""
    changed = await tx.execute(
        "UPDATE assistants_proposal SET state = ?, arguments = ?, decided_by = ?, decided_us = ?, "
        "expires_us = ? WHERE id = ? AND state = 'waiting'",
        state.value,
        json.dumps(item.arguments),
        decided_by,
        decided_us,
        expires_us,
        item.id,
    )
    return changed == 1


async def update_proposal_result(
    tx: Tx, proposal_id: str, state: ProposalState, result: str
) -> None:
    await tx.execute(
        "UPDATE assistants_proposal SET state = ?, result = ? WHERE id = ?",
        state.value,
        result,
        proposal_id,
    )


async def select_due(reader: Reader, now_us: int, limit: int) -> list[Proposal]:
    """Waiting proposals that nobody decided in time, and runs that a crash cut off."""
    rows = await reader.rows(
        f"SELECT {_PROPOSAL} FROM assistants_proposal "
        "WHERE state IN ('waiting', 'running') AND expires_us <= ? ORDER BY expires_us LIMIT ?",
        now_us,
        limit,
    )
    return [_proposal(row) for row in rows]


async def add_spend(tx: Tx, account: str, principal_id: str, day: str, tokens: int) -> None:
    await tx.execute(
        "INSERT INTO assistants_spend (account, principal_id, day, tokens) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (account, principal_id, day) "
        "DO UPDATE SET tokens = assistants_spend.tokens + excluded.tokens",
        account,
        principal_id,
        day,
        tokens,
    )


async def find_spend(reader: Reader, account: str, principal_id: str, day: str) -> int:
    row = await reader.row(
        "SELECT tokens FROM assistants_spend WHERE account = ? AND principal_id = ? AND day = ?",
        account,
        principal_id,
        day,
    )
    return row[0] if row else 0


_SERVER = "account, name, url, secret, tools, allowed, digest, changed, approved_us"


def _server(row: Row) -> OutsideServer:
    return OutsideServer(
        account=row[0],
        name=row[1],
        url=row[2],
        secret=bytes(row[3]),
        tools=tuple(
            OutsideTool(name=name, description=description, schema=schema)
            for name, description, schema in json.loads(row[4])
        ),
        allowed=tuple(json.loads(row[5])),
        digest=row[6],
        changed=bool(row[7]),
        approved_us=row[8],
    )


async def upsert_server(tx: Tx, item: OutsideServer) -> None:
    await tx.execute(
        f"INSERT INTO assistants_server ({_SERVER}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (account, name) DO UPDATE SET url = excluded.url, secret = excluded.secret, "
        "tools = excluded.tools, allowed = excluded.allowed, digest = excluded.digest, "
        "changed = excluded.changed, approved_us = excluded.approved_us",
        item.account,
        item.name,
        item.url,
        item.secret,
        json.dumps([[tool.name, tool.description, tool.schema] for tool in item.tools]),
        json.dumps(item.allowed),
        item.digest,
        int(item.changed),
        item.approved_us,
    )


async def update_server_changed(tx: Tx, account: str, name: str) -> None:
    await tx.execute(
        "UPDATE assistants_server SET changed = 1 WHERE account = ? AND name = ?", account, name
    )


async def delete_server(tx: Tx, account: str, name: str) -> int:
    return await tx.execute(
        "DELETE FROM assistants_server WHERE account = ? AND name = ?", account, name
    )


async def find_server(reader: Reader, account: str, name: str) -> OutsideServer | None:
    row = await reader.row(
        f"SELECT {_SERVER} FROM assistants_server WHERE account = ? AND name = ?", account, name
    )
    return _server(row) if row else None


async def select_servers(reader: Reader, account: str) -> list[OutsideServer]:
    """By name."""
    rows = await reader.rows(
        f"SELECT {_SERVER} FROM assistants_server WHERE account = ? ORDER BY name LIMIT ?",
        account,
        MAX_SERVERS,
    )
    return [_server(row) for row in rows]
