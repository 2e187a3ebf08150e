"""What every tool that runs here has in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from volano.kernel.foreign_json import decode_foreign

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Iterator

    from volano.kernel.inference import Tool
    from volano.services.studio.logic.responses.events import Assembly
    from volano.services.studio.model.responses import Json

MAX_QUERIES = 5


@dataclass(slots=True)
class HostedCall:
    """One call of the model to a tool that runs here.

    `output` is what the model reads of it next; a call that `waits` is not answered before the
    client approves it.
    """

    call_id: str
    name: str
    arguments: str
    output: str = ""
    waits: bool = False


class HostedTool(Protocol):
    """One entry of a request's `tools` that runs here; it lives as long as its response."""

    @property
    def kind(self) -> str:
        """Its type in the request."""
        ...

    @property
    def tools(self) -> tuple[Tool, ...]:
        """The functions that the model is shown for it."""
        ...

    def begin(self, assembly: Assembly) -> Iterator[Json]:
        """The events before the model's first turn."""
        ...

    def run(self, assembly: Assembly, asked: HostedCall) -> AsyncGenerator[Json, None]:
        """Do what the model asked for: the events of it; fills in `asked`."""
        ...

    def notes(self) -> Iterable[Json]:
        """What the answer is to cite of all that was done, without places in the text."""
        ...


def queries_of(arguments: str) -> list[str]:
    """The queries in a call's arguments; the arguments themselves where they are no JSON."""
    try:
        found = decode_foreign(arguments)
    except ValueError:
        return [arguments[:500] or "?"]
    queries = found.get("queries") if isinstance(found, dict) else None
    texts = [str(query)[:500] for query in queries or () if str(query).strip()]
    return texts[:MAX_QUERIES] or [arguments[:500] or "?"]
