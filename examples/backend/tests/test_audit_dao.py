"""Tests for AuditDAO and HealthDAO."""

from datetime import datetime
from typing import Any

import pytest

from src.domain.dal.dao.audit import AuditDAO
from src.domain.dal.dao.exception import DAOException
from src.domain.dal.dao.health import HealthDAO
from src.domain.dto.audit import AuditDTO
from tests.fakes import FakeConnection, db_error

ENTRY = AuditDTO.Create(
    actor="admin@example.com",
    action="update",
    entity="user",
    entity_id=7,
    details={"fields": ["name"]},
)
ROW: dict[str, Any] = {
    "id": 1,
    "actor": "admin@example.com",
    "action": "update",
    "entity": "user",
    "entity_id": 7,
    "details": {"fields": ["name"]},
    "created_at": datetime(2026, 1, 2, 3, 4, 5),
}


@pytest.mark.asyncio
async def test_record_inserts_entry() -> None:
    """Five columns are inserted; the database sets ID and timestamp."""
    conn = FakeConnection()

    await AuditDAO.record.__wrapped__(conn, ENTRY)

    conn.assert_called(
        """
        INSERT INTO audit_log (actor, action, entity, entity_id, details)
        VALUES ($1, $2, $3, $4, $5)
        """,
        "admin@example.com",
        "update",
        "user",
        7,
        {"fields": ["name"]},
        times=1,
    )


@pytest.mark.asyncio
async def test_record_sends_details_as_dictionary() -> None:
    """psqlpy requires a dictionary for jsonb."""
    conn = FakeConnection()

    await AuditDAO.record.__wrapped__(conn, ENTRY)

    assert isinstance(conn.execute_calls[0][1][4], dict)


@pytest.mark.asyncio
async def test_search_without_restriction_sends_nulls() -> None:
    """Omitted filters are NULL, and the page has the total."""
    conn = FakeConnection()
    conn.on("SELECT id, actor, ... LIMIT $3 OFFSET $4", None, None, 20, 0).rows(ROW)
    conn.on("SELECT count(*) FROM audit_log ...", None, None).value(41)

    page = await AuditDAO.search.__wrapped__(conn, AuditDTO.Filter())

    assert page.model_dump() == {"items": [ROW], "total": 41, "limit": 20, "offset": 0}


@pytest.mark.asyncio
async def test_search_restricts_list_and_count_alike() -> None:
    """Both statements filter by actor and entity type."""
    conn = FakeConnection()
    conn.fetch_return = []
    conn.fetch_val_return = 0

    await AuditDAO.search.__wrapped__(
        conn, AuditDTO.Filter(actor="admin@example.com", entity="user", limit=5, offset=10)
    )

    assert conn.fetch_calls[0][1] == ["admin@example.com", "user", 5, 10]
    assert conn.fetch_val_calls[0][1] == ["admin@example.com", "user"]


@pytest.mark.asyncio
async def test_search_lists_newest_first() -> None:
    """The newest entries come first."""
    conn = FakeConnection()
    conn.on("SELECT id, ... FROM audit_log ... ORDER BY id DESC LIMIT ...").rows()
    conn.on("SELECT count(*) ...").value(0)

    page = await AuditDAO.search.__wrapped__(conn, AuditDTO.Filter())

    assert page.items == []


@pytest.mark.asyncio
async def test_list_for_lists_oldest_first() -> None:
    """The oldest entries come first."""
    conn = FakeConnection()
    conn.on("... WHERE entity = $1 AND entity_id = $2 ORDER BY id", "user", 7).rows(ROW)

    assert await AuditDAO.list_for.__wrapped__(conn, "user", 7) == [AuditDTO.Read(**ROW)]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("method", "arguments", "failure"),
    [
        ("record", [ENTRY], "Erro ao registrar auditoria"),
        ("search", [AuditDTO.Filter()], "Erro ao consultar auditoria"),
        ("list_for", ["user", 7], "Erro ao consultar histórico"),
    ],
)
async def test_driver_error_begins_with_what_failed(
    method: str, arguments: list[Any], failure: str
) -> None:
    """Each method has its own error message."""
    conn = FakeConnection()
    conn.on("...").raises(db_error("42501", "permission denied for table audit_log"))

    with pytest.raises(DAOException) as exc:
        await getattr(AuditDAO, method).__wrapped__(conn, *arguments)

    assert (exc.value.status_code, exc.value.detail) == (500, f"{failure}: falha no banco de dados")


@pytest.mark.asyncio
async def test_ping_touches_no_table() -> None:
    """The health check runs a trivial statement."""
    conn = FakeConnection()
    conn.on("SELECT 1").value(1)

    await HealthDAO.ping.__wrapped__(conn)

    assert [call.statement for call in conn.calls] == ["SELECT 1"]


@pytest.mark.asyncio
async def test_ping_of_server_that_shuts_down_fails() -> None:
    """A shutdown of the server is reported as an error."""
    conn = FakeConnection()
    conn.on("SELECT 1").raises(db_error("57P01"))

    with pytest.raises(DAOException) as exc:
        await HealthDAO.ping.__wrapped__(conn)

    assert exc.value.detail == "Erro ao consultar o banco de dados: banco de dados indisponível"
