"""Shared fixtures. Understudy provides app, client, async_client, event_loop and faker."""

from typing import Any

import pytest
from fastapi import FastAPI

from src.api.dependencies import user_adapter
from src.domain.adapter.user import UserAdapter
from src.domain.dal import DAL
from src.domain.dto.user import UserDTO
from tests.fakes import FakeConnection, dummy


@pytest.fixture
def dal_conn(monkeypatch: pytest.MonkeyPatch) -> FakeConnection:
    """The connection that the DAL returns in this test."""
    conn = FakeConnection()

    async def fake_get_connection(cls: type[DAL]) -> Any:
        return conn

    monkeypatch.setattr(DAL, "_DAL__get_connection", classmethod(fake_get_connection))
    return conn


@pytest.fixture
def actor() -> UserDTO.Read:
    """The user who makes the changes."""
    return UserDTO.Read(id=99, name="Admin", email="admin@example.com")


@pytest.fixture
def identity(app: FastAPI, actor: UserDTO.Read) -> Any:
    """A fake identity service: the caller is ``actor``, with every permission."""
    adapter = dummy(UserAdapter)
    adapter.on("get_caller").returns(actor).optional()
    adapter.on("get_users_by_permission").returns([actor]).optional()
    app.dependency_overrides[user_adapter] = lambda: adapter
    return adapter
