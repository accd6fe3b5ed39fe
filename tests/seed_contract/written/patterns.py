"""Run in a copy of the reference backend: eight patterns for hand-written fakes.

`docs/patterns.md` shows the same patterns with rules.
"""

from typing import Any

import pytest
from faker import Faker
from httpx import AsyncClient
from psqlpy.exceptions import Error
from src.domain.dal import DAL
from src.domain.dal.dao.exception import DAOException
from src.domain.dal.dao.user import UserDAO
from src.domain.dto.user import UserDTO
from src.domain.service.user import UserService
from tests.fakes import FakeConnection

ANA = UserDTO.Read(id=1, name="Ana", email="ana@example.com")


@pytest.mark.asyncio
async def test_pattern_1_a_dao_method_without_its_decorator(faker: Faker) -> None:
    dto = UserDTO.Create(name=faker.name(), email=faker.email(), cpf=faker.ssn())
    conn = FakeConnection()

    await UserDAO.create.__wrapped__(conn, dto)

    ((stmt, params),) = conn.execute_calls
    assert "INSERT INTO users" in stmt
    assert isinstance(params, list)
    assert len(params) == len(dto.model_dump())


@pytest.mark.asyncio
async def test_pattern_2_a_driver_error_becomes_a_500() -> None:
    conn = FakeConnection()

    async def fails(stmt: str, parameters: Any = None) -> Any:
        raise Error("db fail")  # the class that took the place of RustPSQLDriverPyBaseError

    conn.fetch_row = fails  # type: ignore[method-assign]  # what the pattern is about

    with pytest.raises(DAOException) as raised:
        await UserDAO.fetch_by_id.__wrapped__(conn, 1)

    assert raised.value.status_code == 500
    assert "Erro ao buscar" in raised.value.detail


class StandInAdapter:
    def __init__(self, users: list[UserDTO.Read]) -> None:
        self.users = users
        self.asked: list[tuple[Any, ...]] = []

    async def get_users_by_permission(self, *asked: Any) -> list[UserDTO.Read]:
        self.asked.append(asked)
        return self.users


class StandInDAO:
    def __init__(self) -> None:
        self.fetched = False

    async def fetch_all(self) -> list[UserDTO.Read]:
        self.fetched = True
        return [ANA]


@pytest.mark.asyncio
async def test_pattern_3_a_service_with_stand_ins_for_what_it_needs() -> None:
    adapter, dao = StandInAdapter([]), StandInDAO()
    service = UserService(user_adapter=adapter, user_dao=dao)  # type: ignore[arg-type]  # duck-typed

    result = await service.get_all_users()

    assert dao.fetched
    assert isinstance(result[0], UserDTO.Read)
    assert await service.get_users_by_permission("users:read", "Bearer x", "administration") == []
    assert adapter.asked == [("users:read", "Bearer x", "administration")]


@pytest.mark.asyncio
async def test_pattern_4_a_decorated_method_on_a_connection_of_the_tests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    conn = FakeConnection()

    async def hand_out(cls: type[DAL]) -> FakeConnection:
        return conn

    async def any_scope(id_: int, scope_type: str) -> None:
        return None

    monkeypatch.setattr(DAL, "_DAL__get_connection", classmethod(hand_out))
    monkeypatch.setattr(UserDAO, "_verify_scope", any_scope)

    await UserDAO.assign(10, UserDTO.Assign(user_id=1, role_id=2))

    ((stmt, params),) = conn.execute_calls
    assert "INSERT INTO assignments" in stmt
    assert params == [1, 2, 10]


@pytest.mark.asyncio
async def test_pattern_5_a_batch_in_one_execute_many(faker: Faker) -> None:
    items = [UserDTO.Create(name=faker.name(), email=faker.email()) for _ in range(3)]
    conn = FakeConnection()
    begin = conn.transaction
    executed: list[tuple[str, Any]] = []

    async def record(stmt: str, parameters: Any = None, **named: Any) -> None:
        executed.append((stmt, named.get("parameters_list") if parameters is None else parameters))

    class Patched:
        async def __aenter__(self) -> Any:
            transaction = await begin().__aenter__()
            transaction.execute_many = record  # type: ignore[method-assign, assignment]  # on purpose
            return transaction

        async def __aexit__(self, *exception: object) -> bool:
            return False

    conn.transaction = Patched  # type: ignore[method-assign, assignment]  # on purpose

    await UserDAO.sync.__wrapped__(conn, items)

    ((stmt, rows),) = executed
    assert "INSERT INTO users" in stmt
    assert len(rows) == len(items)
    assert len(rows[0]) == 3  # name, email and cpf: as many as there are items, by chance


@pytest.mark.asyncio
async def test_pattern_6_an_endpoint_over_a_service_that_is_patched(
    async_client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def everyone() -> list[UserDTO.Read]:
        return [ANA]

    monkeypatch.setattr("src.api.path.users.UserService.get_all", everyone)

    response = await async_client.get("/users")

    assert response.status_code == 200
    assert [user["name"] for user in response.json()] == ["Ana"]


@pytest.mark.asyncio
async def test_pattern_7_two_queries_with_different_rows() -> None:
    conn = FakeConnection()
    conn.execute_return = [[{"id": 1, "status": "pending"}], [{"id": 2, "status": "approved"}]]

    first = await UserDAO.some_method.__wrapped__(conn, 1)
    second = await UserDAO.some_method.__wrapped__(conn, 2)

    assert (first[0]["status"], second[0]["status"]) == ("pending", "approved")


@pytest.mark.asyncio
@pytest.mark.parametrize(("status", "count"), [("pending", 5), ("approved", 3), ("rejected", 2)])
async def test_pattern_8_one_test_for_several_scenarios(status: str, count: int) -> None:
    conn = FakeConnection()
    conn.fetch_val_return = count

    assert await UserDAO.count_by_status.__wrapped__(conn, status) == count

    ((_, params),) = conn.fetch_val_calls
    assert params == [status]
