"""Tests for /roles, /permissions and /scopes."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from src.api.dependencies import (
    permission_service,
    role_service,
    scope_service,
    user_service,
)
from src.domain.dal.dao.exception import DAOException
from src.domain.dto.permission import PermissionDTO
from src.domain.dto.role import RoleDTO
from src.domain.dto.scope import ScopeDTO, ScopeType
from src.domain.dto.user import UserDTO
from src.domain.service.permission import PermissionService
from src.domain.service.role import RoleService
from src.domain.service.scope import ScopeService
from src.domain.service.user import UserService
from tests.fakes import dummy

AUTH = {"Authorization": "Bearer abc"}
GESTOR = RoleDTO.Read(id=2, name="Gestor", description="Gere")
GESTOR_JSON = {"id": 2, "name": "Gestor", "description": "Gere"}
WRITE = PermissionDTO.Read(id=5, code="users:write", description="")
WRITE_JSON = {"id": 5, "code": "users:write", "description": ""}
VENDAS = ScopeDTO.Read(id=3, name="Vendas", type=ScopeType.DEPARTMENT, parent_id=1)
VENDAS_JSON = {"id": 3, "name": "Vendas", "type": "department", "parent_id": 1}

Replace = Callable[[Callable[..., Any], type[Any]], Any]


@pytest.fixture
def replace(app: FastAPI, identity: Any) -> Replace:
    """Replace a service by a dummy."""

    def replacing(dependency: Callable[..., Any], service: type[Any]) -> Any:
        stand_in = dummy(service)
        app.dependency_overrides[dependency] = lambda: stand_in
        return stand_in

    return replacing


@pytest.fixture
def roles(replace: Replace) -> Any:
    """The service of /roles."""
    return replace(role_service, RoleService)


@pytest.fixture
def permissions(replace: Replace) -> Any:
    """The service of /permissions."""
    return replace(permission_service, PermissionService)


@pytest.fixture
def scopes(replace: Replace) -> Any:
    """The service of /scopes."""
    return replace(scope_service, ScopeService)


@pytest.fixture
def users(replace: Replace) -> Any:
    """The service of the assignment routes."""
    return replace(user_service, UserService)


@pytest.mark.asyncio
async def test_list_roles_answers_with_roles(async_client: AsyncClient, roles: Any) -> None:
    """The response lists all roles with their descriptions."""
    roles.on("get_all").returns([GESTOR])

    response = await async_client.get("/roles", headers=AUTH)

    assert response.json() == [GESTOR_JSON]


@pytest.mark.asyncio
async def test_create_role_answers_with_role_as_stored(
    async_client: AsyncClient, roles: Any, actor: UserDTO.Read
) -> None:
    """The status is 201, and the caller is the actor."""
    roles.on("create", RoleDTO.Create(name="Gestor", description="Gere"), actor).returns(GESTOR)

    response = await async_client.post(
        "/roles", headers=AUTH, json={"name": "Gestor", "description": "Gere"}
    )

    assert (response.status_code, response.json()) == (201, GESTOR_JSON)


@pytest.mark.asyncio
async def test_create_role_without_name_is_refused(async_client: AsyncClient, roles: Any) -> None:
    """A role needs a name."""
    response = await async_client.post("/roles", headers=AUTH, json={"description": "Gere"})

    assert response.json()["error"]["details"] == [
        {"field": "body.name", "message": "Field required"}
    ]


@pytest.mark.asyncio
async def test_get_role_answers_with_role(async_client: AsyncClient, roles: Any) -> None:
    """The ID in the path reaches the service."""
    roles.on("get", 2).returns(GESTOR)

    response = await async_client.get("/roles/2", headers=AUTH)

    assert response.json() == GESTOR_JSON


@pytest.mark.asyncio
async def test_update_role_passes_changes_on(
    async_client: AsyncClient, roles: Any, actor: UserDTO.Read
) -> None:
    """An empty description counts as a change."""
    roles.on("update", 2, RoleDTO.Update(description=""), actor).returns(GESTOR)

    response = await async_client.patch("/roles/2", headers=AUTH, json={"description": ""})

    assert response.status_code == 200


@pytest.mark.asyncio
async def test_delete_role_in_use_is_conflict(async_client: AsyncClient, roles: Any) -> None:
    """The response says how many users have the role."""
    detail = "Erro ao excluir papel: 3 usuário(s) o possuem"
    roles.on("delete").raises(DAOException(409, detail))

    response = await async_client.delete("/roles/2", headers=AUTH)

    assert (response.status_code, response.json()["error"]["message"]) == (409, detail)


@pytest.mark.asyncio
async def test_delete_role_answers_without_body(
    async_client: AsyncClient, roles: Any, actor: UserDTO.Read
) -> None:
    """The status is 204 with an empty body."""
    roles.on("delete", 2, actor).returns(None)

    response = await async_client.delete("/roles/2", headers=AUTH)

    assert (response.status_code, response.content) == (204, b"")


@pytest.mark.asyncio
async def test_list_role_permissions_answers_with_permissions(
    async_client: AsyncClient, roles: Any
) -> None:
    """The response lists the role's permissions with their codes."""
    roles.on("list_permissions", 2).returns([WRITE])

    response = await async_client.get("/roles/2/permissions", headers=AUTH)

    assert response.json() == [WRITE_JSON]


@pytest.mark.asyncio
@pytest.mark.parametrize(("verb", "method"), [("PUT", "grant"), ("DELETE", "revoke")])
async def test_role_permission_change_keeps_ids_apart(
    async_client: AsyncClient, roles: Any, actor: UserDTO.Read, verb: str, method: str
) -> None:
    """The first id of the path is the role's, the second the permission's."""
    roles.on(method, 2, 5, actor).returns(None)

    response = await async_client.request(verb, "/roles/2/permissions/5", headers=AUTH)

    assert response.status_code == 204


@pytest.mark.asyncio
async def test_grant_refuses_id(async_client: AsyncClient, roles: Any) -> None:
    """Both IDs are validated."""
    response = await async_client.put("/roles/0/permissions/x", headers=AUTH)

    assert [detail["field"] for detail in response.json()["error"]["details"]] == [
        "path.role_id",
        "path.permission_id",
    ]


@pytest.mark.asyncio
async def test_list_permissions_answers_with_permissions(
    async_client: AsyncClient, permissions: Any
) -> None:
    """The response lists all permissions with their codes."""
    permissions.on("get_all").returns([WRITE])

    response = await async_client.get("/permissions", headers=AUTH)

    assert response.json() == [WRITE_JSON]


@pytest.mark.asyncio
async def test_create_permission_answers_with_permission_as_stored(
    async_client: AsyncClient, permissions: Any, actor: UserDTO.Read
) -> None:
    """The status is 201, and the caller is the actor."""
    permissions.on("create", PermissionDTO.Create(code="users:write"), actor).returns(WRITE)

    response = await async_client.post("/permissions", headers=AUTH, json={"code": "users:write"})

    assert (response.status_code, response.json()) == (201, WRITE_JSON)


@pytest.mark.asyncio
async def test_create_permission_refuses_code(async_client: AsyncClient, permissions: Any) -> None:
    """A code must consist of a resource and an action."""
    response = await async_client.post("/permissions", headers=AUTH, json={"code": "users"})

    assert response.json()["error"]["details"][0]["field"] == "body.code"


@pytest.mark.asyncio
async def test_get_permission_answers_with_permission(
    async_client: AsyncClient, permissions: Any
) -> None:
    """The ID in the path reaches the service."""
    permissions.on("get", 5).returns(WRITE)

    response = await async_client.get("/permissions/5", headers=AUTH)

    assert response.json() == WRITE_JSON


@pytest.mark.asyncio
async def test_delete_permission_answers_without_body(
    async_client: AsyncClient, permissions: Any, actor: UserDTO.Read
) -> None:
    """The status is 204, and the caller is the actor."""
    permissions.on("delete", 5, actor).returns(None)

    response = await async_client.delete("/permissions/5", headers=AUTH)

    assert (response.status_code, response.content) == (204, b"")


@pytest.mark.asyncio
async def test_list_permission_roles_answers_with_roles(
    async_client: AsyncClient, permissions: Any
) -> None:
    """The response lists the roles that have it, with their names."""
    permissions.on("list_roles", 5).returns([GESTOR])

    response = await async_client.get("/permissions/5/roles", headers=AUTH)

    assert response.json() == [GESTOR_JSON]


@pytest.mark.asyncio
async def test_list_scopes_of_one_type(async_client: AsyncClient, scopes: Any) -> None:
    """The type in the query is the filter."""
    scopes.on("get_all", ScopeType.DEPARTMENT).returns([VENDAS])

    response = await async_client.get("/scopes?type=department", headers=AUTH)

    assert response.json() == [VENDAS_JSON]


@pytest.mark.asyncio
async def test_list_scopes_of_every_type(async_client: AsyncClient, scopes: Any) -> None:
    """Without a type, the filter is None."""
    scopes.on("get_all", None).returns([])

    response = await async_client.get("/scopes", headers=AUTH)

    assert response.json() == []


@pytest.mark.asyncio
async def test_list_scopes_refuses_type(async_client: AsyncClient, scopes: Any) -> None:
    """An unknown type is an error instead of an empty list."""
    response = await async_client.get("/scopes?type=galaxy", headers=AUTH)

    assert response.json()["error"]["details"][0]["field"] == "query.type"


@pytest.mark.asyncio
async def test_create_scope_answers_with_scope_as_stored(
    async_client: AsyncClient, scopes: Any, actor: UserDTO.Read
) -> None:
    """The status is 201, and the caller is the actor."""
    dto = ScopeDTO.Create(name="Vendas", type=ScopeType.DEPARTMENT, parent_id=1)
    scopes.on("create", dto, actor).returns(VENDAS)

    response = await async_client.post("/scopes", headers=AUTH, json=dto.model_dump())

    assert (response.status_code, response.json()) == (201, VENDAS_JSON)


@pytest.mark.asyncio
async def test_create_scope_without_parent_is_refused(
    async_client: AsyncClient, scopes: Any
) -> None:
    """The error message names the rule that was broken."""
    response = await async_client.post(
        "/scopes", headers=AUTH, json={"name": "Vendas", "type": "department"}
    )

    assert response.json()["error"]["details"] == [
        {"field": "body", "message": "informe o escopo superior"}
    ]


@pytest.mark.asyncio
async def test_get_scope_answers_with_scope(async_client: AsyncClient, scopes: Any) -> None:
    """The ID in the path reaches the service."""
    scopes.on("get", 3).returns(VENDAS)

    response = await async_client.get("/scopes/3", headers=AUTH)

    assert response.json() == VENDAS_JSON


@pytest.mark.asyncio
async def test_list_scopes_below_says_how_far(async_client: AsyncClient, scopes: Any) -> None:
    """The response has the depth and the parent of each scope."""
    scopes.on("list_below", 1).returns([ScopeDTO.Node(**VENDAS.model_dump(), depth=1)])

    response = await async_client.get("/scopes/1/below", headers=AUTH)

    assert response.json() == [{**VENDAS_JSON, "depth": 1}]


@pytest.mark.asyncio
async def test_rename_scope_answers_with_scope_as_stored(
    async_client: AsyncClient, scopes: Any, actor: UserDTO.Read
) -> None:
    """The new name reaches the service, and the caller is the actor."""
    scopes.on("rename", 3, ScopeDTO.Rename(name="Vendas"), actor).returns(VENDAS)

    response = await async_client.patch("/scopes/3", headers=AUTH, json={"name": "Vendas"})

    assert response.json() == VENDAS_JSON


@pytest.mark.asyncio
async def test_delete_scope_answers_without_body(
    async_client: AsyncClient, scopes: Any, actor: UserDTO.Read
) -> None:
    """The status is 204, and the caller is the actor."""
    scopes.on("delete", 3, actor).returns(None)

    response = await async_client.delete("/scopes/3", headers=AUTH)

    assert (response.status_code, response.content) == (204, b"")


@pytest.mark.asyncio
async def test_assign_role_takes_scope_from_path(
    async_client: AsyncClient, users: Any, actor: UserDTO.Read
) -> None:
    """User and role are in the body, the scope is in the path."""
    users.on("assign", 10, UserDTO.Assign(user_id=7, role_id=2), actor).returns(None)

    response = await async_client.post(
        "/scopes/10/assignments", headers=AUTH, json={"user_id": 7, "role_id": 2}
    )

    assert response.status_code == 204


@pytest.mark.asyncio
async def test_assign_role_in_scope_of_other_type_is_refused(
    async_client: AsyncClient, users: Any
) -> None:
    """The DAO's 422 has the same format as a validation error, without details."""
    detail = "Erro ao verificar escopo: esperado organization, encontrado department"
    users.on("assign").raises(DAOException(422, detail))

    response = await async_client.post(
        "/scopes/10/assignments", headers=AUTH, json={"user_id": 7, "role_id": 2}
    )

    assert response.json() == {"error": {"status": 422, "message": detail, "details": []}}


@pytest.mark.asyncio
async def test_unassign_role_keeps_ids_apart(
    async_client: AsyncClient, users: Any, actor: UserDTO.Read
) -> None:
    """Scope, user and role are taken from the path in this order."""
    users.on("unassign", 10, UserDTO.Assign(user_id=7, role_id=2), actor).returns(None)

    response = await async_client.delete("/scopes/10/assignments/7/2", headers=AUTH)

    assert response.status_code == 204
