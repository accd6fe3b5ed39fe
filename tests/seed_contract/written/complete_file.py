"""Run in a copy of the reference backend: a whole test file for one DAO."""

from typing import Any

import pytest
from faker import Faker
from src.domain.dal.dao.exception import DAOException
from src.domain.dal.dao.user import UserDAO
from src.domain.dto.user import UserDTO
from tests.fakes import FakeConnection, FakeRecord


@pytest.mark.asyncio
async def test_create_inserts_user(faker: Faker) -> None:
    """The INSERT begins with the name."""
    dto = UserDTO.Create(name=faker.name(), email=faker.email(), cpf=faker.ssn())
    conn = FakeConnection()

    await UserDAO.create.__wrapped__(conn, dto)

    assert len(conn.execute_calls) == 1
    stmt, params = conn.execute_calls[0]
    assert "INSERT INTO users" in stmt
    assert params[0] == dto.name


@pytest.mark.asyncio
async def test_fetch_by_id_returns_user(faker: Faker) -> None:
    """A row becomes a DTO."""
    row = {
        "id": faker.random_int(1, 100),
        "name": faker.name(),
        "email": faker.email(),
        "created_at": faker.date_time(),
    }
    conn = FakeConnection()
    conn.fetch_row_return = FakeRecord(row)

    user = await UserDAO.fetch_by_id.__wrapped__(conn, row["id"])

    assert isinstance(user, UserDTO.Read)
    assert user.model_dump() == row


@pytest.mark.asyncio
async def test_fetch_by_id_raises_on_db_error() -> None:
    """Any exception, even a bare one, becomes a DAOException."""
    conn = FakeConnection()

    async def fails(stmt: str, parameters: Any = None) -> Any:
        raise Exception("Connection lost")

    conn.fetch_row = fails  # type: ignore[method-assign]  # what is shown

    with pytest.raises(DAOException) as raised:
        await UserDAO.fetch_by_id.__wrapped__(conn, 1)

    assert raised.value.status_code == 500
