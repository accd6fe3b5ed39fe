"""The DAL on a real PostgreSQL: transactions, a full pool, time limits, cancellation."""

import asyncio
from typing import cast
from urllib.parse import urlsplit, urlunsplit

import pytest

from src.config.settings import Settings
from src.domain.adapter.user import UserAdapter
from src.domain.dal import DAL, Connection
from src.domain.dal.dao.audit import AuditDAO
from src.domain.dal.dao.exception import DAOException, failing_as
from src.domain.dal.dao.health import HealthDAO
from src.domain.dal.dao.user import UserDAO
from src.domain.dto.audit import AuditDTO
from src.domain.dto.role import RoleDTO
from src.domain.dto.scope import ScopeDTO
from src.domain.dto.user import UserDTO
from src.domain.service.user import UserService

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("database")]


@DAL.connected
@failing_as("Erro ao esperar")
async def sleep(conn: Connection, seconds: float) -> None:
    """Keep a connection busy. psqlpy cannot decode the void that pg_sleep returns."""
    await conn.fetch("SELECT 1 FROM pg_sleep($1)", [seconds])


@pytest.fixture
def service() -> UserService:
    """A service that does not call the identity service."""
    return UserService(user_adapter=cast(UserAdapter, None))


@pytest.mark.asyncio
async def test_write_and_entry_are_committed_together(
    service: UserService, actor: UserDTO.Read
) -> None:
    """The audit entry has the generated ID."""
    user = await service.create(UserDTO.Create(name="Ana", email="ana@example.com"), actor)

    (entry,) = await AuditDAO.list_for("user", user.id)
    assert (entry.actor, entry.action, entry.details) == ("admin@example.com", "create", {})


@pytest.mark.asyncio
async def test_write_is_undone_without_its_entry(
    service: UserService, actor: UserDTO.Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the audit entry fails, the user is rolled back."""

    async def broken_record(entry: AuditDTO.Create) -> None:
        raise DAOException(500, "Erro ao registrar auditoria")

    monkeypatch.setattr(AuditDAO, "record", broken_record)

    with pytest.raises(DAOException, match="Erro ao registrar auditoria"):
        await service.create(UserDTO.Create(name="Ana", email="ana@example.com"), actor)

    assert await UserDAO.fetch_all() == []


@pytest.mark.asyncio
async def test_sync_is_undone_with_the_transaction_it_joined(ana: UserDTO.Read) -> None:
    """A failing outer transaction rolls back ``sync``."""

    async def sync_and_fail() -> None:
        async with DAL.transaction():
            await UserDAO.sync([UserDTO.Create(name="Bia", email="bia@example.com")])
            await UserDAO.fetch_by_id(404)

    with pytest.raises(DAOException):
        await sync_and_fail()

    assert await UserDAO.fetch_all() == [ana]


@pytest.mark.asyncio
async def test_failed_statement_ends_transaction_only(ana: UserDTO.Read) -> None:
    """After a failure, the connection returns to the pool in a usable state."""

    async def collide() -> None:
        async with DAL.transaction():
            await UserDAO.create(UserDTO.Create(name="Ana", email="ana@example.com"))

    for _ in range(3):
        with pytest.raises(DAOException, match="users_email_key"):
            await collide()

    assert await UserDAO.fetch_all() == [ana]


@pytest.mark.asyncio
async def test_more_tasks_than_connections_take_turns(
    ana: UserDTO.Read, gestor: RoleDTO.Read, matriz: ScopeDTO.Read
) -> None:
    """Twenty concurrent calls of ``assign`` finish on a pool of two connections."""
    dto = UserDTO.Assign(user_id=ana.id, role_id=gestor.id)

    results = await asyncio.gather(
        *(UserDAO.assign(matriz.id, dto) for _ in range(20)), return_exceptions=True
    )

    assert results.count(None) == 1
    conflicts = [result for result in results if isinstance(result, DAOException)]
    assert {conflict.status_code for conflict in conflicts} == {409}
    assert len(conflicts) == 19


@pytest.mark.asyncio
async def test_full_pool_is_unavailable(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A caller gets a 503 if all connections are in use."""
    async with DAL.pool(settings.model_copy(update={"pool_timeout": 0.05})):
        assert DAL._pool is not None
        # Taken from the pool itself: opening them may take longer than the DAL would wait.
        async with DAL._pool.acquire(), DAL._pool.acquire():
            with pytest.raises(DAOException) as exc:
                await HealthDAO.ping()
        monkeypatch.setattr(DAL, "_pool_timeout", None)
        await HealthDAO.ping()
        monkeypatch.undo()

    assert (exc.value.status_code, exc.value.detail) == (
        503,
        "Erro ao conectar ao banco de dados: banco de dados indisponível",
    )


@pytest.mark.asyncio
async def test_slow_statement_is_stopped(settings: Settings) -> None:
    """The configured statement timeout applies and becomes a 504."""
    async with DAL.pool(settings.model_copy(update={"statement_timeout_ms": 50})):
        with pytest.raises(DAOException) as exc:
            await sleep(10)

    assert (exc.value.status_code, exc.value.detail) == (504, "Erro ao esperar: tempo esgotado")


@pytest.mark.asyncio
async def test_cancelled_task_gives_its_connection_back() -> None:
    """A cancelled request returns its connection to the pool."""
    task = asyncio.create_task(sleep(0.3))
    await asyncio.sleep(0.05)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.gather(*(HealthDAO.ping() for _ in range(4)))

    assert DAL._pool is not None
    assert DAL._pool.status().size <= 2


@pytest.mark.asyncio
async def test_wrong_database_is_unavailable(settings: Settings) -> None:
    """A missing database is a 503."""
    elsewhere = urlsplit(settings.database_url)._replace(path="/nowhere")
    async with DAL.pool(settings.model_copy(update={"database_url": urlunsplit(elsewhere)})):
        with pytest.raises(DAOException) as exc:
            await HealthDAO.ping()

    assert exc.value.status_code == 503


@pytest.mark.asyncio
async def test_an_ordinary_role_can_open_the_pool(settings: Settings) -> None:
    """The pool's session options do not require a superuser."""
    async with DAL.connection() as conn:
        await conn.execute("CREATE ROLE app_user LOGIN")
    try:
        parts = urlsplit(settings.database_url)
        place = parts.netloc.rpartition("@")[2]
        url = urlunsplit(parts._replace(netloc=f"app_user:{parts.password}@{place}"))
        async with DAL.pool(settings.model_copy(update={"database_url": url})):
            await HealthDAO.ping()
    finally:
        async with DAL.connection() as conn:
            await conn.execute("DROP ROLE app_user")
