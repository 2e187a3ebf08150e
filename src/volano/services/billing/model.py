"""The nouns of billing; `Usage` is the event by which every other service reports what was used."""

from __future__ import annotations

from volano.kernel.events import Event, event
from volano.kernel.journal import UsageRecord


@event("billing.usage")
class Usage(Event, frozen=True, kw_only=True):
    """Something was used. Published by logic in the transaction that made it true.

    `records` are written to the ledger once: their ids make a repeat harmless.
    """

    records: tuple[UsageRecord, ...]
