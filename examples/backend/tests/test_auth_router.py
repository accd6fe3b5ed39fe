"""Tests for authorization."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import AsyncClient

from src.api.dependencies import ADMINISTRATION, user_adapter, user_service
from src.domain.adapter.exception import AdapterException
from src.domain.adapter.user import UserAdapter
from src.domain.dto.user import UserDTO
from src.domain.service.user import UserService
from tests.fakes import ANY, FakeConnection, dummy

AUTH = {"Authorization": "Bearer abc"}


def permission_of(client: TestClient, app: FastAPI, method: str, path: str) -> str:
    """Return the permission that a route requires, read from its 403 response."""
    nobody = dummy(UserAdapter)
    nobody.on("get_caller").returns(UserDTO.Read(id=1, name="Zé", email="ze@example.com"))
    nobody.on("get_users_by_permission").returns([])
    app.dependency_overrides[user_adapter] = lambda: nobody
    response = client.request(method, path, headers=AUTH)
    return str(response.json()["error"]["message"])


@pytest.mark.parametrize(
    ("method", "path", "permission"),
    [
        ("GET", "/users/search", "users:read"),
        ("GET", "/users/count?status=pending", "users:read"),
        ("GET", "/users/by-permission/a:b?scope=x", "users:read"),
        ("GET", "/users/1", "users:read"),
        ("GET", "/users/1/assignments", "users:read"),
        ("GET", "/users/1/permissions?scope_id=1", "users:read"),
        ("POST", "/users", "users:write"),
        ("POST", "/users/sync", "users:write"),
        ("PUT", "/users/1/status", "users:write"),
        ("POST", "/users/1/deactivate", "users:write"),
        ("PATCH", "/users/1", "users:write"),
        ("DELETE", "/users/1", "users:write"),
        ("POST", "/scopes/1/assignments", "users:assign"),
        ("DELETE", "/scopes/1/assignments/1/1", "users:assign"),
        ("GET", "/roles", "roles:read"),
        ("GET", "/roles/1", "roles:read"),
        ("GET", "/roles/1/permissions", "roles:read"),
        ("POST", "/roles", "roles:write"),
        ("PATCH", "/roles/1", "roles:write"),
        ("DELETE", "/roles/1", "roles:write"),
        ("PUT", "/roles/1/permissions/1", "roles:write"),
        ("DELETE", "/roles/1/permissions/1", "roles:write"),
        ("GET", "/permissions", "permissions:read"),
        ("GET", "/permissions/1", "permissions:read"),
        ("GET", "/permissions/1/roles", "permissions:read"),
        ("POST", "/permissions", "permissions:write"),
        ("DELETE", "/permissions/1", "permissions:write"),
        ("GET", "/scopes", "scopes:read"),
        ("GET", "/scopes/1", "scopes:read"),
        ("GET", "/scopes/1/below", "scopes:read"),
        ("POST", "/scopes", "scopes:write"),
        ("PATCH", "/scopes/1", "scopes:write"),
        ("DELETE", "/scopes/1", "scopes:write"),
        ("GET", "/audit", "audit:read"),
        ("GET", "/audit/user/1", "audit:read"),
    ],
)
def test_route_asks_for_permission(
    client: TestClient, app: FastAPI, method: str, path: str, permission: str
) -> None:
    """A caller without the permission gets a 403 that names it, before validation."""
    refusal = permission_of(client, app, method, path)

    assert refusal == f"Permissão necessária: {permission}"


@pytest.mark.asyncio
async def test_caller_is_asked_for_within_administration(
    async_client: AsyncClient, app: FastAPI, identity: Any, actor: UserDTO.Read
) -> None:
    """Both requests carry the caller's header and the scope of this API."""
    users = dummy(UserService)
    users.on("delete", 7, actor).returns(None)
    app.dependency_overrides[user_service] = lambda: users

    await async_client.delete("/users/7", headers=AUTH)

    identity.assert_called("get_caller", "Bearer abc", times=1)
    identity.assert_called(
        "get_users_by_permission", "users:write", "Bearer abc", ADMINISTRATION, times=1
    )


@pytest.mark.asyncio
async def test_no_header_is_unauthorized(async_client: AsyncClient, identity: Any) -> None:
    """A missing header is a 401, and the identity service is not called."""
    response = await async_client.delete("/users/7")

    assert response.json() == {
        "error": {"status": 401, "message": "Cabeçalho Authorization ausente", "details": []}
    }
    assert response.headers["WWW-Authenticate"] == "Bearer"
    identity.assert_called("get_caller", ANY, times=0)


@pytest.mark.asyncio
async def test_empty_header_is_unauthorized(async_client: AsyncClient, identity: Any) -> None:
    """An empty header is a 401 too."""
    response = await async_client.delete("/users/7", headers={"Authorization": ""})

    assert response.status_code == 401


@pytest.mark.asyncio
async def test_refused_header_is_unauthorized(async_client: AsyncClient, identity: Any) -> None:
    """A 401 from the identity service is passed on."""
    detail = "Erro de autorização: credenciais inválidas ou expiradas"
    identity.on("get_caller").raises(AdapterException(401, detail))

    response = await async_client.delete("/users/7", headers=AUTH)

    assert (response.status_code, response.json()["error"]["message"]) == (401, detail)


@pytest.mark.asyncio
async def test_absent_identity_service_lets_nobody_in(
    async_client: AsyncClient, identity: Any
) -> None:
    """If the identity service fails, the response is a 502."""
    identity.on("get_users_by_permission").raises(
        AdapterException(502, "Serviço de identidade indisponível")
    )

    response = await async_client.delete("/users/7", headers=AUTH)

    assert response.status_code == 502


@pytest.mark.asyncio
async def test_somebody_elses_permission_is_not_enough(
    async_client: AsyncClient, identity: Any, actor: UserDTO.Read
) -> None:
    """A caller who does not hold the permission gets a 403."""
    other = UserDTO.Read(id=actor.id + 1, name="Outra", email="outra@example.com")
    identity.on("get_users_by_permission").returns([other])

    response = await async_client.delete("/users/7", headers=AUTH)

    assert response.status_code == 403


@pytest.mark.asyncio
async def test_refused_caller_reaches_no_database(
    async_client: AsyncClient, identity: Any, dal_conn: FakeConnection
) -> None:
    """The permission is checked before the body."""
    identity.on("get_users_by_permission").returns([])

    await async_client.delete("/users/7", headers=AUTH)

    assert dal_conn.calls == []


def routes_without_permission(app: FastAPI) -> set[str]:
    """Return the paths of routes without an Authorization header."""
    paths = app.openapi()["paths"]
    return {
        f"{method.upper()} {path}"
        for path, methods in paths.items()
        for method, description in methods.items()
        if "security" not in description
    }


def test_only_directory_and_health_are_open(app: FastAPI) -> None:
    """This test fails for a new route without a permission check."""
    assert routes_without_permission(app) == {"GET /users", "GET /health"}


@pytest.mark.asyncio
async def test_permission_is_checked_over_http(
    async_client: AsyncClient, app: FastAPI, dal_conn: FakeConnection
) -> None:
    """Only the HTTP transport and the connection are fakes."""
    asked: list[str] = []

    def identity_service(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        ana = {"id": 7, "name": "Ana", "email": "ana@example.com"}
        return httpx.Response(200, json=ana if request.url.path == "/me" else [ana])

    http = httpx.AsyncClient(
        base_url="http://identity", transport=httpx.MockTransport(identity_service)
    )
    app.dependency_overrides[user_adapter] = lambda: UserAdapter(http)
    dal_conn.on("SELECT id, name, description FROM roles ORDER BY name").rows()

    response = await async_client.get("/roles", headers=AUTH)

    assert (response.status_code, response.json()) == (200, [])
    assert asked == [
        "http://identity/me",
        "http://identity/permissions/roles:read/users?scope=administration",
    ]


@pytest.mark.asyncio
async def test_lifespan_opens_adapter(async_client: AsyncClient, app: FastAPI) -> None:
    """The lifespan creates an adapter for the configured identity service."""
    assert isinstance(app.state.user_adapter, UserAdapter)


@pytest.mark.asyncio
async def test_routes_use_adapter_of_running_application(
    async_client: AsyncClient,
    app: FastAPI,
    actor: UserDTO.Read,
    dal_conn: FakeConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No dependency is overridden: the adapter comes from the lifespan."""
    adapter = dummy(UserAdapter)
    adapter.on("get_caller", "Bearer abc").returns(actor)
    adapter.on("get_users_by_permission").returns([actor])
    monkeypatch.setattr(app.state, "user_adapter", adapter)
    dal_conn.on("SELECT count(*) FROM users WHERE status = $1", "pending").value(5)

    response = await async_client.get("/users/count?status=pending", headers=AUTH)

    assert response.json() == {"status": "pending", "count": 5}
