"""Tests for /users: the calls of each route to the service, and its responses."""

from datetime import datetime
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import AsyncClient

from src.api.dependencies import user_service
from src.domain.dal.dao.exception import DAOException
from src.domain.dto.page import Page
from src.domain.dto.user import UserDTO, UserStatus
from src.domain.service.user import UserService
from tests.fakes import FakeConnection, dummy

AUTH = {"Authorization": "Bearer abc"}
NOW = datetime(2026, 1, 2, 3, 4, 5)
ANA = UserDTO.Read(id=7, name="Ana", email="ana@example.com", created_at=NOW)
ANA_JSON = {
    "id": 7,
    "name": "Ana",
    "email": "ana@example.com",
    "created_at": "2026-01-02T03:04:05",
}


@pytest.fixture
def users(app: FastAPI, identity: Any) -> Any:
    """The service of the routes."""
    service = dummy(UserService)
    app.dependency_overrides[user_service] = lambda: service
    return service


@pytest.mark.asyncio
async def test_get_users_endpoint(
    async_client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GET /users lists all users; the service method is monkeypatched."""

    async def mock_get_users() -> list[UserDTO.Read]:
        return [UserDTO.Read(id=1, name="Test", email="test@example.com")]

    monkeypatch.setattr("src.api.path.users.UserService.get_all", mock_get_users)

    response = await async_client.get("/users")

    assert response.status_code == 200
    assert response.json() == [
        {"id": 1, "name": "Test", "email": "test@example.com", "created_at": None}
    ]


@pytest.mark.asyncio
async def test_get_users_reaches_the_database(
    async_client: AsyncClient, dal_conn: FakeConnection
) -> None:
    """Route, service, DAO and DTO work together; only the connection is a fake."""
    dal_conn.on("SELECT id, name, email, created_at FROM users ORDER BY id").rows(
        {"id": 7, "name": "Ana", "email": "ana@example.com", "created_at": NOW}
    )

    response = await async_client.get("/users")

    assert response.json() == [ANA_JSON]


def test_get_users_never_shows_cpf(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The open list contains only public fields, even if the service returns more."""
    detail = UserDTO.Detail(
        **ANA.model_dump(), cpf="52998224725", status=UserStatus.APPROVED, updated_at=NOW
    )

    async def mock_get_users() -> list[UserDTO.Read]:
        return [detail]

    monkeypatch.setattr("src.api.path.users.UserService.get_all", mock_get_users)

    assert client.get("/users").json() == [ANA_JSON]


@pytest.mark.asyncio
async def test_search_answers_with_page(async_client: AsyncClient, users: Any) -> None:
    """The query is converted to a filter, and the page to JSON."""
    page: Page[UserDTO.Read] = Page(items=[ANA], total=41, limit=1, offset=40)
    wanted = UserDTO.Filter(name="an", status=UserStatus.PENDING, limit=1, offset=40)
    users.on("search", wanted).returns(page)

    response = await async_client.get(
        "/users/search?name=an&status=pending&limit=1&offset=40", headers=AUTH
    )

    assert response.json() == {"items": [ANA_JSON], "total": 41, "limit": 1, "offset": 40}


@pytest.mark.asyncio
async def test_search_without_query_wants_first_page(async_client: AsyncClient, users: Any) -> None:
    """The defaults of the filter apply."""
    users.on("search", UserDTO.Filter()).returns(Page(items=[], total=0, limit=20, offset=0))

    response = await async_client.get("/users/search", headers=AUTH)

    assert response.json()["items"] == []


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("query", "field"),
    [
        pytest.param("limit=0", "query.limit", id="empty page"),
        pytest.param("limit=101", "query.limit", id="page too long"),
        pytest.param("offset=-1", "query.offset", id="before the start"),
        pytest.param("status=deleted", "query.status", id="no such status"),
        pytest.param("name=", "query.name", id="empty name"),
    ],
)
async def test_search_refuses_query(
    async_client: AsyncClient, users: Any, query: str, field: str
) -> None:
    """The error names the invalid field, and the service is not called."""
    response = await async_client.get(f"/users/search?{query}", headers=AUTH)

    assert response.status_code == 422
    assert [detail["field"] for detail in response.json()["error"]["details"]] == [field]


@pytest.mark.asyncio
async def test_count_names_status(async_client: AsyncClient, users: Any) -> None:
    """The response contains the status and the count."""
    users.on("count", UserStatus.PENDING).returns(UserDTO.Count(status=UserStatus.PENDING, count=5))

    response = await async_client.get("/users/count?status=pending", headers=AUTH)

    assert response.json() == {"status": "pending", "count": 5}


@pytest.mark.asyncio
async def test_count_needs_status(async_client: AsyncClient, users: Any) -> None:
    """The status is required."""
    response = await async_client.get("/users/count", headers=AUTH)

    assert response.json()["error"]["details"][0]["field"] == "query.status"


@pytest.mark.asyncio
async def test_by_permission_passes_header_on(async_client: AsyncClient, users: Any) -> None:
    """The caller's credentials are passed to the identity service."""
    users.on("get_users_by_permission", "users:write", "Bearer abc", "matriz").returns([ANA])

    response = await async_client.get("/users/by-permission/users:write?scope=matriz", headers=AUTH)

    assert response.json() == [ANA_JSON]


@pytest.mark.asyncio
async def test_by_permission_refuses_what_is_no_code(async_client: AsyncClient, users: Any) -> None:
    """An invalid permission is rejected before it is used in a URL."""
    response = await async_client.get("/users/by-permission/me?scope=matriz", headers=AUTH)

    assert response.json()["error"]["details"][0]["field"] == "path.permission"
    users.assert_called("get_users_by_permission", times=0)


@pytest.mark.asyncio
async def test_create_answers_with_user_as_stored(
    async_client: AsyncClient, users: Any, actor: UserDTO.Read
) -> None:
    """The status is 201 with the ID, and the caller is the actor."""
    dto = UserDTO.Create(name="Ana", email="ana@example.com", cpf="52998224725")
    users.on("create", dto, actor).returns(ANA)

    response = await async_client.post(
        "/users",
        headers=AUTH,
        json={"name": "Ana", "email": "ANA@example.com", "cpf": "529.982.247-25"},
    )

    assert (response.status_code, response.json()) == (201, ANA_JSON)


@pytest.mark.asyncio
async def test_create_names_everything_wrong(async_client: AsyncClient, users: Any) -> None:
    """One response lists all invalid fields."""
    response = await async_client.post(
        "/users",
        headers=AUTH,
        json={"name": "A", "email": "ana", "cpf": "529.982.247-24"},
    )

    details = response.json()["error"]["details"]
    assert [detail["field"] for detail in details] == ["body.name", "body.email", "body.cpf"]
    assert details[2]["message"] == "CPF inválido: o segundo dígito verificador não confere"


@pytest.mark.asyncio
async def test_create_duplicate_is_conflict(async_client: AsyncClient, users: Any) -> None:
    """The client receives the DAO's status and message."""
    detail = "Erro ao criar usuário: registro duplicado (users_email_key)"
    users.on("create").raises(DAOException(409, detail))

    response = await async_client.post(
        "/users", headers=AUTH, json={"name": "Ana", "email": "ana@example.com"}
    )

    assert response.status_code == 409
    assert response.json() == {"error": {"status": 409, "message": detail, "details": []}}


@pytest.mark.asyncio
async def test_sync_answers_with_number_written(
    async_client: AsyncClient, users: Any, actor: UserDTO.Read
) -> None:
    """The service is called once with the whole list."""
    dto = UserDTO.Sync(
        users=[
            UserDTO.Create(name="Ana", email="ana@example.com"),
            UserDTO.Create(name="Bia", email="bia@example.com"),
        ]
    )
    users.on("sync", dto, actor).returns(2)

    response = await async_client.post("/users/sync", headers=AUTH, json=dto.model_dump())

    assert response.json() == {"written": 2}


@pytest.mark.asyncio
async def test_sync_names_wrong_user_by_position(async_client: AsyncClient, users: Any) -> None:
    """The error names the position of the invalid user."""
    body = {"users": [{"name": "Ana", "email": "ana@example.com"}, {"name": "Bia"}]}

    response = await async_client.post("/users/sync", headers=AUTH, json=body)

    assert response.json()["error"]["details"] == [
        {"field": "body.users.1.email", "message": "Field required"}
    ]


@pytest.mark.asyncio
async def test_get_user_answers_with_detail(async_client: AsyncClient, users: Any) -> None:
    """A caller with users:read sees CPF and status."""
    users.on("get", 7).returns(
        UserDTO.Detail(
            **ANA.model_dump(), cpf="52998224725", status=UserStatus.APPROVED, updated_at=NOW
        )
    )

    response = await async_client.get("/users/7", headers=AUTH)

    assert response.json() == {
        **ANA_JSON,
        "cpf": "52998224725",
        "status": "approved",
        "updated_at": "2026-01-02T03:04:05",
    }


@pytest.mark.asyncio
async def test_get_unknown_user_is_not_found(async_client: AsyncClient, users: Any) -> None:
    """The response is a 404 with the DAO's message."""
    users.on("get", 404).raises(DAOException(404, "Erro ao buscar usuário: não encontrado"))

    response = await async_client.get("/users/404", headers=AUTH)

    assert (response.status_code, response.json()["error"]["message"]) == (
        404,
        "Erro ao buscar usuário: não encontrado",
    )


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "user_id",
    [
        pytest.param("ana", id="no number"),
        pytest.param("0", id="zero"),
        pytest.param("-7", id="negative"),
        pytest.param(str(2**63), id="beyond bigint"),
    ],
)
async def test_get_user_refuses_id(async_client: AsyncClient, users: Any, user_id: str) -> None:
    """An ID outside the range of bigint is rejected."""
    response = await async_client.get(f"/users/{user_id}", headers=AUTH)

    assert response.json()["error"]["details"][0]["field"] == "path.user_id"


@pytest.mark.asyncio
async def test_update_answers_with_user_as_stored(
    async_client: AsyncClient, users: Any, actor: UserDTO.Read
) -> None:
    """Omitted fields are None in the DTO."""
    users.on("update", 7, UserDTO.Update(name="Ana"), actor).returns(ANA)

    response = await async_client.patch("/users/7", headers=AUTH, json={"name": "Ana"})

    assert (response.status_code, response.json()) == (200, ANA_JSON)


@pytest.mark.asyncio
async def test_update_without_change_is_refused(async_client: AsyncClient, users: Any) -> None:
    """The message of a custom validator has no pydantic prefix."""
    response = await async_client.patch("/users/7", headers=AUTH, json={})

    assert response.json()["error"]["details"] == [
        {"field": "body", "message": "informe ao menos um campo para alterar"}
    ]


@pytest.mark.asyncio
async def test_change_status_answers_without_body(
    async_client: AsyncClient, users: Any, actor: UserDTO.Read
) -> None:
    """The status is 204 with an empty body."""
    users.on("change_status", 7, UserStatus.APPROVED, actor).returns(None)

    response = await async_client.put("/users/7/status", headers=AUTH, json={"status": "approved"})

    assert (response.status_code, response.content) == (204, b"")


@pytest.mark.asyncio
async def test_deactivate_names_actor(
    async_client: AsyncClient, users: Any, actor: UserDTO.Read
) -> None:
    """The actor is the caller."""
    users.on("deactivate", 7, actor).returns(None)

    response = await async_client.post("/users/7/deactivate", headers=AUTH)

    assert response.status_code == 204


@pytest.mark.asyncio
async def test_delete_answers_without_body(
    async_client: AsyncClient, users: Any, actor: UserDTO.Read
) -> None:
    """The status is 204, and the caller is the actor."""
    users.on("delete", 7, actor).returns(None)

    response = await async_client.delete("/users/7", headers=AUTH)

    assert (response.status_code, response.content) == (204, b"")


@pytest.mark.asyncio
async def test_list_assignments_names_roles_and_scopes(
    async_client: AsyncClient, users: Any
) -> None:
    """The response contains names and IDs."""
    users.on("list_assignments", 7).returns(
        [
            UserDTO.Assignment(
                role_id=2, role_name="Gestor", scope_id=10, scope_name="Matriz", created_at=NOW
            )
        ]
    )

    response = await async_client.get("/users/7/assignments", headers=AUTH)

    assert response.json() == [
        {
            "role_id": 2,
            "role_name": "Gestor",
            "scope_id": 10,
            "scope_name": "Matriz",
            "created_at": "2026-01-02T03:04:05",
        }
    ]


@pytest.mark.asyncio
async def test_list_permissions_answers_with_codes(async_client: AsyncClient, users: Any) -> None:
    """The scope is passed to the service."""
    users.on("list_permissions", 7, 10).returns(["users:read"])

    response = await async_client.get("/users/7/permissions?scope_id=10", headers=AUTH)

    assert response.json() == ["users:read"]


@pytest.mark.asyncio
async def test_list_permissions_needs_scope(async_client: AsyncClient, users: Any) -> None:
    """The scope is required."""
    response = await async_client.get("/users/7/permissions", headers=AUTH)

    assert response.json()["error"]["details"][0]["field"] == "query.scope_id"
