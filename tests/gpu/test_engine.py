"""The engine's own tests with the GPU device under it."""

from __future__ import annotations

import pytest
from tests.gpu.conftest import KIND
from tests.gpu.plain import KERNELS, choose
from tests.unit.ml.engine.test_engine import *  # noqa: F403
from tests.unit.ml.engine.test_exactness import (  # noqa: F401
    adapters,
    alone,
    test_more_adapters_than_slots_take_turns,
    test_output_is_the_same,
)

from volano.ml.gpu import network, sampling


@pytest.fixture(autouse=True, scope="module")
def quick_kernels():
    with pytest.MonkeyPatch.context() as patch:
        if KIND == "interpreter":
            for name, plain in KERNELS.items():
                patch.setattr(network, name, plain)
            patch.setattr(sampling, "choose", choose)
        yield


@pytest.fixture(scope="module", params=["f32"])
def form(request: pytest.FixtureRequest) -> str:
    return request.param
