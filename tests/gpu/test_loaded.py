"""Models that take turns on a card: their weights leave and come back, answers stay the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.gpu.conftest import KIND
from tests.gpu.plain import KERNELS
from tests.unit.ml.engine.test_loaded import (  # noqa: F401
    answer,
    compute,
    folders,
    test_a_model_larger_than_the_limit_is_refused_with_both_numbers,
    test_busy_models_take_turns_when_only_one_fits,
    test_the_least_recently_used_leaves_first_and_comes_back_the_same,
)

from volano.ml.engine.loaded import LoadedModels, PoolLimits
from volano.ml.gpu import network

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.ml.engine.test_loaded import MakePool

    from volano.ml.engine.compute import Compute


@pytest.fixture(autouse=True)
def quick_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    if KIND == "interpreter":
        for name, plain in KERNELS.items():
            monkeypatch.setattr(network, name, plain)


@pytest.fixture
def make_pool(tmp_path: Path, compute: Compute) -> MakePool:  # noqa: F811
    def make(**limits: float) -> LoadedModels:
        return LoadedModels(
            tmp_path, compute, PoolLimits(kv_bytes=2**22, form="f32", device=KIND, **limits)
        )

    return make
