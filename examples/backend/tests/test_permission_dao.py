"""Tests for PermissionDAO."""

from typing import Any

import pytest

from src.domain.dal.dao.exception import DAOException
from src.domain.dal.dao.permission import PermissionDAO
from src.domain.dto.permission import PermissionDTO
from src.domain.dto.role import RoleDTO
from tests.fakes import FakeConnection, FakeRecord, db_error

WRITE: dict[str, Any] = {"id": 5, "code": "users:write", "description": "Escrever"}


@pytest.mark.asyncio
async def test_create_returns_permission_as_stored() -> None:
    """The stored row is returned, with its generated ID."""
    conn = FakeConnection()
    conn.fetch_row_return = FakeRecord(WRITE)

    permission = await PermissionDAO.create.__wrapped__(
        conn, PermissionDTO.Create(code="users:write", description="Escrever")
    )

    assert permission == PermissionDTO.Read(**WRITE)


@pytest.mark.asyncio
async def test_create_inserts_code_before_description() -> None:
    """The parameters have the order of the columns."""
    conn = FakeConnection()
    conn.on(
        """
        INSERT INTO permissions (code, description) VALUES ($1, $2)
        RETURNING id, code, description
        """
    ).row(WRITE)

    await PermissionDAO.create.__wrapped__(
        conn, PermissionDTO.Create(code="users:write", description="Escrever")
    )

    conn.assert_called("INSERT INTO permissions ...", "users:write", "Escrever", times=1)


@pytest.mark.asyncio
async def test_create_duplicate_maps_to_409() -> None:
    """A duplicate code is a conflict."""
    conn = FakeConnection()
    twice = db_error("23505", constraint="permissions_code_key")
    conn.on("INSERT INTO permissions ...").raises(twice)

    with pytest.raises(DAOException) as exc:
        await PermissionDAO.create.__wrapped__(conn, PermissionDTO.Create(code="users:write"))

    assert (exc.value.status_code, exc.value.detail) == (
        409,
        "Erro ao criar permissão: registro duplicado (permissions_code_key)",
    )


@pytest.mark.asyncio
async def test_fetch_by_id_returns_permission() -> None:
    """The row is converted to a PermissionDTO.Read."""
    conn = FakeConnection()
    conn.on("SELECT id, code, description FROM permissions WHERE id = $1", 5).row(WRITE)

    assert (await PermissionDAO.fetch_by_id.__wrapped__(conn, 5)).code == "users:write"


@pytest.mark.asyncio
async def test_fetch_all_orders_by_code() -> None:
    """Permissions are sorted by code."""
    conn = FakeConnection()
    conn.on("SELECT id, code, description FROM permissions ORDER BY code").rows(
        {"id": 6, "code": "users:read", "description": ""}, WRITE
    )

    permissions = await PermissionDAO.fetch_all.__wrapped__(conn)

    assert [permission.id for permission in permissions] == [6, 5]


@pytest.mark.asyncio
async def test_delete_names_one_permission() -> None:
    """The id is the only parameter."""
    conn = FakeConnection()
    conn.on("DELETE FROM permissions WHERE id = $1 RETURNING id", 5).row(id=5)

    await PermissionDAO.delete.__wrapped__(conn, 5)

    assert [call.method for call in conn.calls] == ["fetch_val"]


@pytest.mark.asyncio
async def test_delete_of_carried_permission_maps_to_409() -> None:
    """The foreign key error means that a role has it."""
    conn = FakeConnection()
    in_use = db_error(
        "23503",
        'update or delete on table "permissions" violates foreign key constraint'
        ' "role_permissions_permission_id_fkey" on table "role_permissions"',
        constraint="role_permissions_permission_id_fkey",
    )
    conn.on("DELETE FROM permissions ...", 5).raises(in_use)

    with pytest.raises(DAOException) as exc:
        await PermissionDAO.delete.__wrapped__(conn, 5)

    assert (exc.value.status_code, exc.value.detail) == (
        409,
        "Erro ao excluir permissão: registro em uso (role_permissions_permission_id_fkey)",
    )


@pytest.mark.asyncio
async def test_list_roles_returns_roles() -> None:
    """It returns the roles with this permission, sorted by name."""
    conn = FakeConnection()
    conn.on(
        """
        SELECT r.id, r.name, r.description
        FROM roles r
        JOIN role_permissions rp ON rp.role_id = r.id
        WHERE rp.permission_id = $1
        ORDER BY r.name
        """,
        5,
    ).rows({"id": 2, "name": "Gestor", "description": ""})

    roles = await PermissionDAO.list_roles.__wrapped__(conn, 5)

    assert roles == [RoleDTO.Read(id=2, name="Gestor", description="")]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("method", "detail"),
    [
        ("fetch_by_id", "Erro ao buscar permissão: registro não encontrado"),
        ("delete", "Erro ao excluir permissão: registro não encontrado"),
    ],
)
async def test_no_row_maps_to_404(method: str, detail: str) -> None:
    """An unknown permission is a 404."""
    conn = FakeConnection()
    conn.on("...", 404).rows()

    with pytest.raises(DAOException) as exc:
        await getattr(PermissionDAO, method).__wrapped__(conn, 404)

    assert (exc.value.status_code, exc.value.detail) == (404, detail)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("method", "arguments", "failure"),
    [
        ("create", [PermissionDTO.Create(code="users:write")], "Erro ao criar permissão"),
        ("fetch_by_id", [5], "Erro ao buscar permissão"),
        ("fetch_all", [], "Erro ao listar permissões"),
        ("delete", [5], "Erro ao excluir permissão"),
        ("list_roles", [5], "Erro ao listar papéis da permissão"),
    ],
)
async def test_driver_error_begins_with_what_failed(
    method: str, arguments: list[Any], failure: str
) -> None:
    """Each method has its own error message."""
    conn = FakeConnection()
    conn.on("...").raises(db_error("42501", "permission denied for table permissions"))

    with pytest.raises(DAOException) as exc:
        await getattr(PermissionDAO, method).__wrapped__(conn, *arguments)

    assert (exc.value.status_code, exc.value.detail) == (500, f"{failure}: falha no banco de dados")
