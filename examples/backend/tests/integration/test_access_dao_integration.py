"""Roles, permissions, scopes and assignments on a real PostgreSQL."""

import pytest

from src.domain.dal.dao.exception import DAOException
from src.domain.dal.dao.permission import PermissionDAO
from src.domain.dal.dao.role import RoleDAO
from src.domain.dal.dao.scope import ScopeDAO
from src.domain.dal.dao.user import UserDAO
from src.domain.dto.permission import PermissionDTO
from src.domain.dto.role import RoleDTO
from src.domain.dto.scope import ScopeDTO, ScopeType
from src.domain.dto.user import UserDTO

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("database")]


@pytest.mark.asyncio
async def test_assigned_role_is_listed(
    ana: UserDTO.Read, gestor: RoleDTO.Read, matriz: ScopeDTO.Read
) -> None:
    """Assignments contain the names of role and scope."""
    await UserDAO.assign(matriz.id, UserDTO.Assign(user_id=ana.id, role_id=gestor.id))

    (assignment,) = await UserDAO.list_assignments(ana.id)
    assert (assignment.role_name, assignment.scope_name) == ("Gestor", "Matriz")
    assert await RoleDAO.count_members(gestor.id) == 1


@pytest.mark.asyncio
async def test_assignments_are_sorted_and_counted(
    assigned: UserDTO.Assign,
    gestor: RoleDTO.Read,
    auditor: RoleDTO.Read,
    matriz: ScopeDTO.Read,
    filial: ScopeDTO.Read,
) -> None:
    """They come by scope and role, and a member of two scopes counts once."""
    assignments = await UserDAO.list_assignments(assigned.user_id)

    assert [(one.scope_name, one.role_name) for one in assignments] == [
        ("Filial", "Auditor"),
        ("Filial", "Gestor"),
        ("Matriz", "Auditor"),
        ("Matriz", "Gestor"),
    ]
    assert [(one.scope_id, one.role_id) for one in assignments] == [
        (filial.id, auditor.id),
        (filial.id, gestor.id),
        (matriz.id, auditor.id),
        (matriz.id, gestor.id),
    ]
    assert await RoleDAO.count_members(gestor.id) == 2
    assert await RoleDAO.count_members(auditor.id) == 1


@pytest.mark.asyncio
async def test_role_is_assigned_once(
    ana: UserDTO.Read, gestor: RoleDTO.Read, matriz: ScopeDTO.Read
) -> None:
    """The error names the primary key."""
    dto = UserDTO.Assign(user_id=ana.id, role_id=gestor.id)
    await UserDAO.assign(matriz.id, dto)

    with pytest.raises(DAOException, match=r"registro duplicado \(assignments_pkey\)"):
        await UserDAO.assign(matriz.id, dto)


@pytest.mark.asyncio
async def test_role_is_not_assigned_in_scope_of_other_type(
    ana: UserDTO.Read, gestor: RoleDTO.Read, vendas: ScopeDTO.Read
) -> None:
    """A scope of the wrong type is rejected."""
    with pytest.raises(DAOException) as exc:
        await UserDAO.assign(vendas.id, UserDTO.Assign(user_id=ana.id, role_id=gestor.id))

    assert exc.value.detail.endswith("esperado organization, encontrado department")
    assert await UserDAO.list_assignments(ana.id) == []


@pytest.mark.asyncio
async def test_role_is_not_assigned_to_nobody(gestor: RoleDTO.Read, matriz: ScopeDTO.Read) -> None:
    """The error names the foreign key."""
    with pytest.raises(DAOException) as exc:
        await UserDAO.assign(matriz.id, UserDTO.Assign(user_id=404, role_id=gestor.id))

    assert (exc.value.status_code, exc.value.detail) == (
        422,
        "Erro ao atribuir papel: referência inválida (assignments_user_id_fkey)",
    )


@pytest.mark.asyncio
async def test_unassigned_role_is_gone(
    assigned: UserDTO.Assign, ana: UserDTO.Read, filial: ScopeDTO.Read
) -> None:
    """Revoking twice is a 404, and every other assignment stays."""
    await UserDAO.unassign(filial.id, assigned)

    with pytest.raises(DAOException, match="Erro ao revogar papel: registro não encontrado"):
        await UserDAO.unassign(filial.id, assigned)
    assert [
        (one.scope_name, one.role_name) for one in await UserDAO.list_assignments(assigned.user_id)
    ] == [("Filial", "Auditor"), ("Matriz", "Auditor"), ("Matriz", "Gestor")]
    assert len(await UserDAO.list_assignments(ana.id)) == 1


@pytest.mark.asyncio
async def test_permission_holds_below_but_not_above(
    ana: UserDTO.Read, gestor: RoleDTO.Read, matriz: ScopeDTO.Read, vendas: ScopeDTO.Read
) -> None:
    """A role in an organization applies to its departments, but not the reverse."""
    bia_dto = UserDTO.Create(name="Bia", email="bia@example.com")
    await UserDAO.create(bia_dto)
    bia = await UserDAO.fetch_by_email(bia_dto.email)
    await UserDAO.assign(matriz.id, UserDTO.Assign(user_id=ana.id, role_id=gestor.id))
    await UserDAO.assign(
        vendas.id,
        UserDTO.Assign(user_id=bia.id, role_id=gestor.id, scope_type=ScopeType.DEPARTMENT),
    )

    assert await UserDAO.list_permissions(ana.id, vendas.id) == ["users:read"]
    assert await UserDAO.list_permissions(bia.id, vendas.id) == ["users:read"]
    assert await UserDAO.list_permissions(bia.id, matriz.id) == []


@pytest.mark.asyncio
async def test_permission_of_two_roles_is_listed_once(
    assigned: UserDTO.Assign, ana: UserDTO.Read, auditor: RoleDTO.Read, filial: ScopeDTO.Read
) -> None:
    """The permissions of all roles of a user come by code."""
    permission = await PermissionDAO.create(PermissionDTO.Create(code="roles:read"))
    await RoleDAO.grant(auditor.id, permission.id)

    codes = await UserDAO.list_permissions(assigned.user_id, filial.id)

    assert codes == ["audit:read", "roles:read", "users:read"]
    assert await UserDAO.list_permissions(ana.id, filial.id) == ["users:read"]


@pytest.mark.asyncio
async def test_deleted_user_leaves_no_assignments(
    ana: UserDTO.Read, gestor: RoleDTO.Read, matriz: ScopeDTO.Read
) -> None:
    """Deleting a user deletes the assignments, so role and scope can be deleted."""
    await UserDAO.assign(matriz.id, UserDTO.Assign(user_id=ana.id, role_id=gestor.id))

    await UserDAO.delete(ana.id)

    assert await RoleDAO.count_members(gestor.id) == 0
    await ScopeDAO.delete(matriz.id)
    assert await ScopeDAO.fetch_all() == []


@pytest.mark.asyncio
async def test_assigned_role_cannot_be_deleted(
    ana: UserDTO.Read, gestor: RoleDTO.Read, auditor: RoleDTO.Read, matriz: ScopeDTO.Read
) -> None:
    """The message of a foreign key error on delete is mapped correctly; other roles can be."""
    await UserDAO.assign(matriz.id, UserDTO.Assign(user_id=ana.id, role_id=gestor.id))

    with pytest.raises(DAOException) as exc:
        await RoleDAO.delete(gestor.id)

    assert (exc.value.status_code, exc.value.detail) == (
        409,
        "Erro ao excluir papel: registro em uso (assignments_role_id_fkey)",
    )
    await RoleDAO.delete(auditor.id)
    assert await RoleDAO.fetch_all() == [gestor]


@pytest.mark.asyncio
async def test_granted_permission_is_seen_from_both_ends(
    gestor: RoleDTO.Read, auditor: RoleDTO.Read
) -> None:
    """The grants are visible from the role and from the permission, by code and by name."""
    (shared,) = await RoleDAO.list_permissions(gestor.id)
    own, again = await RoleDAO.list_permissions(auditor.id)

    assert (own.code, shared.code, again) == ("audit:read", "users:read", shared)
    assert await PermissionDAO.list_roles(shared.id) == [auditor, gestor]
    assert await PermissionDAO.list_roles(own.id) == [auditor]


@pytest.mark.asyncio
async def test_carried_permission_cannot_be_deleted(
    gestor: RoleDTO.Read, auditor: RoleDTO.Read
) -> None:
    """A permission cannot be deleted while a role has it."""
    own, shared = await RoleDAO.list_permissions(auditor.id)

    with pytest.raises(DAOException, match="registro em uso"):
        await PermissionDAO.delete(shared.id)
    await RoleDAO.revoke(auditor.id, shared.id)
    assert await RoleDAO.list_permissions(auditor.id) == [own]
    assert await RoleDAO.list_permissions(gestor.id) == [shared]
    await RoleDAO.revoke(gestor.id, shared.id)
    await PermissionDAO.delete(shared.id)

    assert await PermissionDAO.fetch_all() == [own]


@pytest.mark.asyncio
async def test_permissions_come_by_code() -> None:
    """The order in which they were stored does not matter."""
    created = [
        await PermissionDAO.create(PermissionDTO.Create(code=code, description=f"Pode {code}"))
        for code in ("users:write", "audit:read")
    ]

    assert await PermissionDAO.fetch_all() == created[::-1]
    assert (created[0].code, created[0].description) == ("users:write", "Pode users:write")


@pytest.mark.asyncio
async def test_code_that_dto_refuses_is_refused_by_the_table() -> None:
    """The DTO and the check constraint accept the same codes."""
    unchecked = PermissionDTO.Create.model_construct(code="Users", description="")

    with pytest.raises(DAOException, match="permissions_code_check"):
        await PermissionDAO.create(unchecked)


@pytest.mark.asyncio
async def test_role_update_may_empty_description(
    gestor: RoleDTO.Read, auditor: RoleDTO.Read
) -> None:
    """An empty description replaces the old one, and a field left out is kept."""
    renamed = await RoleDAO.update(auditor.id, RoleDTO.Update(name="Auditoria"))
    updated = await RoleDAO.update(auditor.id, RoleDTO.Update(description=""))

    assert (renamed.name, renamed.description) == ("Auditoria", "Lê tudo")
    assert (updated.name, updated.description) == ("Auditoria", "")
    assert await RoleDAO.fetch_all() == [updated, gestor]


@pytest.mark.asyncio
async def test_scope_name_is_taken_below_the_same_parent_only(
    matriz: ScopeDTO.Read, vendas: ScopeDTO.Read
) -> None:
    """Two organizations cannot have the same name."""
    again = ScopeDTO.Create(name="Matriz", type=ScopeType.ORGANIZATION)
    below = ScopeDTO.Create(name="Matriz", type=ScopeType.PROJECT, parent_id=vendas.id)

    with pytest.raises(DAOException, match="scopes_name_key"):
        await ScopeDAO.create(again)
    created = await ScopeDAO.create(below)

    assert created.parent_id == vendas.id


@pytest.mark.asyncio
async def test_scopes_below_come_nearest_first(
    matriz: ScopeDTO.Read, vendas: ScopeDTO.Read
) -> None:
    """One statement returns the whole tree."""
    for name, above in (("Site", vendas), ("Loja", matriz), ("Loja", vendas)):
        await ScopeDAO.create(
            ScopeDTO.Create(name=name, type=ScopeType.PROJECT, parent_id=above.id)
        )

    nodes = await ScopeDAO.list_below(matriz.id)

    assert [(node.name, node.depth) for node in nodes] == [
        ("Loja", 1),
        ("Vendas", 1),
        ("Loja", 2),
        ("Site", 2),
    ]


@pytest.mark.asyncio
async def test_scopes_come_by_name_and_age(
    matriz: ScopeDTO.Read, vendas: ScopeDTO.Read, filial: ScopeDTO.Read
) -> None:
    """Scopes of one name come in the order of their creation."""
    first, second = [
        await ScopeDAO.create(
            ScopeDTO.Create(name="Site", type=ScopeType.PROJECT, parent_id=above.id)
        )
        for above in (matriz, filial)
    ]
    await ScopeDAO.rename(first.id, ScopeDTO.Rename(name="Site"))  # now it is stored last

    assert await ScopeDAO.fetch_all() == [filial, matriz, first, second, vendas]
    assert await ScopeDAO.fetch_all(ScopeType.PROJECT) == [first, second]


@pytest.mark.asyncio
async def test_scope_with_others_below_cannot_be_deleted(
    matriz: ScopeDTO.Read, vendas: ScopeDTO.Read
) -> None:
    """Only scopes without children can be deleted."""
    with pytest.raises(DAOException, match=r"registro em uso \(scopes_parent_id_fkey\)"):
        await ScopeDAO.delete(matriz.id)
    await ScopeDAO.delete(vendas.id)
    await ScopeDAO.delete(matriz.id)

    assert await ScopeDAO.fetch_all() == []


@pytest.mark.asyncio
async def test_renamed_scope_keeps_its_place(vendas: ScopeDTO.Read) -> None:
    """Only the name changes."""
    renamed = await ScopeDAO.rename(vendas.id, ScopeDTO.Rename(name="Lojas"))

    assert renamed == vendas.model_copy(update={"name": "Lojas"})
