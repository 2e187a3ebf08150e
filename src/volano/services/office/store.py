"""Rows of templates, approvals, turns, notes and tasks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.services.office.model import (
    MAX_TEMPLATES,
    Approval,
    Deputy,
    Field,
    FieldKind,
    Note,
    NoteKind,
    Role,
    State,
    Step,
    StepKind,
    Task,
    Template,
    Turn,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.store import Reader, Row, Tx

MAX_NOTES = 500
MAX_TURNS = 1000
_TEMPLATE = "id, account, name, title, about, fields, steps, copies, enabled, updated_us"
_APPROVAL = (
    "id, account, template_id, title, fields, field_values, asker_id, state, step, steps, copies, "
    "urged_us, created_us, updated_us"
)
_TURN = "approval_id, user_id, account, step, role, waiting, channel_id, card_us, created_us"
_NOTE = "id, approval_id, user_id, kind, text, other_id, step, created_us"
_TASK = (
    "id, account, title, note, creator_id, assignee_id, due_us, reminded, done_us, channel_id, "
    "message_us, created_us, updated_us"
)


def _fields_text(fields: Sequence[Field]) -> str:
    return json.dumps(
        [[item.name, item.label, item.kind.value, item.required, item.choices] for item in fields]
    )


def _fields(text: str) -> tuple[Field, ...]:
    return tuple(
        Field(
            name=name,
            label=label,
            kind=FieldKind(kind),
            required=required,
            choices=tuple(choices),
        )
        for name, label, kind, required, choices in json.loads(text)
    )


def _steps_text(steps: Sequence[Step]) -> str:
    return json.dumps(
        [
            [step.kind.value, step.people, step.level, step.everyone, step.over_field, step.over]
            for step in steps
        ]
    )


def _steps(text: str) -> tuple[Step, ...]:
    return tuple(
        Step(
            kind=StepKind(kind),
            people=tuple(people),
            level=level,
            everyone=everyone,
            over_field=over_field,
            over=over,
        )
        for kind, people, level, everyone, over_field, over in json.loads(text)
    )


async def find_bot(reader: Reader, account: str) -> str:
    """The chat user that speaks for the office; '' when there is none yet."""
    row = await reader.row("SELECT bot_id FROM office_desk WHERE account = ?", account)
    return row[0] if row else ""


async def insert_desk(tx: Tx, account: str, bot_id: str, made_us: int) -> None:
    await tx.execute(
        "INSERT INTO office_desk (account, bot_id, made_us) VALUES (?, ?, ?)",
        account,
        bot_id,
        made_us,
    )


def _template(row: Row) -> Template:
    return Template(
        id=row[0],
        account=row[1],
        name=row[2],
        title=row[3],
        about=row[4],
        fields=_fields(row[5]),
        steps=_steps(row[6]),
        copies=tuple(json.loads(row[7])),
        enabled=bool(row[8]),
        updated_us=row[9],
    )


async def upsert_template(tx: Tx, item: Template) -> None:
    await tx.execute(
        f"INSERT INTO office_template ({_TEMPLATE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET title = excluded.title, about = excluded.about, "
        "fields = excluded.fields, steps = excluded.steps, copies = excluded.copies, "
        "enabled = excluded.enabled, updated_us = excluded.updated_us",
        item.id,
        item.account,
        item.name,
        item.title,
        item.about,
        _fields_text(item.fields),
        _steps_text(item.steps),
        json.dumps(item.copies),
        int(item.enabled),
        item.updated_us,
    )


async def find_template(reader: Reader, account: str, template_id: str) -> Template | None:
    """By id or name."""
    row = await reader.row(
        f"SELECT {_TEMPLATE} FROM office_template WHERE account = ? AND (id = ? OR name = ?)",
        account,
        template_id,
        template_id,
    )
    return _template(row) if row else None


async def select_templates(reader: Reader, account: str) -> list[Template]:
    rows = await reader.rows(
        f"SELECT {_TEMPLATE} FROM office_template WHERE account = ? ORDER BY title, id LIMIT ?",
        account,
        MAX_TEMPLATES,
    )
    return [_template(row) for row in rows]


async def delete_template(tx: Tx, template_id: str) -> None:
    await tx.execute("DELETE FROM office_template WHERE id = ?", template_id)


def _approval(row: Row) -> Approval:
    return Approval(
        id=row[0],
        account=row[1],
        template_id=row[2],
        title=row[3],
        fields=_fields(row[4]),
        values=json.loads(row[5]),
        asker_id=row[6],
        state=State(row[7]),
        step=row[8],
        steps=_steps(row[9]),
        copies=tuple(json.loads(row[10])),
        urged_us=row[11],
        created_us=row[12],
        updated_us=row[13],
    )


async def upsert_approval(tx: Tx, item: Approval) -> None:
    await tx.execute(
        f"INSERT INTO office_approval ({_APPROVAL}) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET field_values = excluded.field_values, "
        "state = excluded.state, step = excluded.step, steps = excluded.steps, "
        "copies = excluded.copies, urged_us = excluded.urged_us, updated_us = excluded.updated_us",
        item.id,
        item.account,
        item.template_id,
        item.title,
        _fields_text(item.fields),
        json.dumps(item.values),
        item.asker_id,
        item.state.value,
        item.step,
        _steps_text(item.steps),
        json.dumps(item.copies),
        item.urged_us,
        item.created_us,
        item.updated_us,
    )


async def find_approval(reader: Reader, account: str, approval_id: str) -> Approval | None:
    row = await reader.row(
        f"SELECT {_APPROVAL} FROM office_approval WHERE account = ? AND id = ?",
        account,
        approval_id,
    )
    return _approval(row) if row else None


async def select_sent(
    reader: Reader, account: str, asker_id: str, *, before_us: int, limit: int
) -> list[Approval]:
    """What a person sent, the newest first."""
    rows = await reader.rows(
        f"SELECT {_APPROVAL} FROM office_approval WHERE account = ? AND asker_id = ? "
        "AND created_us < ? ORDER BY created_us DESC, id LIMIT ?",
        account,
        asker_id,
        before_us,
        limit,
    )
    return [_approval(row) for row in rows]


async def select_of_turns(
    reader: Reader, account: str, user_id: str, *, waiting: bool, before_us: int, limit: int
) -> list[Approval]:
    """What a person is to decide (`waiting`), or decided or got a copy of, the newest first."""
    columns = ", ".join(f"a.{name}" for name in _APPROVAL.split(", "))
    rows = await reader.rows(
        f"SELECT DISTINCT {columns} FROM office_approval a "
        "JOIN office_turn t ON t.approval_id = a.id WHERE t.account = ? AND t.user_id = ? "
        "AND t.waiting = ? AND a.created_us < ? ORDER BY a.created_us DESC, a.id LIMIT ?",
        account,
        user_id,
        int(waiting),
        before_us,
        limit,
    )
    return [_approval(row) for row in rows]


def _turn(row: Row) -> Turn:
    return Turn(
        approval_id=row[0],
        user_id=row[1],
        account=row[2],
        step=row[3],
        role=Role(row[4]),
        waiting=bool(row[5]),
        channel_id=row[6],
        card_us=row[7],
        created_us=row[8],
    )


async def insert_turn(tx: Tx, item: Turn) -> None:
    """One that is there already waits again."""
    await tx.execute(
        f"INSERT INTO office_turn ({_TURN}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (approval_id, user_id, step, role) DO UPDATE SET waiting = excluded.waiting, "
        "channel_id = '', card_us = 0, created_us = excluded.created_us",
        item.approval_id,
        item.user_id,
        item.account,
        item.step,
        item.role.value,
        int(item.waiting),
        item.channel_id,
        item.card_us,
        item.created_us,
    )


async def select_turns(reader: Reader, approval_id: str) -> list[Turn]:
    rows = await reader.rows(
        f"SELECT {_TURN} FROM office_turn WHERE approval_id = ? "
        "ORDER BY step, created_us, user_id LIMIT ?",
        approval_id,
        MAX_TURNS,
    )
    return [_turn(row) for row in rows]


async def update_turn_card(tx: Tx, item: Turn, channel_id: str, card_us: int) -> None:
    await tx.execute(
        "UPDATE office_turn SET channel_id = ?, card_us = ? "
        "WHERE approval_id = ? AND user_id = ? AND step = ? AND role = ?",
        channel_id,
        card_us,
        item.approval_id,
        item.user_id,
        item.step,
        item.role.value,
    )


async def end_turn(tx: Tx, approval_id: str, user_id: str, step: int) -> bool:
    """The person decided; False when it was not their turn any more."""
    changed = await tx.execute(
        "UPDATE office_turn SET waiting = 0 WHERE approval_id = ? AND user_id = ? AND step = ? "
        "AND role = 'decides' AND waiting = 1",
        approval_id,
        user_id,
        step,
    )
    return changed == 1


async def end_turns(tx: Tx, approval_id: str) -> None:
    """Nobody decides any more."""
    await tx.execute("UPDATE office_turn SET waiting = 0 WHERE approval_id = ?", approval_id)


async def count_waiting(reader: Reader, approval_id: str, step: int) -> int:
    row = await reader.row(
        "SELECT count(*) FROM office_turn WHERE approval_id = ? AND step = ? "
        "AND role = 'decides' AND waiting = 1",
        approval_id,
        step,
    )
    return row[0] if row else 0


async def insert_note(tx: Tx, item: Note) -> None:
    await tx.execute(
        f"INSERT INTO office_note ({_NOTE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        item.id,
        item.approval_id,
        item.user_id,
        item.kind.value,
        item.text,
        item.other_id,
        item.step,
        item.created_us,
    )


async def select_notes(reader: Reader, approval_id: str) -> list[Note]:
    """The oldest first."""
    rows = await reader.rows(
        f"SELECT {_NOTE} FROM office_note WHERE approval_id = ? ORDER BY created_us, id LIMIT ?",
        approval_id,
        MAX_NOTES,
    )
    return [
        Note(
            id=row[0],
            approval_id=row[1],
            user_id=row[2],
            kind=NoteKind(row[3]),
            text=row[4],
            other_id=row[5],
            step=row[6],
            created_us=row[7],
        )
        for row in rows
    ]


def _task(row: Row) -> Task:
    return Task(
        id=row[0],
        account=row[1],
        title=row[2],
        note=row[3],
        creator_id=row[4],
        assignee_id=row[5],
        due_us=row[6],
        reminded=bool(row[7]),
        done_us=row[8],
        channel_id=row[9],
        message_us=row[10],
        created_us=row[11],
        updated_us=row[12],
    )


async def upsert_task(tx: Tx, item: Task) -> None:
    await tx.execute(
        f"INSERT INTO office_task ({_TASK}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET title = excluded.title, note = excluded.note, "
        "assignee_id = excluded.assignee_id, due_us = excluded.due_us, "
        "reminded = excluded.reminded, done_us = excluded.done_us, "
        "updated_us = excluded.updated_us",
        item.id,
        item.account,
        item.title,
        item.note,
        item.creator_id,
        item.assignee_id,
        item.due_us,
        int(item.reminded),
        item.done_us,
        item.channel_id,
        item.message_us,
        item.created_us,
        item.updated_us,
    )


async def find_task(reader: Reader, account: str, task_id: str) -> Task | None:
    row = await reader.row(
        f"SELECT {_TASK} FROM office_task WHERE account = ? AND id = ?", account, task_id
    )
    return _task(row) if row else None


async def select_tasks(
    reader: Reader, account: str, user_id: str, *, done: bool, given: bool, limit: int
) -> list[Task]:
    """A person's tasks, or those that they gave to others; open ones by date, done ones newest."""
    whose = "creator_id = ? AND assignee_id <> creator_id" if given else "assignee_id = ?"
    order = "done_us DESC" if done else "CASE WHEN due_us = 0 THEN 1 ELSE 0 END, due_us, created_us"
    rows = await reader.rows(
        f"SELECT {_TASK} FROM office_task WHERE account = ? AND {whose} "
        f"AND done_us {'>' if done else '='} 0 ORDER BY {order}, id LIMIT ?",
        account,
        user_id,
        limit,
    )
    return [_task(row) for row in rows]


async def select_due(reader: Reader, now_us: int, limit: int) -> list[Task]:
    """Open tasks whose time has come and whose person was not reminded."""
    rows = await reader.rows(
        f"SELECT {_TASK} FROM office_task WHERE done_us = 0 AND reminded = 0 AND due_us > 0 "
        "AND due_us <= ? ORDER BY due_us LIMIT ?",
        now_us,
        limit,
    )
    return [_task(row) for row in rows]


async def delete_task(tx: Tx, task_id: str) -> None:
    await tx.execute("DELETE FROM office_task WHERE id = ?", task_id)


async def find_deputy(reader: Reader, account: str, user_id: str) -> Deputy | None:
    row = await reader.row(
        "SELECT account, user_id, deputy_id, from_us, until_us FROM office_deputy "
        "WHERE account = ? AND user_id = ? LIMIT 1",
        account,
        user_id,
    )
    if row is None:
        return None
    return Deputy(account=row[0], user_id=row[1], deputy_id=row[2], from_us=row[3], until_us=row[4])


async def upsert_deputy(tx: Tx, item: Deputy) -> None:
    await tx.execute(
        "INSERT INTO office_deputy (account, user_id, deputy_id, from_us, until_us) "
        "VALUES (?, ?, ?, ?, ?) ON CONFLICT (account, user_id) DO UPDATE SET "
        "deputy_id = excluded.deputy_id, from_us = excluded.from_us, until_us = excluded.until_us",
        item.account,
        item.user_id,
        item.deputy_id,
        item.from_us,
        item.until_us,
    )


async def delete_deputy(tx: Tx, account: str, user_id: str) -> None:
    await tx.execute(
        "DELETE FROM office_deputy WHERE account = ? AND user_id = ?", account, user_id
    )
