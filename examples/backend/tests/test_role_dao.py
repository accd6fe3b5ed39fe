"""Tests for RoleDAO."""

from typing import Any

import pytest

from src.domain.dal.dao.exception import DAOException
from src.domain.dal.dao.role import RoleDAO
from src.domain.dto.permission import PermissionDTO
from src.domain.dto.role import RoleDTO
from tests.fakes import FakeConnection, FakeRecord, db_error

GESTOR: dict[str, Any] = {"id": 2, "name": "Gestor", "description": "Gere"}


@pytest.mark.asyncio
async def test_create_returns_role_as_stored() -> None:
    """The stored row is returned, with its generated ID."""
    conn = FakeConnection()
    conn.on(
        """
        INSERT INTO roles (name, description) VALUES ($1, $2)
        RETURNING id, name, description
        """,
        "Gestor",
        "Gere",
    ).row(GESTOR)

    role = await RoleDAO.create.__wrapped__(conn, RoleDTO.Create(name="Gestor", description="Gere"))

    assert role == RoleDTO.Read(id=2, name="Gestor", description="Gere")


@pytest.mark.asyncio
async def test_create_inserts_empty_description() -> None:
    """A missing description is stored as an empty string."""
    conn = FakeConnection()
    conn.fetch_row_return = FakeRecord(GESTOR)

    await RoleDAO.create.__wrapped__(conn, RoleDTO.Create(name="Gestor"))

    assert conn.fetch_calls[0][1] == ["Gestor", ""]


@pytest.mark.asyncio
async def test_create_duplicate_maps_to_409() -> None:
    """A duplicate name is a conflict."""
    conn = FakeConnection()
    conn.on("INSERT INTO roles ...").raises(db_error("23505", constraint="roles_name_key"))

    with pytest.raises(DAOException) as exc:
        await RoleDAO.create.__wrapped__(conn, RoleDTO.Create(name="Gestor"))

    assert (exc.value.status_code, exc.value.detail) == (
        409,
        "Erro ao criar papel: registro duplicado (roles_name_key)",
    )


@pytest.mark.asyncio
async def test_fetch_by_id_returns_role() -> None:
    """The row is converted to a RoleDTO.Read."""
    conn = FakeConnection()
    conn.on("SELECT id, name, description FROM roles WHERE id = $1", 2).row(GESTOR)

    assert await RoleDAO.fetch_by_id.__wrapped__(conn, 2) == RoleDTO.Read(**GESTOR)


@pytest.mark.asyncio
async def test_fetch_all_orders_by_name() -> None:
    """Roles are sorted by name."""
    conn = FakeConnection()
    conn.on("SELECT id, name, description FROM roles ORDER BY name").rows(
        {"id": 3, "name": "Auditor", "description": ""}, GESTOR
    )

    roles = await RoleDAO.fetch_all.__wrapped__(conn)

    assert [role.name for role in roles] == ["Auditor", "Gestor"]


@pytest.mark.asyncio
async def test_update_keeps_what_is_left_out() -> None:
    """NULL keeps the name; an empty description replaces the old one."""
    conn = FakeConnection()
    conn.on(
        """
        UPDATE roles
        SET name = COALESCE($2, name), description = COALESCE($3, description)
        WHERE id = $1
        RETURNING id, name, description
        """,
        2,
        None,
        "",
    ).row(id=2, name="Gestor", description="")

    role = await RoleDAO.update.__wrapped__(conn, 2, RoleDTO.Update(description=""))

    assert role.description == ""


@pytest.mark.asyncio
async def test_update_to_taken_name_maps_to_409() -> None:
    """Renaming can violate the unique constraint too."""
    conn = FakeConnection()
    conn.on("UPDATE roles ...").raises(db_error("23505", constraint="roles_name_key"))

    with pytest.raises(DAOException) as exc:
        await RoleDAO.update.__wrapped__(conn, 2, RoleDTO.Update(name="Auditor"))

    assert exc.value.detail == "Erro ao atualizar papel: registro duplicado (roles_name_key)"


@pytest.mark.asyncio
async def test_delete_names_one_role() -> None:
    """The id is the only parameter."""
    conn = FakeConnection()
    conn.fetch_val_return = 2

    await RoleDAO.delete.__wrapped__(conn, 2)

    assert conn.fetch_val_calls == [("DELETE FROM roles WHERE id = $1 RETURNING id", [2])]


@pytest.mark.asyncio
async def test_delete_of_assigned_role_maps_to_409() -> None:
    """The foreign key error means that the role is assigned."""
    conn = FakeConnection()
    in_use = db_error(
        "23503",
        'update or delete on table "roles" violates foreign key constraint'
        ' "assignments_role_id_fkey" on table "assignments"',
        constraint="assignments_role_id_fkey",
    )
    conn.on("DELETE FROM roles ...", 2).raises(in_use)

    with pytest.raises(DAOException) as exc:
        await RoleDAO.delete.__wrapped__(conn, 2)

    assert (exc.value.status_code, exc.value.detail) == (
        409,
        "Erro ao excluir papel: registro em uso (assignments_role_id_fkey)",
    )


@pytest.mark.asyncio
async def test_grant_inserts_pair() -> None:
    """The parameters are role and permission."""
    conn = FakeConnection()

    await RoleDAO.grant.__wrapped__(conn, 2, 5)

    assert conn.execute_calls == [
        ("INSERT INTO role_permissions (role_id, permission_id) VALUES ($1, $2)", [2, 5])
    ]


@pytest.mark.asyncio
async def test_grant_twice_maps_to_409() -> None:
    """A permission that the role already has is a conflict."""
    conn = FakeConnection()
    twice = db_error("23505", constraint="role_permissions_pkey")
    conn.on("INSERT INTO role_permissions ...").raises(twice)

    with pytest.raises(DAOException) as exc:
        await RoleDAO.grant.__wrapped__(conn, 2, 5)

    assert (exc.value.status_code, exc.value.detail) == (
        409,
        "Erro ao conceder permissão: registro duplicado (role_permissions_pkey)",
    )


@pytest.mark.asyncio
async def test_grant_of_unknown_permission_maps_to_422() -> None:
    """An unknown permission is a 422."""
    conn = FakeConnection()
    unknown = db_error(
        "23503", constraint="role_permissions_permission_id_fkey", table="role_permissions"
    )
    conn.on("INSERT INTO role_permissions ...").raises(unknown)

    with pytest.raises(DAOException) as exc:
        await RoleDAO.grant.__wrapped__(conn, 2, 404)

    assert (exc.value.status_code, exc.value.detail) == (
        422,
        "Erro ao conceder permissão: referência inválida (role_permissions_permission_id_fkey)",
    )


@pytest.mark.asyncio
async def test_revoke_names_pair() -> None:
    """The DELETE names role and permission."""
    conn = FakeConnection()
    conn.on(
        "DELETE FROM role_permissions WHERE role_id = $1 AND permission_id = $2 RETURNING role_id",
        2,
        5,
    ).row(role_id=2)

    await RoleDAO.revoke.__wrapped__(conn, 2, 5)

    assert [call.method for call in conn.calls] == ["fetch_val"]


@pytest.mark.asyncio
async def test_list_permissions_returns_permissions() -> None:
    """It returns the permissions of this role, sorted by code."""
    conn = FakeConnection()
    conn.on("SELECT p.id, p.code, p.description ... WHERE rp.role_id = $1 ORDER BY p.code", 2).rows(
        {"id": 5, "code": "users:read", "description": ""}
    )

    permissions = await RoleDAO.list_permissions.__wrapped__(conn, 2)

    assert permissions == [PermissionDTO.Read(id=5, code="users:read", description="")]


@pytest.mark.asyncio
async def test_count_members_counts_each_user_once() -> None:
    """A user with the role in two scopes is counted once."""
    conn = FakeConnection()
    conn.on("SELECT count(DISTINCT user_id) FROM assignments WHERE role_id = $1", 2).value(3)

    assert await RoleDAO.count_members.__wrapped__(conn, 2) == 3


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("method", "arguments", "detail"),
    [
        ("fetch_by_id", [404], "Erro ao buscar papel: registro não encontrado"),
        (
            "update",
            [404, RoleDTO.Update(name="Gestor")],
            "Erro ao atualizar papel: registro não encontrado",
        ),
        ("delete", [404], "Erro ao excluir papel: registro não encontrado"),
        ("revoke", [404, 5], "Erro ao retirar permissão: registro não encontrado"),
    ],
)
async def test_no_row_maps_to_404(method: str, arguments: list[Any], detail: str) -> None:
    """An unknown role, or a permission that the role does not have, is a 404."""
    conn = FakeConnection()
    conn.on("...").rows()

    with pytest.raises(DAOException) as exc:
        await getattr(RoleDAO, method).__wrapped__(conn, *arguments)

    assert (exc.value.status_code, exc.value.detail) == (404, detail)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("method", "arguments", "failure"),
    [
        ("create", [RoleDTO.Create(name="Gestor")], "Erro ao criar papel"),
        ("fetch_by_id", [2], "Erro ao buscar papel"),
        ("fetch_all", [], "Erro ao listar papéis"),
        ("update", [2, RoleDTO.Update(name="Gestor")], "Erro ao atualizar papel"),
        ("delete", [2], "Erro ao excluir papel"),
        ("grant", [2, 5], "Erro ao conceder permissão"),
        ("revoke", [2, 5], "Erro ao retirar permissão"),
        ("list_permissions", [2], "Erro ao listar permissões do papel"),
        ("count_members", [2], "Erro ao contar usuários do papel"),
    ],
)
async def test_driver_error_begins_with_what_failed(
    method: str, arguments: list[Any], failure: str
) -> None:
    """Each method has its own error message."""
    conn = FakeConnection()
    conn.on("...").raises(db_error("42501", "permission denied for table roles"))

    with pytest.raises(DAOException) as exc:
        await getattr(RoleDAO, method).__wrapped__(conn, *arguments)

    assert (exc.value.status_code, exc.value.detail) == (500, f"{failure}: falha no banco de dados")


@pytest.mark.asyncio
async def test_grant_without_wrapped_uses_dal_connection(dal_conn: FakeConnection) -> None:
    """The caller passes only the two IDs."""
    await RoleDAO.grant(2, 5)

    dal_conn.assert_called("INSERT INTO role_permissions ...", 2, 5, times=1)
