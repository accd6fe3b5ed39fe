"""Shared by both suites: `assign` is tested without the check of its scope."""

import pytest
from src.domain.dal.dao.user import UserDAO


@pytest.fixture(autouse=True)
def verified(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fake_verify_scope(id_: int, scope_type: str) -> None:
        return None

    monkeypatch.setattr(UserDAO, "_verify_scope", fake_verify_scope)
