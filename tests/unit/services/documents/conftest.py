"""The company of the chat's tests, with people who write together."""

from __future__ import annotations

import pytest
from tests.unit.services.chat.conftest import Company, company, live_company

__all__ = ["Company", "company", "live_company", "team"]


@pytest.fixture
async def team(company: Company) -> Company:
    for name in ("ana", "ben", "cleo"):
        await company.hire(name)
    return company
