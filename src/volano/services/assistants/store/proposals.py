"""Rows of what waits for approval, and of whom its askers asked to approve it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.services.assistants.model import Proposal, ProposalState

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_PROPOSAL = (
    "id, account, asker_principal, asker_id, speaker_id, channel_id, question_us, card_us, "
    "only_asker, tool, arguments, state, result, created_us, expires_us, decided_by, decided_us"
)


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


async def upsert_request(
    tx: Tx, proposal_id: str, user_id: str, *, channel_id: str, card_us: int
) -> None:
    """The card with which `user_id` was asked to run a proposal."""
    await tx.execute(
        "INSERT INTO assistants_request (proposal_id, user_id, channel_id, card_us) "
        "VALUES (?, ?, ?, ?) ON CONFLICT (proposal_id, user_id) "
        "DO UPDATE SET channel_id = excluded.channel_id, card_us = excluded.card_us",
        proposal_id,
        user_id,
        channel_id,
        card_us,
    )


async def select_requests(
    reader: Reader, proposal_id: str, limit: int
) -> list[tuple[str, str, int]]:
    """User, channel and `ts` of every card with which somebody else was asked."""
    rows = await reader.rows(
        "SELECT user_id, channel_id, card_us FROM assistants_request WHERE proposal_id = ? "
        "ORDER BY user_id LIMIT ?",
        proposal_id,
        limit,
    )
    return [(row[0], row[1], row[2]) for row in rows]
