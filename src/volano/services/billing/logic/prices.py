"""The price list in force: the packaged one, or the file that the config names."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from volano.kernel.errors import Invalid
from volano.services.billing.model import PriceList, parse_price_list

if TYPE_CHECKING:
    from volano.kernel.config import Config

PACKAGED = Path(__file__).parent.parent / "prices.toml"


def price_list(config: Config) -> PriceList:
    """The list; a changed file is read again. Raises Invalid when it cannot be read."""
    path = config.price_list or PACKAGED
    try:
        changed_ns = path.stat().st_mtime_ns
    except OSError as error:
        raise Invalid(f"The price list {path} cannot be read: {error.strerror}.") from error
    return _read(path, changed_ns)


@lru_cache(maxsize=4)
def _read(path: Path, changed_ns: int) -> PriceList:
    return parse_price_list(path.read_text(), name=path.name)
