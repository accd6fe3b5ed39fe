"""Tests for the statements and the results of UserDAO."""

from datetime import datetime
from typing import Any

import pytest
from faker import Faker

from src.domain.dal import DAL
from src.domain.dal.dao.exception import DAOException
from src.domain.dal.dao.user import UserDAO
from src.domain.dto.user import UserDTO, UserStatus
from tests.fakes import FakeConnection, FakeRecord, db_error

NOW = datetime(2026, 1, 2, 3, 4, 5)
ANA: dict[str, Any] = {"id": 7, "name": "Ana", "email": "ana@example.com", "created_at": NOW}
BIA: dict[str, Any] = {"id": 8, "name": "Bia", "email": "bia@example.com", "created_at": NOW}


@pytest.mark.asyncio
async def test_create_calls_execute(faker: Faker) -> None:
    """The INSERT has one parameter for each field of the DTO."""
    dto = UserDTO.Create(name=faker.name(), email=faker.email(), cpf=faker.ssn())
    conn = FakeConnection()

    await UserDAO.create.__wrapped__(conn, dto)

    assert len(conn.execute_calls) == 1
    stmt, params = conn.execute_calls[0]
    assert "INSERT INTO users" in stmt
    assert isinstance(params, list)
    assert len(params) == len(dto.model_dump())


@pytest.mark.asyncio
async def test_create_inserts_user(faker: Faker) -> None:
    """The parameters have the order of the columns."""
    dto = UserDTO.Create(name=faker.name(), email=faker.email(), cpf=faker.ssn())
    conn = FakeConnection()

    await UserDAO.create.__wrapped__(conn, dto)

    stmt, params = conn.execute_calls[0]
    assert stmt == "INSERT INTO users (name, email, cpf) VALUES ($1, $2, $3)"
    assert params == [dto.name, dto.email, dto.cpf]


@pytest.mark.asyncio
async def test_create_without_cpf_inserts_null() -> None:
    """A missing CPF is NULL, which does not violate the unique constraint."""
    conn = FakeConnection()
    conn.on("INSERT INTO users ...", "Ana", "ana@example.com", None).tag("INSERT 0 1")

    await UserDAO.create.__wrapped__(conn, UserDTO.Create(name="Ana", email="ana@example.com"))

    assert conn.calls[0].method == "execute"


@pytest.mark.asyncio
async def test_create_needs_no_transaction() -> None:
    """A single statement needs no transaction."""
    conn = FakeConnection()

    await UserDAO.create.__wrapped__(conn, UserDTO.Create(name="Ana", email="ana@example.com"))

    assert conn.transactions == []


@pytest.mark.asyncio
async def test_sync_calls_execute_many(faker: Faker, monkeypatch: pytest.MonkeyPatch) -> None:
    """One execute_many in the transaction has a row of three parameters for each user."""
    items = [UserDTO.Create(name=faker.name(), email=faker.email()) for _ in range(3)]
    conn = FakeConnection()
    executed: list[tuple[str, list[list[Any]]]] = []

    async def fake_execute_many(stmt: str, parameters: list[list[Any]]) -> None:
        executed.append((stmt, parameters))

    class PatchedTransactionContext:
        async def __aenter__(self) -> Any:
            transaction = await conn_transaction().__aenter__()
            transaction.execute_many = fake_execute_many  # type: ignore[method-assign, assignment]  # because the test replaces this one method
            return transaction

        async def __aexit__(self, *_: object) -> bool:
            return False

    conn_transaction = conn.transaction
    monkeypatch.setattr(conn, "transaction", PatchedTransactionContext)

    await UserDAO.sync.__wrapped__(conn, items)

    assert len(executed) == 1
    stmt, params = executed[0]
    assert "INSERT INTO users" in stmt
    assert params == [[item.name, item.email, None] for item in items]


@pytest.mark.asyncio
async def test_sync_commits_transaction() -> None:
    """All users are written in one transaction, which is committed."""
    conn = FakeConnection()
    conn.on("INSERT INTO users ... ON CONFLICT (email) DO UPDATE ...").tag("INSERT 0 1")

    await UserDAO.sync.__wrapped__(conn, [UserDTO.Create(name="Ana", email="ana@example.com")])

    assert [transaction.state for transaction in conn.transactions] == ["committed"]
    assert [call.method for call in conn.transactions[0].calls] == ["execute_many"]


@pytest.mark.asyncio
async def test_sync_rolls_back_on_error() -> None:
    """If one user is rejected, none is written."""
    conn = FakeConnection()
    conn.on("INSERT INTO users ...").raises(db_error("23505", constraint="users_cpf_key"))

    with pytest.raises(DAOException) as exc:
        await UserDAO.sync.__wrapped__(conn, [UserDTO.Create(name="Ana", email="ana@example.com")])

    assert exc.value.detail == "Erro ao sincronizar usuários: registro duplicado (users_cpf_key)"
    assert conn.transactions[0].state == "rolled back"


@pytest.mark.asyncio
async def test_sync_keeps_known_cpf() -> None:
    """A missing CPF does not overwrite the stored one."""
    conn = FakeConnection()
    conn.on("... cpf = COALESCE(EXCLUDED.cpf, users.cpf) ...", ["Ana", "ana@example.com", None])

    await UserDAO.sync.__wrapped__(conn, [UserDTO.Create(name="Ana", email="ana@example.com")])

    conn.assert_called("... SET name = EXCLUDED.name ...", times=1)


@pytest.mark.asyncio
async def test_fetch_by_id_returns_user(faker: Faker) -> None:
    """The row is converted to a UserDTO.Read."""
    fake_row = {
        "id": faker.random_int(1, 100),
        "name": faker.name(),
        "email": faker.email(),
        "created_at": faker.date_time(),
    }
    conn = FakeConnection()
    conn.fetch_row_return = FakeRecord(fake_row)

    result = await UserDAO.fetch_by_id.__wrapped__(conn, fake_row["id"])

    assert isinstance(result, UserDTO.Read)
    assert result.model_dump() == fake_row


@pytest.mark.asyncio
async def test_fetch_by_id_asks_for_one_row() -> None:
    """The ID is a parameter."""
    conn = FakeConnection()
    conn.on("SELECT id, name, email, created_at FROM users WHERE id = $1", 7).row(ANA)

    await UserDAO.fetch_by_id.__wrapped__(conn, 7)

    assert [call.method for call in conn.calls] == ["fetch_row"]


@pytest.mark.asyncio
async def test_fetch_by_email_ignores_case_in_the_database() -> None:
    """PostgreSQL converts the email to lower case."""
    conn = FakeConnection()
    conn.on("SELECT ... FROM users WHERE email = lower($1)", "Ana@Example.com").row(ANA)

    user = await UserDAO.fetch_by_email.__wrapped__(conn, "Ana@Example.com")

    assert user == UserDTO.Read(**ANA)


@pytest.mark.asyncio
async def test_fetch_detail_returns_everything() -> None:
    """The result includes CPF, status and the update timestamp."""
    row = {**ANA, "cpf": "52998224725", "status": "approved", "updated_at": NOW}
    conn = FakeConnection()
    conn.on(
        """
        SELECT id, name, email, cpf, status, created_at, updated_at
        FROM users WHERE id = $1
        """,
        7,
    ).row(
        id=7,
        name="Ana",
        email="ana@example.com",
        cpf="52998224725",
        status="approved",
        created_at=NOW,
        updated_at=NOW,
    )

    detail = await UserDAO.fetch_detail.__wrapped__(conn, 7)

    assert detail.model_dump() == row
    assert detail.status is UserStatus.APPROVED


@pytest.mark.asyncio
async def test_fetch_all_returns_rows_in_order() -> None:
    """Every row is converted to a user, in the same order."""
    conn = FakeConnection()
    conn.fetch_return = [ANA, BIA]

    users = await UserDAO.fetch_all.__wrapped__(conn)

    assert [user.name for user in users] == ["Ana", "Bia"]


@pytest.mark.asyncio
async def test_fetch_all_orders_by_id() -> None:
    """The statement has an ORDER BY and takes no parameters."""
    conn = FakeConnection()
    conn.fetch_return = []

    await UserDAO.fetch_all.__wrapped__(conn)

    assert conn.fetch_calls == [("SELECT id, name, email, created_at FROM users ORDER BY id", None)]


@pytest.mark.asyncio
async def test_fetch_all_without_users_is_empty() -> None:
    """Without users, the list is empty."""
    conn = FakeConnection()
    conn.on("SELECT ... FROM users ORDER BY id").rows()

    assert await UserDAO.fetch_all.__wrapped__(conn) == []


@pytest.mark.asyncio
async def test_fetch_by_ids_sends_one_array() -> None:
    """All IDs are one array parameter."""
    conn = FakeConnection()
    conn.on("SELECT ... FROM users WHERE id = ANY($1) ORDER BY id", [7, 8, 9]).rows(ANA, BIA)

    users = await UserDAO.fetch_by_ids.__wrapped__(conn, [7, 8, 9])

    assert [user.id for user in users] == [7, 8]


@pytest.mark.asyncio
async def test_search_without_restriction_sends_nulls() -> None:
    """Omitted filters are NULL."""
    conn = FakeConnection()
    conn.on("... LIMIT $3 OFFSET $4", None, None, 20, 0).rows(ANA, BIA)
    conn.on("SELECT count(*) FROM users ...", None, None).value(2)

    page = await UserDAO.search.__wrapped__(conn, UserDTO.Filter())

    assert page.model_dump() == {"items": [ANA, BIA], "total": 2, "limit": 20, "offset": 0}


@pytest.mark.asyncio
async def test_search_counts_what_it_lists() -> None:
    """Both statements have the same filters."""
    conn = FakeConnection()
    conn.fetch_return = []
    conn.fetch_val_return = 0

    await UserDAO.search.__wrapped__(
        conn, UserDTO.Filter(name="an", status=UserStatus.PENDING, limit=5, offset=10)
    )

    (listed, listed_params), (counted, counted_params) = *conn.fetch_calls, *conn.fetch_val_calls
    where = listed[listed.index("WHERE") : listed.index("ORDER BY")].split()
    assert counted[counted.index("WHERE") :].split() == where
    assert listed_params == [*counted_params, 5, 10] == ["an", "pending", 5, 10]


@pytest.mark.asyncio
async def test_search_treats_wildcards_as_letters() -> None:
    """The search uses strpos, so % and _ have no special meaning."""
    conn = FakeConnection()
    conn.on("SELECT id, ... strpos(lower(name), lower($1)) > 0 ...", "100%_", None, 20, 0).rows()
    conn.on("SELECT count(*) ... strpos(lower(name), lower($1)) > 0 ...", "100%_", None).value(0)

    page = await UserDAO.search.__wrapped__(conn, UserDTO.Filter(name="100%_"))

    assert page.items == []


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("status", "expected_count"), [("pending", 5), ("approved", 3), ("rejected", 2)]
)
async def test_count_by_status(status: str, expected_count: int) -> None:
    """The status is the only parameter, and the count is returned."""
    conn = FakeConnection()
    conn.fetch_val_return = expected_count

    result = await UserDAO.count_by_status.__wrapped__(conn, status)

    assert result == expected_count
    assert conn.fetch_val_calls == [("SELECT count(*) FROM users WHERE status = $1", [status])]


@pytest.mark.asyncio
async def test_some_method_answers_each_call_from_queue() -> None:
    """Each call takes the next result of the queue."""
    conn = FakeConnection()
    conn.execute_return = [[{"id": 1, "status": "pending"}], [{"id": 2, "status": "approved"}]]

    first = await UserDAO.some_method.__wrapped__(conn, 1)
    second = await UserDAO.some_method.__wrapped__(conn, 2)

    assert first == [{"id": 1, "status": "pending"}]
    assert second == [{"id": 2, "status": "approved"}]
    assert [params for _, params in conn.execute_calls] == [[1], [2]]


@pytest.mark.asyncio
async def test_some_method_of_unknown_user_is_empty() -> None:
    """An unknown user is an empty list instead of a 404."""
    conn = FakeConnection()
    conn.on("SELECT id, status FROM users WHERE id = $1", 404).rows()

    assert await UserDAO.some_method.__wrapped__(conn, 404) == []


@pytest.mark.asyncio
async def test_fetch_all_works_on_class_and_instance(dal_conn: FakeConnection) -> None:
    """Both take the connection from the DAL."""
    dal_conn.on("SELECT ... FROM users ORDER BY id").rows(ANA).then.rows(BIA)

    by_class = await UserDAO.fetch_all()
    by_instance = await UserDAO().fetch_all()

    assert [user.name for user in by_class + by_instance] == ["Ana", "Bia"]


@pytest.mark.asyncio
async def test_create_without_wrapped_uses_dal_connection(
    monkeypatch: pytest.MonkeyPatch, faker: Faker
) -> None:
    """The caller passes only the DTO."""
    conn = FakeConnection()

    async def fake_get_connection(cls: type[DAL]) -> FakeConnection:
        return conn

    monkeypatch.setattr(DAL, "_DAL__get_connection", classmethod(fake_get_connection))
    dto = UserDTO.Create(name=faker.name(), email=faker.email())

    await UserDAO.create(dto)

    conn.assert_called("INSERT INTO users ...", dto.name, dto.email, None, times=1)
