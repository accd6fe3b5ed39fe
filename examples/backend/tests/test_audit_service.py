"""Tests for AuditService: a write and its entry share a transaction."""

from datetime import datetime
from typing import Any

import pytest

from src.domain.dal.dao.audit import AuditDAO
from src.domain.dal.dao.exception import DAOException
from src.domain.dal.dao.health import HealthDAO
from src.domain.dto.audit import AuditDTO
from src.domain.dto.page import Page
from src.domain.dto.user import UserDTO
from src.domain.service.audit import AuditService
from tests.fakes import FakeConnection, dummy

ENTRY = AuditDTO.Read(
    id=1,
    actor="admin@example.com",
    action="delete",
    entity="user",
    entity_id=7,
    created_at=datetime(2026, 1, 1),
)


@pytest.fixture
def dao() -> Any:
    """A dummy of the audit DAO."""
    return dummy(AuditDAO)


@pytest.mark.asyncio
async def test_search_passes_filter_on(dao: Any) -> None:
    """The filter and the page are passed on unchanged."""
    wanted = AuditDTO.Filter(actor="admin@example.com")
    page: Page[AuditDTO.Read] = Page(items=[ENTRY], total=1, limit=20, offset=0)
    dao.on("search", wanted).returns(page)

    assert await AuditService(dao).search(wanted) is page


@pytest.mark.asyncio
async def test_history_of_one_thing(dao: Any) -> None:
    """Entity type and ID are passed to the DAO."""
    dao.on("list_for", "user", 7).returns([ENTRY])

    assert await AuditService(dao).history("user", 7) == [ENTRY]


@pytest.mark.asyncio
async def test_writing_records_after_the_block(
    dal_conn: FakeConnection, actor: UserDTO.Read
) -> None:
    """The write and then its entry run in one transaction."""
    async with AuditService().writing(actor, "create", "role", 2):
        await HealthDAO.ping()

    (transaction,) = dal_conn.transactions
    assert [call.sql.split()[0] for call in transaction.calls] == ["SELECT", "INSERT"]
    assert transaction.state == "committed"


@pytest.mark.asyncio
async def test_writing_lets_block_complete_the_entry(
    dal_conn: FakeConnection, actor: UserDTO.Read
) -> None:
    """The block can complete the entry after the write."""
    async with AuditService().writing(actor, "create", "role") as entry:
        entry.entity_id = 2
        entry.details["name"] = "Gestor"

    dal_conn.assert_called(
        "INSERT INTO audit_log ...",
        "admin@example.com",
        "create",
        "role",
        2,
        {"name": "Gestor"},
        times=1,
    )


@pytest.mark.asyncio
async def test_writing_records_nothing_when_block_fails(
    dal_conn: FakeConnection, actor: UserDTO.Read
) -> None:
    """A failed write is not audited."""

    async def fail() -> None:
        async with AuditService().writing(actor, "create", "role"):
            raise DAOException(409, "Erro ao criar papel: registro duplicado")

    with pytest.raises(DAOException, match="registro duplicado"):
        await fail()

    assert dal_conn.calls == []
    assert dal_conn.transactions[0].state == "rolled back"


@pytest.mark.asyncio
async def test_writing_undoes_what_cannot_be_recorded(
    dal_conn: FakeConnection, actor: UserDTO.Read
) -> None:
    """If the entry cannot be written, the write is rolled back."""
    dal_conn.on("SELECT 1").value(1)
    dal_conn.on("INSERT INTO audit_log ...").raises(RuntimeError("disk full"))

    async def write() -> None:
        async with AuditService().writing(actor, "create", "role", 2):
            await HealthDAO.ping()

    with pytest.raises(DAOException) as exc:
        await write()

    assert exc.value.detail == "Erro ao registrar auditoria: falha inesperada"
    assert dal_conn.transactions[0].state == "rolled back"
