"""Tests of the GPU device: on a card where there is one, else by Triton's interpreter.

They need torch and triton, which the other tests' environment does not have: `make test-gpu`. The
fixtures are those of the engine's own tests with another device, so that those tests run here, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.unit.ml.conftest import chat_folder, random_folder, tiny_folder

from volano.ml.engine.generator import Generator
from volano.ml.engine.scheduler import Limits
from volano.ml.gpu.choice import choose_gpu
from volano.ml.gpu.device import Card
from volano.ml.gpu.device import card as find_card

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.ml.conftest import MakeGenerator

__all__ = ["chat_folder", "random_folder", "tiny_folder"]
KIND = choose_gpu("auto") or "interpreter"
find_card(KIND)  # before any test module imports kernels


@pytest.fixture(scope="session")
def card() -> Card:
    return find_card(KIND)


@pytest.fixture
def make_generator(tiny_folder: Path) -> MakeGenerator:
    def make(
        folder: Path | None = None,
        *,
        kv_bytes: int = 2**26,
        host_kv_bytes: int = 0,
        form: str = "f32",
        **limits: int,
    ) -> Generator:
        return Generator(
            folder or tiny_folder,
            kv_bytes=kv_bytes,
            host_kv_bytes=host_kv_bytes,
            limits=Limits(**limits),
            form="f32",
            device=KIND,
        )

    return make
