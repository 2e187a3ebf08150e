"""Port `journal`: the audit trail and metering of calls, off the hot path.

The gateway hands over one `AuditRecord` per call and any number of `UsageRecord`s; the journal
writes them in groups (every 200 ms or 2,000 records, and at drain), audit rows and usage events in
one transaction. Usage that must not be lost with the process (instance seconds, stored bytes,
tokens) is published by logic inside its own transaction instead (`billing.Usage`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One call, allowed or not. Field names follow CloudTrail's record contents where they can.

    `unproven` says that the credential was refused: anyone can cause such records, so the journal
    keeps a limited number a second. It is not stored. `details` is what the door tells besides, a
    JSON object with CloudTrail's names (`accessKeyId`, `requestParameters`, `responseElements`).
    """

    id: str
    time_us: int
    account: str
    principal_id: str
    principal_arn: str
    door: str
    action: str
    resource: str
    source_ip: str
    user_agent: str
    request_id: str
    status: int
    error_code: str = ""
    read_only: bool = True
    duration_us: int = 0
    unproven: bool = False
    details: str = ""


class UsageRecord(msgspec.Struct, frozen=True, kw_only=True):
    """`quantity` of `meter` used by `account`; `id` makes a repeat harmless.

    `meter` is a name of the price list (`s3.requests.write`, `llm.tokens.input`). `quantity` is a
    decimal string. `dimensions` are shown on the bill (`bucket`, `model`, `instance`).
    """

    id: str
    account: str
    meter: str
    quantity: str
    start_us: int
    end_us: int
    resource: str = ""
    dimensions: dict[str, str] = {}


class Journal(Protocol):
    def audit(self, record: AuditRecord) -> None:
        """Queue a record; the oldest waiting writer is awaited by `flush` when 20,000 wait."""
        ...

    def usage(self, record: UsageRecord) -> None: ...

    def join(self, source: Callable[[], list[AuditRecord]]) -> Callable[[], None]:
        """Ask `source` for the records that it has whenever a group is written.

        Returns what the source calls when it has some after it had none.
        """
        ...

    async def flush(self) -> None:
        """Return when everything handed over before the call is durable."""
        ...
