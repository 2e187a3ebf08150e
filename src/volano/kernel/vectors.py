"""Port `vectors`: the nearest of many vectors, on whatever index holds them.

The rows of a service are the truth; an index is made from them and can be made again. Each search
therefore says what there is now (`VectorSet`): what the index lacks it reads before it answers,
what it holds beyond that it never returns, so that an answer is of the rows whatever happened to
the index. Who may read what is decided before: only vectors of `allowed` sources are ranked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

Place = tuple[str, int]
"""The source of a vector and its ordinal in it."""
Near = list[tuple[Place, float]]
"""Places with their cosines, nearest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorSet:
    """What is searched together: every source with its stamp, which differs when its vectors do.

    `name` is unique within the account. `read` gives the vectors of a source, by ordinal, as
    16-bit floats of unit length in little-endian order.
    """

    account: str
    name: str
    sources: Mapping[str, int]
    read: Callable[[str], Awaitable[Sequence[tuple[int, bytes]]]]


class Vectors(Protocol):
    """Indexes of vector sets."""

    async def nearest(
        self, held: VectorSet, asked: Sequence[Sequence[float]], allowed: frozenset[str], limit: int
    ) -> list[Near]:
        """For each of the unit vectors `asked`, the nearest `limit` of the allowed sources."""
        ...

    async def forget(self, account: str, name: str) -> None:
        """Drop the index of a set; may be repeated."""
        ...

    async def close(self) -> None: ...
