"""What the steps of one tour share: the clients, the shop, names, and what was made so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from volano.cli.tour.clients import Clients
    from volano.cli.tour.progress import Progress
    from volano.cli.tour.sales import Sales
    from volano.cli.tour.shop import Shop


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A thing the tour made; `remove` takes it away again."""

    kind: str
    name: str
    remove: Callable[[], object]


@dataclass(slots=True, kw_only=True)
class Day:
    """One run. `suffix` keeps the names of this run apart from every other run's."""

    clients: Clients
    shop: Shop
    sales: Sales
    progress: Progress
    suffix: str
    keep_running: bool = False
    instance_type: str | None = None
    timeout_s: float = 180.0
    region: str = ""
    account: str = ""
    used_type: str = ""
    steps_done: set[str] = field(default_factory=set)
    made: list[Made] = field(default_factory=list)

    @property
    def catalogue_bucket(self) -> str:
        return f"tour-{self.suffix}-catalogue"

    @property
    def office_bucket(self) -> str:
        return f"tour-{self.suffix}-office"

    @property
    def channel(self) -> str:
        return f"daily-report-{self.suffix}"

    def say(self, text: str) -> None:
        self.progress.say(text)

    def remember(self, kind: str, name: str, remove: Callable[[], object]) -> None:
        self.made.append(Made(kind=kind, name=name, remove=remove))
