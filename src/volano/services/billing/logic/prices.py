"""The price list in force: the packaged one, or the file that the config names."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from volano.kernel.errors import Invalid, Unavailable
from volano.services.billing.model import PriceList, parse_price_list

if TYPE_CHECKING:
    from volano.kernel.config import Config


class BadPriceList(Unavailable):
    code = "BadPriceList"


PACKAGED = Path(__file__).parent.parent / "prices.toml"


def price_list(config: Config) -> PriceList:
    """The list; a changed file is read again. Raises BadPriceList when it cannot be read.

    It is not a caller's mistake: `volano up` refuses to start with it, and afterwards nothing is
    rated until the file is mended.
    """
    path = config.price_list or PACKAGED
    try:
        changed_ns = path.stat().st_mtime_ns
    except OSError as error:
        raise BadPriceList(f"The price list {path} cannot be read: {error.strerror}.") from error
    try:
        return _read(path, changed_ns)
    except (Invalid, OSError, UnicodeDecodeError) as error:
        said = error.message if isinstance(error, Invalid) else f"{path} is not readable text."
        raise BadPriceList(said) from error


@lru_cache(maxsize=4)
def _read(path: Path, changed_ns: int) -> PriceList:
    return parse_price_list(path.read_text(), name=path.name)
