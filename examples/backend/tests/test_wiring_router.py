"""Tests for routes, services and DAOs together, with a fake connection and identity service."""

import pytest
from httpx import AsyncClient

from tests.fakes import FakeConnection

AUTH = {"Authorization": "Bearer abc"}

pytestmark = pytest.mark.usefixtures("identity")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("path", "statement"),
    [
        ("/roles", "SELECT id, name, description FROM roles ORDER BY name"),
        ("/permissions", "SELECT id, code, description FROM permissions ORDER BY code"),
        ("/scopes", "SELECT id, name, type, parent_id FROM scopes ..."),
        ("/audit/user/7", "... FROM audit_log WHERE entity = $1 AND entity_id = $2 ORDER BY id"),
    ],
)
async def test_list_reaches_its_table(
    async_client: AsyncClient, dal_conn: FakeConnection, path: str, statement: str
) -> None:
    """Each route uses its service, and each service its DAO."""
    dal_conn.on(statement).rows()

    response = await async_client.get(path, headers=AUTH)

    assert (response.status_code, response.json()) == (200, [])


@pytest.mark.asyncio
async def test_write_and_its_entry_are_one_transaction(
    async_client: AsyncClient, dal_conn: FakeConnection
) -> None:
    """One request is one transaction, and the entry names the caller."""
    dal_conn.on("DELETE FROM users WHERE id = $1 RETURNING id", 7).row(id=7)
    dal_conn.on("INSERT INTO audit_log ...", "admin@example.com", "delete", "user", 7, {})

    response = await async_client.delete("/users/7", headers=AUTH)

    assert response.status_code == 204
    (transaction,) = dal_conn.transactions
    assert (transaction.state, len(transaction.calls)) == ("committed", 2)


@pytest.mark.asyncio
async def test_refused_write_leaves_no_entry(
    async_client: AsyncClient, dal_conn: FakeConnection
) -> None:
    """An unknown user is a 404; the transaction is rolled back without an entry."""
    dal_conn.on("DELETE FROM users WHERE id = $1 RETURNING id", 404).rows()

    response = await async_client.delete("/users/404", headers=AUTH)

    assert response.json()["error"]["message"] == (
        "Erro ao excluir usuário: registro não encontrado"
    )
    assert dal_conn.transactions[0].state == "rolled back"
