"""The whole application on a real PostgreSQL, with a fake identity service."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from httpx import ASGITransport, AsyncClient

from src.api.dependencies import user_adapter
from src.config.factory import create_app
from src.config.settings import Settings
from src.domain.adapter.user import UserAdapter
from src.domain.dto.user import UserDTO
from tests.fakes import db_error, dummy

pytestmark = pytest.mark.integration

AUTH = {"Authorization": "Bearer abc"}


@pytest_asyncio.fixture
async def api(settings: Settings, actor: UserDTO.Read) -> AsyncIterator[AsyncClient]:
    """A client whose caller has every permission, on this test's database."""
    identity = dummy(UserAdapter)
    identity.on("get_caller").returns(actor).optional()
    identity.on("get_users_by_permission").returns([actor]).optional()
    app = create_app(settings)
    app.dependency_overrides[user_adapter] = lambda: identity
    transport = ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=transport, base_url="http://test", headers=AUTH) as client,
    ):
        yield client


async def created(api: AsyncClient, path: str, **body: Any) -> int:
    """Create an object and return its ID."""
    response = await api.post(path, json=body)
    assert response.status_code == 201, response.text
    return int(response.json()["id"])


@pytest.mark.asyncio
async def test_health_of_running_application(api: AsyncClient) -> None:
    """The health check queries the database."""
    response = await api.get("/health")

    assert response.json() == {"status": "ok"}


@pytest.mark.asyncio
async def test_life_of_a_user_is_in_the_log(api: AsyncClient) -> None:
    """Creating, approving, updating and deleting a user writes four audit entries."""
    user_id = await created(api, "/users", name="Ana", email="ana@example.com")
    await api.put(f"/users/{user_id}/status", json={"status": "approved"})
    await api.patch(f"/users/{user_id}", json={"name": "Ana Lima"})
    await api.delete(f"/users/{user_id}")

    history = (await api.get(f"/audit/user/{user_id}")).json()

    assert [(entry["action"], entry["details"]) for entry in history] == [
        ("create", {}),
        ("change_status", {"status": "approved"}),
        ("update", {"fields": ["name"]}),
        ("delete", {}),
    ]
    assert {entry["actor"] for entry in history} == {"admin@example.com"}


@pytest.mark.asyncio
async def test_duplicate_user_is_conflict(api: AsyncClient) -> None:
    """A constraint error of PostgreSQL becomes an error response."""
    await created(api, "/users", name="Ana", email="ana@example.com")

    response = await api.post("/users", json={"name": "Ana", "email": "ANA@example.com"})

    assert response.status_code == 409
    assert response.json()["error"] == {
        "status": 409,
        "message": "Erro ao criar usuário: registro duplicado (users_email_key)",
        "details": [],
    }


@pytest.mark.asyncio
async def test_role_is_built_assigned_and_felt(api: AsyncClient) -> None:
    """A permission granted through role and scope is listed for the user."""
    permission = await created(api, "/permissions", code="reports:read")
    role = await created(api, "/roles", name="Leitor")
    scope = await created(api, "/scopes", name="Matriz", type="organization")
    user = await created(api, "/users", name="Ana", email="ana@example.com")

    await api.put(f"/roles/{role}/permissions/{permission}")
    await api.post(f"/scopes/{scope}/assignments", json={"user_id": user, "role_id": role})

    response = await api.get(f"/users/{user}/permissions?scope_id={scope}")
    assert response.json() == ["reports:read"]


@pytest.mark.asyncio
async def test_role_in_use_stays(api: AsyncClient) -> None:
    """The service checks for assignments before the constraint does."""
    role = await created(api, "/roles", name="Leitor")
    scope = await created(api, "/scopes", name="Matriz", type="organization")
    user = await created(api, "/users", name="Ana", email="ana@example.com")
    await api.post(f"/scopes/{scope}/assignments", json={"user_id": user, "role_id": role})

    response = await api.delete(f"/roles/{role}")

    assert response.json()["error"]["message"] == "Erro ao excluir papel: 1 usuário(s) o possuem"


@pytest.mark.asyncio
async def test_synchronised_users_are_in_the_directory(api: AsyncClient) -> None:
    """All users are written at once, with one audit entry."""
    users = [{"name": f"Ana {n}", "email": f"ana{n}@example.com"} for n in range(3)]

    response = await api.post("/users/sync", json={"users": users})
    directory = await api.get("/users", headers={"Authorization": ""})
    log = (await api.get("/audit?entity=user")).json()

    assert response.json() == {"written": 3}
    assert [user["name"] for user in directory.json()] == ["Ana 0", "Ana 1", "Ana 2"]
    assert [(entry["action"], entry["details"]) for entry in log["items"]] == [
        ("sync", {"count": 3})
    ]


@pytest.mark.asyncio
async def test_department_is_not_built_below_project(api: AsyncClient) -> None:
    """A rejected write leaves no scope and no audit entry."""
    matriz = await created(api, "/scopes", name="Matriz", type="organization")
    site = await created(api, "/scopes", name="Site", type="project", parent_id=matriz)

    response = await api.post(
        "/scopes", json={"name": "Vendas", "type": "department", "parent_id": site}
    )

    assert response.status_code == 422
    assert (await api.get("/audit?entity=scope")).json()["total"] == 2


@pytest.mark.asyncio
@pytest.mark.parametrize("statement", ["START TRANSACTION", "INSERT INTO users ...", "COMMIT"])
async def test_lost_connection_is_unavailable(
    api: AsyncClient, real_postgres: Any, statement: str
) -> None:
    """A connection that is lost anywhere in a transaction is a 503, and nothing is written."""
    real_postgres.on(statement).drops()

    response = await api.post("/users", json={"name": "Ana", "email": "ana@example.com"})

    assert response.status_code == 503
    assert response.json()["error"]["message"] == (
        "Erro ao concluir transação: banco de dados indisponível"
    )
    assert (await api.get("/users")).json() == []


@pytest.mark.asyncio
async def test_serialization_failure_at_commit_is_a_conflict(
    api: AsyncClient, real_postgres: Any
) -> None:
    """PostgreSQL may report a conflict only at COMMIT; the client may try again."""
    real_postgres.on("COMMIT").raises(db_error("40001")).then.real()
    user = {"name": "Ana", "email": "ana@example.com"}

    refused = await api.post("/users", json=user)
    created = await api.post("/users", json=user)

    assert refused.json()["error"]["message"] == (
        "Erro ao concluir transação: conflito, tente novamente"
    )
    assert (refused.status_code, created.status_code) == (503, 201)
