"""Tests for the methods of UserDAO that update or delete a user."""

from datetime import datetime
from typing import Any

import pytest

from src.domain.dal.dao.user import UserDAO
from src.domain.dto.user import UserDTO, UserStatus
from tests.fakes import FakeConnection, FakeRecord

ANA: dict[str, Any] = {
    "id": 7,
    "name": "Ana",
    "email": "ana@example.com",
    "created_at": datetime(2026, 1, 2, 3, 4, 5),
}


@pytest.mark.asyncio
async def test_update_sends_null_for_what_stays() -> None:
    """A NULL parameter keeps the column, by COALESCE."""
    conn = FakeConnection()
    conn.on(
        """
        UPDATE users
        SET name = COALESCE($2, name), email = COALESCE($3, email), cpf = COALESCE($4, cpf), ...
        WHERE id = $1
        RETURNING id, name, email, created_at
        """,
        7,
        None,
        "ana@example.com",
        None,
    ).row(ANA)

    user = await UserDAO.update.__wrapped__(conn, 7, UserDTO.Update(email="ana@example.com"))

    assert user == UserDTO.Read(**ANA)


@pytest.mark.asyncio
async def test_update_sends_every_change() -> None:
    """The parameters are ID, name, email and CPF."""
    conn = FakeConnection()
    conn.fetch_row_return = FakeRecord(ANA)

    await UserDAO.update.__wrapped__(
        conn, 7, UserDTO.Update(name="Ana", email="ana@example.com", cpf="52998224725")
    )

    assert conn.fetch_calls[0][1] == [7, "Ana", "ana@example.com", "52998224725"]


@pytest.mark.asyncio
async def test_change_status_touches_date() -> None:
    """The update timestamp changes with the status."""
    conn = FakeConnection()
    conn.on(
        "UPDATE users SET status = $2, updated_at = now() AT TIME ZONE 'utc' ...", 7, "approved"
    ).row(id=7)

    await UserDAO.change_status.__wrapped__(conn, 7, UserStatus.APPROVED)

    conn.assert_called("... WHERE id = $1 RETURNING id", times=1)


@pytest.mark.asyncio
async def test_deactivate_leaves_inactive_users_alone() -> None:
    """An inactive user is not updated."""
    conn = FakeConnection()
    conn.on("... WHERE id = $1 AND status <> 'inactive' RETURNING id", 7).row(id=7)

    await UserDAO.deactivate.__wrapped__(conn, 7)

    conn.assert_called("UPDATE users SET status = 'inactive', ...", 7, times=1)


@pytest.mark.asyncio
async def test_delete_names_one_user() -> None:
    """The DELETE has a WHERE clause."""
    conn = FakeConnection()
    conn.fetch_val_return = 7

    await UserDAO.delete.__wrapped__(conn, 7)

    assert conn.fetch_val_calls == [("DELETE FROM users WHERE id = $1 RETURNING id", [7])]
