"""The company of the chat's tests, with a manager above everybody."""

from __future__ import annotations

import pytest
from tests.unit.services.chat.conftest import Company, company, live_company

from volano.services.chat.logic import directory
from volano.services.chat.model.directory import Position

__all__ = ["Company", "company", "live_company", "staffed"]


async def place(company: Company, name: str, manager: str) -> None:
    position = Position(
        user_id=company.users[name].id,
        account=company.account,
        manager_id=company.users[manager].id,
    )
    await directory.put_position(company.env, company.calls["admin"], position)


async def staff(company: Company) -> Company:
    """ana works for ben, ben for cleo; dan works for nobody."""
    for name in ("ana", "ben", "cleo", "dan"):
        await company.hire(name)
    await place(company, "ana", "ben")
    await place(company, "ben", "cleo")
    return company


@pytest.fixture
async def staffed(company: Company) -> Company:
    return await staff(company)
