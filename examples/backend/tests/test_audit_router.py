"""Tests for /audit and /health."""

from datetime import datetime
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from src.api.dependencies import audit_service
from src.domain.dto.audit import AuditDTO
from src.domain.dto.page import Page
from src.domain.service.audit import AuditService
from tests.fakes import FakeConnection, dummy

AUTH = {"Authorization": "Bearer abc"}
ENTRY = AuditDTO.Read(
    id=1,
    actor="admin@example.com",
    action="update",
    entity="user",
    entity_id=7,
    details={"fields": ["cpf"]},
    created_at=datetime(2026, 1, 2, 3, 4, 5),
)
ENTRY_JSON = {
    "id": 1,
    "actor": "admin@example.com",
    "action": "update",
    "entity": "user",
    "entity_id": 7,
    "details": {"fields": ["cpf"]},
    "created_at": "2026-01-02T03:04:05",
}


@pytest.fixture
def audit(app: FastAPI, identity: Any) -> Any:
    """The service of /audit."""
    service = dummy(AuditService)
    app.dependency_overrides[audit_service] = lambda: service
    return service


@pytest.mark.asyncio
async def test_search_audit_answers_with_page(async_client: AsyncClient, audit: Any) -> None:
    """The query is converted to a filter, and the page to JSON."""
    page: Page[AuditDTO.Read] = Page(items=[ENTRY], total=1, limit=5, offset=0)
    audit.on("search", AuditDTO.Filter(actor="admin@example.com", limit=5)).returns(page)

    response = await async_client.get("/audit?actor=admin@example.com&limit=5", headers=AUTH)

    assert response.json() == {"items": [ENTRY_JSON], "total": 1, "limit": 5, "offset": 0}


@pytest.mark.asyncio
async def test_search_audit_refuses_long_page(async_client: AsyncClient, audit: Any) -> None:
    """The page size is limited."""
    response = await async_client.get("/audit?limit=1000", headers=AUTH)

    assert response.json()["error"]["details"][0]["field"] == "query.limit"


@pytest.mark.asyncio
async def test_history_answers_with_entries(async_client: AsyncClient, audit: Any) -> None:
    """Entity type and ID are taken from the path."""
    audit.on("history", "user", 7).returns([ENTRY])

    response = await async_client.get("/audit/user/7", headers=AUTH)

    assert response.json() == [ENTRY_JSON]


@pytest.mark.asyncio
async def test_history_refuses_id(async_client: AsyncClient, audit: Any) -> None:
    """A non-numeric ID is rejected."""
    response = await async_client.get("/audit/user/ana", headers=AUTH)

    assert response.json()["error"]["details"][0]["field"] == "path.entity_id"


@pytest.mark.asyncio
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_log_cannot_be_written(async_client: AsyncClient, audit: Any, method: str) -> None:
    """The log is read-only for every caller."""
    response = await async_client.request(method, "/audit/user/7", headers=AUTH)

    assert response.status_code == 405


@pytest.mark.asyncio
async def test_health_asks_database(async_client: AsyncClient, dal_conn: FakeConnection) -> None:
    """The application is healthy if the database responds."""
    dal_conn.on("SELECT 1").value(1)

    response = await async_client.get("/health")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.asyncio
async def test_health_without_database_is_unavailable(
    async_client: AsyncClient, dal_conn: FakeConnection
) -> None:
    """A failure is a 503 with a message."""
    dal_conn.on("SELECT 1").raises(ConnectionRefusedError())

    response = await async_client.get("/health")

    assert response.status_code == 503
    assert (
        response.json()["error"]["message"]
        == "Erro ao consultar o banco de dados: banco de dados indisponível"
    )
