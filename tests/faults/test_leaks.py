"""A hundred thousand tries to get a canary out of the copilot: none may succeed."""

from __future__ import annotations

import random
import secrets
from typing import TYPE_CHECKING

import pytest
from tests.unit.services.assistants.conftest import with_model
from tests.unit.services.assistants.leaks import Size, run_cases
from tests.unit.services.chat.conftest import company

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.services.chat.conftest import Company

__all__ = ["company", "with_model"]

CASES = 100_000
SIZE = Size(channels=90, questions=580)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("store_kind", ["sqlite"])
async def test_no_canary_gets_out_in_a_hundred_thousand_cases(
    company: Company, with_model: Callable[..., object]
) -> None:
    """What each question's model is sent and what each reader is shown, canary by canary."""
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    model = await with_model(company, lambda request: [str(request.messages)])
    leaks, count = await run_cases(company, model, random.Random(seed), SIZE)
    assert leaks == []
    assert count >= CASES
