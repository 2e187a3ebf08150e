"""Rows of events, guests and entries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.calendar.model import (
    MAX_EVENTS,
    MAX_GUESTS,
    Answer,
    CalendarEvent,
    Collection,
    Entry,
    Guest,
)

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_EVENT = (
    "id, account, owner_id, uid, title, ics, etag, starts_us, ends_us, is_recurring, is_busy, "
    "is_cancelled, remind_us, moved, updated_us"
)
_EVENT_OF_E = ", ".join(f"e.{name}" for name in _EVENT.split(", "))
_GUEST = "event_id, user_id, account, answer, channel_id, card_us, told"
_ENTRY = "account, user_id, collection, name, target_id, seq, gone, uid, etag"


def _event(row: Row) -> CalendarEvent:
    return CalendarEvent(
        id=row[0],
        account=row[1],
        owner_id=row[2],
        uid=row[3],
        title=row[4],
        ics=row[5],
        etag=row[6],
        starts_us=row[7],
        ends_us=row[8],
        is_recurring=bool(row[9]),
        is_busy=bool(row[10]),
        is_cancelled=bool(row[11]),
        remind_us=row[12],
        moved=row[13],
        updated_us=row[14],
    )


async def upsert_event(tx: Tx, item: CalendarEvent) -> None:
    await tx.execute(
        f"INSERT INTO calendar_event ({_EVENT}) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET title = excluded.title, ics = excluded.ics, "
        "etag = excluded.etag, starts_us = excluded.starts_us, ends_us = excluded.ends_us, "
        "is_recurring = excluded.is_recurring, is_busy = excluded.is_busy, "
        "is_cancelled = excluded.is_cancelled, remind_us = excluded.remind_us, "
        "moved = excluded.moved, updated_us = excluded.updated_us",
        item.id,
        item.account,
        item.owner_id,
        item.uid,
        item.title,
        item.ics,
        item.etag,
        item.starts_us,
        item.ends_us,
        int(item.is_recurring),
        int(item.is_busy),
        int(item.is_cancelled),
        item.remind_us,
        item.moved,
        item.updated_us,
    )


async def find_event(reader: Reader, account: str, event_id: str) -> CalendarEvent | None:
    row = await reader.row(
        f"SELECT {_EVENT} FROM calendar_event WHERE account = ? AND id = ? LIMIT 1",
        account,
        event_id,
    )
    return _event(row) if row else None


async def find_by_uid(reader: Reader, account: str, user_id: str, uid: str) -> CalendarEvent | None:
    """An event with that UID in a person's calendar, their own or one that they are invited to."""
    row = await reader.row(
        f"SELECT {_EVENT_OF_E} FROM calendar_entry n JOIN calendar_event e ON e.id = n.target_id "
        "WHERE n.account = ? AND n.user_id = ? AND n.gone = 0 AND e.uid = ? LIMIT 1",
        account,
        user_id,
        uid,
    )
    return _event(row) if row else None


async def count_owned(reader: Reader, account: str, owner_id: str) -> int:
    row = await reader.row(
        "SELECT COUNT(*) FROM calendar_event WHERE account = ? AND owner_id = ? LIMIT 1",
        account,
        owner_id,
    )
    return int(row[0]) if row else 0


async def select_events(
    reader: Reader, account: str, user_id: str, *, from_us: int, to_us: int, limit: int
) -> list[CalendarEvent]:
    """What is in a person's calendar and takes place, or may, between two moments."""
    rows = await reader.rows(
        f"SELECT {_EVENT_OF_E} FROM calendar_entry n JOIN calendar_event e ON e.id = n.target_id "
        "WHERE n.account = ? AND n.user_id = ? AND n.collection = ? AND n.gone = 0 "
        "AND e.starts_us < ? AND e.ends_us >= ? ORDER BY e.starts_us, e.id LIMIT ?",
        account,
        user_id,
        Collection.EVENTS.value,
        to_us,
        from_us,
        limit,
    )
    return [_event(row) for row in rows]


async def select_to_remind(reader: Reader, now_us: int, limit: int) -> list[CalendarEvent]:
    rows = await reader.rows(
        f"SELECT {_EVENT} FROM calendar_event WHERE remind_us > 0 AND remind_us <= ? "
        "ORDER BY remind_us LIMIT ?",
        now_us,
        limit,
    )
    return [_event(row) for row in rows]


async def delete_event(tx: Tx, event_id: str) -> None:
    await tx.execute("DELETE FROM calendar_event WHERE id = ?", event_id)
    await tx.execute("DELETE FROM calendar_guest WHERE event_id = ?", event_id)
    await tx.execute("DELETE FROM calendar_outsider WHERE event_id = ?", event_id)


def _guest(row: Row) -> Guest:
    return Guest(
        event_id=row[0],
        user_id=row[1],
        account=row[2],
        answer=Answer(row[3]),
        channel_id=row[4],
        card_us=row[5],
        told=row[6],
    )


async def upsert_guest(tx: Tx, item: Guest) -> None:
    await tx.execute(
        f"INSERT INTO calendar_guest ({_GUEST}) VALUES (?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (event_id, user_id) DO UPDATE SET answer = excluded.answer, "
        "channel_id = excluded.channel_id, card_us = excluded.card_us, told = excluded.told",
        item.event_id,
        item.user_id,
        item.account,
        item.answer.value,
        item.channel_id,
        item.card_us,
        item.told,
    )


async def update_told(tx: Tx, item: Guest) -> None:
    """The card of a guest who may have answered meanwhile, or be none any more."""
    await tx.execute(
        "UPDATE calendar_guest SET channel_id = ?, card_us = ?, told = ? "
        "WHERE event_id = ? AND user_id = ?",
        item.channel_id,
        item.card_us,
        item.told,
        item.event_id,
        item.user_id,
    )


async def select_guests(reader: Reader, event_id: str) -> list[Guest]:
    rows = await reader.rows(
        f"SELECT {_GUEST} FROM calendar_guest WHERE event_id = ? ORDER BY user_id LIMIT ?",
        event_id,
        MAX_GUESTS,
    )
    return [_guest(row) for row in rows]


async def select_answers(reader: Reader, account: str, user_id: str) -> dict[str, Answer]:
    """What a person answered, by event."""
    rows = await reader.rows(
        "SELECT event_id, answer FROM calendar_guest WHERE account = ? AND user_id = ? LIMIT ?",
        account,
        user_id,
        MAX_EVENTS,
    )
    return {row[0]: Answer(row[1]) for row in rows}


async def delete_guest(tx: Tx, event_id: str, user_id: str) -> None:
    await tx.execute(
        "DELETE FROM calendar_guest WHERE event_id = ? AND user_id = ?", event_id, user_id
    )


def _entry(row: Row) -> Entry:
    return Entry(
        account=row[0],
        user_id=row[1],
        collection=Collection(row[2]),
        name=row[3],
        target_id=row[4],
        seq=row[5],
        gone=bool(row[6]),
        uid=row[7],
        etag=row[8],
    )


async def next_seq(tx: Tx, account: str, user_id: str) -> int:
    """The number of a change in a person's collections."""
    row = await tx.row(
        "INSERT INTO calendar_desk (account, user_id, seq) VALUES (?, ?, 1) "
        "ON CONFLICT (account, user_id) DO UPDATE SET seq = calendar_desk.seq + 1 RETURNING seq",
        account,
        user_id,
    )
    assert row is not None
    return int(row[0])


async def find_seq(reader: Reader, account: str, user_id: str) -> int:
    row = await reader.row(
        "SELECT seq FROM calendar_desk WHERE account = ? AND user_id = ? LIMIT 1", account, user_id
    )
    return int(row[0]) if row else 0


async def upsert_entry(tx: Tx, item: Entry) -> None:
    await tx.execute(
        f"INSERT INTO calendar_entry ({_ENTRY}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (account, user_id, collection, name) DO UPDATE SET "
        "target_id = excluded.target_id, seq = excluded.seq, gone = excluded.gone, "
        "uid = excluded.uid, etag = excluded.etag",
        item.account,
        item.user_id,
        item.collection.value,
        item.name,
        item.target_id,
        item.seq,
        int(item.gone),
        item.uid,
        item.etag,
    )


async def find_entry(
    reader: Reader, account: str, user_id: str, collection: Collection, name: str
) -> Entry | None:
    """What has that name now; what is gone is not found."""
    row = await reader.row(
        f"SELECT {_ENTRY} FROM calendar_entry WHERE account = ? AND user_id = ? "
        "AND collection = ? AND name = ? AND gone = 0 LIMIT 1",
        account,
        user_id,
        collection.value,
        name,
    )
    return _entry(row) if row else None


async def find_entry_of(reader: Reader, user_id: str, target_id: str) -> Entry | None:
    """Under which name a person has an event or task."""
    row = await reader.row(
        f"SELECT {_ENTRY} FROM calendar_entry WHERE target_id = ? AND user_id = ? "
        "AND gone = 0 LIMIT 1",
        target_id,
        user_id,
    )
    return _entry(row) if row else None


async def select_entries(
    reader: Reader, account: str, user_id: str, collection: Collection, *, after_seq: int
) -> list[Entry]:
    """What changed since `after_seq`, what is gone too; all of it from the start for 0."""
    rows = await reader.rows(
        f"SELECT {_ENTRY} FROM calendar_entry WHERE account = ? AND user_id = ? "
        "AND collection = ? AND seq > ? AND (? > 0 OR gone = 0) ORDER BY seq LIMIT ?",
        account,
        user_id,
        collection.value,
        after_seq,
        after_seq,
        MAX_EVENTS,
    )
    return [_entry(row) for row in rows]


async def select_filed(
    reader: Reader, account: str, user_id: str, *, limit: int
) -> list[tuple[Entry, CalendarEvent]]:
    """Every event of a person's calendar with the name that it has there."""
    entry = ", ".join(f"n.{name}" for name in _ENTRY.split(", "))
    rows = await reader.rows(
        f"SELECT {entry}, {_EVENT_OF_E} FROM calendar_entry n "
        "JOIN calendar_event e ON e.id = n.target_id "
        "WHERE n.account = ? AND n.user_id = ? AND n.collection = ? AND n.gone = 0 "
        "ORDER BY n.seq LIMIT ?",
        account,
        user_id,
        Collection.EVENTS.value,
        limit,
    )
    return [(_entry(row[:9]), _event(row[9:])) for row in rows]


async def update_uid(tx: Tx, event_id: str, uid: str) -> None:
    await tx.execute("UPDATE calendar_event SET uid = ? WHERE id = ?", uid, event_id)
