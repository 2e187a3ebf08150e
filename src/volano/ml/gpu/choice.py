"""Which device a model runs on; decided without importing torch."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from volano.ml.errors import BadRequest

# `auto` takes a card where there is one and PyTorch for it; `interpreter` is the card's code on the
# processor, slow, to test and to look at.
Device = Literal["auto", "cpu", "cuda", "interpreter"]
GpuKind = Literal["cuda", "interpreter"]
DRIVER_FILE = Path("/proc/driver/nvidia/version")


def choose_gpu(device: Device, *, driver: Path = DRIVER_FILE) -> GpuKind | None:
    """The kind of card to use; None means the processor. Raises BadRequest without PyTorch."""
    if device == "cpu":
        return None
    lacking = [name for name in ("torch", "triton") if find_spec(name) is None]
    if device == "auto":
        return "cuda" if driver.exists() and not lacking else None
    if lacking:
        raise BadRequest(
            f"The device {device!r} needs {' and '.join(lacking)}: pip install volano[gpu]."
        )
    return device
