"""Places of events in people's calendars."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from volano.services.calendar.model import Collection, Entry, EventChanged
from volano.services.calendar.store import events as rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from volano.kernel.store import Tx
    from volano.services.calendar.model import CalendarEvent


async def file(
    tx: Tx, event: CalendarEvent, user_id: str, *, name: str = "", gone: bool = False
) -> None:
    """Note in a person's calendar that an event is new, changed or gone."""
    known = await rows.find_entry_of(tx, user_id, event.id)
    if known is None and gone:
        return
    entry = Entry(
        account=event.account,
        user_id=user_id,
        collection=Collection.EVENTS,
        name=known.name if known else name or f"{event.id}.ics",
        target_id=event.id,
        seq=await rows.next_seq(tx, event.account, user_id),
        gone=gone,
    )
    await rows.upsert_entry(tx, entry)


async def file_answer(
    tx: Tx, event: CalendarEvent, guests: Iterable[str], *, etag: str, answered: str
) -> None:
    """Somebody answered (a user's id, or a mail address): everybody's calendar has the event anew,
    and the owner is told."""
    await rows.upsert_event(tx, replace(event, etag=etag))
    for user_id in (event.owner_id, *guests):
        await file(tx, event, user_id)
    tx.publish(EventChanged(account=event.account, id=event.id, answered=answered))
