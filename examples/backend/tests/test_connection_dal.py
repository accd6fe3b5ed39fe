"""Tests for the DAL: connections and transactions."""

import inspect
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from src.config.settings import Settings
from src.domain.dal import DAL, Connection
from src.domain.dal.connection import JoinedTransaction
from src.domain.dal.dao.exception import DAOException
from src.domain.dal.dao.health import HealthDAO
from src.domain.dal.dao.user import UserDAO
from src.domain.dto.user import UserDTO
from tests.fakes import FakeConnection, FakePool, db_error

# A folder without a socket: connecting fails at once, and no network is touched.
NOWHERE = Settings(database_url="postgresql://nobody@/none?host=/nonexistent", _env_file=None)


@DAL.connected
async def who(conn: Connection, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
    """A DAO method that returns its arguments."""
    return conn, args, kwargs


@pytest_asyncio.fixture
async def pool(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakePool]:
    """The pool of the DAL, with one connection and a short timeout."""
    fake = FakePool(max_size=1)
    monkeypatch.setattr(DAL, "_pool", fake)
    monkeypatch.setattr(DAL, "_pool_timeout", 0.01)
    yield fake
    assert fake.status().available == fake.status().size, "a connection was kept"


@pytest.mark.asyncio
async def test_connected_passes_arguments_on(dal_conn: FakeConnection) -> None:
    """The connection is the first argument; the others are passed on."""
    conn, args, kwargs = await who(1, "two", three=3)

    assert conn is dal_conn
    assert (args, kwargs) == ((1, "two"), {"three": 3})


@pytest.mark.asyncio
async def test_connected_wrapped_takes_connection_from_caller() -> None:
    """``__wrapped__`` does not use the DAL."""
    conn = FakeConnection()

    assert await who.__wrapped__(conn, 7) == (conn, (7,), {})


def test_connected_keeps_name_and_docstring() -> None:
    """The decorated method keeps its name and docstring."""
    assert UserDAO.fetch_by_id.__name__ == "fetch_by_id"  # type: ignore[attr-defined]  # because the protocol only promises calls
    assert UserDAO.fetch_by_id.__doc__ == "Return a user; 404 if it does not exist."


def test_connected_signature_leaves_connection_out() -> None:
    """The signature has no connection parameter."""
    assert list(inspect.signature(UserDAO.fetch_by_id).parameters) == ["user_id"]


def test_connected_wrapped_signature_has_connection() -> None:
    """The signature of ``__wrapped__`` has the connection parameter."""
    assert list(inspect.signature(UserDAO.fetch_by_id.__wrapped__).parameters) == [
        "conn",
        "user_id",
    ]


@pytest.mark.asyncio
async def test_connected_gives_connection_back(pool: FakePool) -> None:
    """Each call returns its connection to the pool."""
    pool.on("SELECT 1").value(1)

    await HealthDAO.ping()
    await HealthDAO.ping()

    assert pool.status().available == 1


@pytest.mark.asyncio
async def test_connected_gives_connection_back_after_error(pool: FakePool) -> None:
    """A failing call returns its connection to the pool."""
    pool.on("SELECT 1").raises(RuntimeError("boom")).then.value(1)

    with pytest.raises(DAOException):
        await HealthDAO.ping()
    await HealthDAO.ping()

    assert pool.status().available == 1


@pytest.mark.asyncio
async def test_connection_of_exhausted_pool_is_unavailable(pool: FakePool) -> None:
    """If no connection becomes free in time, the error is a 503."""
    taken = await pool.connection()

    with pytest.raises(DAOException) as exc:
        await HealthDAO.ping()
    taken.close()

    assert (exc.value.status_code, exc.value.detail) == (
        503,
        "Erro ao conectar ao banco de dados: banco de dados indisponível",
    )


@pytest.mark.asyncio
async def test_nested_connection_is_shared(pool: FakePool) -> None:
    """Nested calls share one connection."""
    async with DAL.connection() as outer, DAL.connection() as inner:
        assert inner is outer


@pytest.mark.asyncio
async def test_connection_is_forgotten_afterwards(pool: FakePool) -> None:
    """After the block, the task no longer has a connection."""
    async with DAL.connection() as first:
        pass
    async with DAL.connection() as second:
        assert second is not first


@pytest.mark.asyncio
async def test_connection_without_pool_is_our_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an open pool, the error is a 500 whose cause names the pool."""
    monkeypatch.setattr(DAL, "_pool", None)

    with pytest.raises(DAOException) as exc:
        await HealthDAO.ping()

    assert exc.value.detail == "Erro ao conectar ao banco de dados: falha inesperada"
    assert str(exc.value.__cause__) == "DAL.pool() is not open"


@pytest.mark.asyncio
async def test_pool_opens_without_database() -> None:
    """The pool opens without a database; the first connection fails."""
    async with DAL.pool(NOWHERE):
        with pytest.raises(DAOException) as exc:
            await HealthDAO.ping()

    assert exc.value.status_code == 503


@pytest.mark.asyncio
async def test_pool_has_size_of_settings() -> None:
    """The pool size is passed to psqlpy."""
    settings = NOWHERE.model_copy(update={"pool_size": 3})

    async with DAL.pool(settings):
        assert DAL._pool is not None
        assert DAL._pool.status().max_size == 3


@pytest.mark.asyncio
async def test_pool_nests() -> None:
    """The innermost pool is used, and the outer one is restored."""
    async with DAL.pool(NOWHERE):
        outer = DAL._pool
        async with DAL.pool(NOWHERE):
            assert DAL._pool is not outer
        assert DAL._pool is outer


@pytest.mark.asyncio
async def test_pool_is_closed_after_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The previous pool is restored after an error."""
    monkeypatch.setattr(DAL, "_pool", None)

    with pytest.raises(RuntimeError, match="boom"):
        async with DAL.pool(NOWHERE):
            raise RuntimeError("boom")

    assert DAL._pool is None


@pytest.mark.asyncio
async def test_transaction_covers_every_dao_method(dal_conn: FakeConnection) -> None:
    """Two DAO methods run in one transaction, which is committed."""
    async with DAL.transaction():
        await UserDAO.create(UserDTO.Create(name="Ana", email="ana@example.com"))
        await HealthDAO.ping()

    (transaction,) = dal_conn.transactions
    assert transaction.state == "committed"
    assert [call.method for call in transaction.calls] == ["execute", "fetch_val"]


@pytest.mark.asyncio
async def test_transaction_rolls_back_on_error(dal_conn: FakeConnection) -> None:
    """An exception rolls the transaction back and propagates."""

    async def create_and_fail() -> None:
        async with DAL.transaction():
            await UserDAO.create(UserDTO.Create(name="Ana", email="ana@example.com"))
            raise KeyError

    with pytest.raises(KeyError):
        await create_and_fail()

    assert dal_conn.transactions[0].state == "rolled back"


@pytest.mark.asyncio
async def test_transaction_that_cannot_be_committed_is_a_dao_exception(
    dal_conn: FakeConnection,
) -> None:
    """A serialization failure at COMMIT is a 503, as it is at a statement."""
    dal_conn.on("INSERT INTO users ...").tag("INSERT 0 1")
    dal_conn.on("COMMIT").raises(db_error("40001"))

    with pytest.raises(DAOException) as exc:
        async with DAL.transaction():
            await UserDAO.create(UserDTO.Create(name="Ana", email="ana@example.com"))

    assert (exc.value.status_code, exc.value.detail) == (
        503,
        "Erro ao concluir transação: conflito, tente novamente",
    )


@pytest.mark.asyncio
async def test_transaction_is_joined_by_dao_method_with_its_own(dal_conn: FakeConnection) -> None:
    """``sync`` joins an open transaction and does not end it."""
    async with DAL.transaction():
        await UserDAO.sync([UserDTO.Create(name="Ana", email="ana@example.com")])
        assert dal_conn.transactions[0].state == "open"

    assert [transaction.state for transaction in dal_conn.transactions] == ["committed"]


@pytest.mark.asyncio
async def test_transaction_nests_as_one(dal_conn: FakeConnection) -> None:
    """A nested transaction joins the outer one: an error rolls both back."""

    async def fail_after_inner_transaction() -> None:
        async with DAL.transaction():
            async with DAL.transaction():
                await HealthDAO.ping()
            raise KeyError

    with pytest.raises(KeyError):
        await fail_after_inner_transaction()

    assert [transaction.state for transaction in dal_conn.transactions] == ["rolled back"]


@pytest.mark.asyncio
async def test_transaction_is_over_for_later_calls(dal_conn: FakeConnection) -> None:
    """A later DAO call runs outside the transaction."""
    async with DAL.transaction():
        pass
    await HealthDAO.ping()

    assert dal_conn.transactions[0].calls == []
    assert dal_conn.calls[-1].transaction is None


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "method", ["execute", "execute_batch", "execute_many", "fetch", "fetch_row", "fetch_val"]
)
async def test_joined_transaction_passes_on(method: str) -> None:
    """The methods of a joined transaction run on the open transaction."""
    conn = FakeConnection()
    conn.on("SELECT 1").value(1)
    async with conn.transaction() as transaction:
        await getattr(JoinedTransaction(transaction), method)("SELECT 1")

    assert [call.method for call in conn.transactions[0].calls] == [method]
