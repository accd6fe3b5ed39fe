"""Tests for the services of roles and permissions."""

from typing import Any

import pytest

from src.domain.dal.dao.audit import AuditDAO
from src.domain.dal.dao.exception import DAOException
from src.domain.dal.dao.permission import PermissionDAO
from src.domain.dal.dao.role import RoleDAO
from src.domain.dto.audit import AuditDTO
from src.domain.dto.permission import PermissionDTO
from src.domain.dto.role import RoleDTO
from src.domain.dto.user import UserDTO
from src.domain.service.audit import AuditService
from src.domain.service.permission import PermissionService
from src.domain.service.role import RoleService
from src.domain.service.scope import ScopeService
from tests.fakes import FakeConnection, dummy

GESTOR = RoleDTO.Read(id=2, name="Gestor", description="")
WRITE = PermissionDTO.Read(id=5, code="users:write", description="")

pytestmark = pytest.mark.usefixtures("dal_conn")


@pytest.fixture
def audit_dao() -> Any:
    """A dummy of the audit DAO that accepts every entry."""
    log = dummy(AuditDAO)
    log.on("record").returns(None).optional()
    return log


@pytest.fixture
def roles(audit_dao: Any) -> tuple[RoleService, Any]:
    """The role service and a dummy of its DAO."""
    dao = dummy(RoleDAO)
    return RoleService(dao, AuditService(audit_dao)), dao


@pytest.fixture
def permissions(audit_dao: Any) -> tuple[PermissionService, Any]:
    """The permission service and a dummy of its DAO."""
    dao = dummy(PermissionDAO)
    return PermissionService(dao, AuditService(audit_dao)), dao


def entry(action: str, entity: str, entity_id: int, **details: Any) -> AuditDTO.Create:
    """Return the expected audit entry for a change by ``actor``."""
    return AuditDTO.Create(
        actor="admin@example.com",
        action=action,
        entity=entity,
        entity_id=entity_id,
        details=details,
    )


@pytest.mark.asyncio
async def test_role_get_all_returns_roles(roles: tuple[RoleService, Any]) -> None:
    """It returns the roles of the DAO."""
    service, dao = roles
    dao.on("fetch_all").returns([GESTOR])

    assert await service.get_all() == [GESTOR]


@pytest.mark.asyncio
async def test_role_get_returns_role(roles: tuple[RoleService, Any]) -> None:
    """It returns one role by ID."""
    service, dao = roles
    dao.on("fetch_by_id", 2).returns(GESTOR)

    assert await service.get(2) is GESTOR


@pytest.mark.asyncio
async def test_role_create_is_recorded_with_its_id(
    roles: tuple[RoleService, Any], audit_dao: Any, actor: UserDTO.Read
) -> None:
    """The audit entry contains the generated ID."""
    service, dao = roles
    dao.on("create", RoleDTO.Create(name="Gestor")).returns(GESTOR)

    await service.create(RoleDTO.Create(name="Gestor"), actor)

    audit_dao.assert_called("record", entry("create", "role", 2), times=1)


@pytest.mark.asyncio
async def test_role_update_is_recorded_with_its_changes(
    roles: tuple[RoleService, Any], audit_dao: Any, actor: UserDTO.Read
) -> None:
    """The audit entry contains the new values."""
    service, dao = roles
    dao.on("update").returns(GESTOR)

    await service.update(2, RoleDTO.Update(name="Gestor"), actor)

    audit_dao.assert_called("record", entry("update", "role", 2, name="Gestor"), times=1)


@pytest.mark.asyncio
async def test_role_delete_of_unused_role(
    roles: tuple[RoleService, Any], audit_dao: Any, actor: UserDTO.Read
) -> None:
    """A role without assignments is deleted and audited."""
    service, dao = roles
    dao.on("count_members", 2).returns(0)
    dao.on("delete", 2).returns(None)

    await service.delete(2, actor)

    audit_dao.assert_called("record", entry("delete", "role", 2), times=1)


@pytest.mark.asyncio
async def test_role_delete_of_used_role_says_how_many_have_it(
    roles: tuple[RoleService, Any], audit_dao: Any, actor: UserDTO.Read
) -> None:
    """An assigned role is a 409 with the number of users, without any write."""
    service, dao = roles
    dao.on("count_members", 2).returns(3)

    with pytest.raises(DAOException) as exc:
        await service.delete(2, actor)

    assert (exc.value.status_code, exc.value.detail) == (
        409,
        "Erro ao excluir papel: 3 usuário(s) o possuem",
    )
    dao.assert_called("delete", times=0)
    audit_dao.assert_called("record", times=0)


@pytest.mark.asyncio
async def test_role_list_permissions_of_known_role(roles: tuple[RoleService, Any]) -> None:
    """The role is fetched before its permissions."""
    service, dao = roles
    dao.on("fetch_by_id", 2).returns(GESTOR)
    dao.on("list_permissions", 2).returns([WRITE])

    assert await service.list_permissions(2) == [WRITE]


@pytest.mark.asyncio
async def test_role_list_permissions_of_unknown_role(roles: tuple[RoleService, Any]) -> None:
    """An unknown role is a 404 instead of an empty list."""
    service, dao = roles
    dao.on("fetch_by_id").raises(DAOException(404, "Erro ao buscar papel"))

    with pytest.raises(DAOException):
        await service.list_permissions(404)

    dao.assert_called("list_permissions", times=0)


@pytest.mark.asyncio
@pytest.mark.parametrize("action", ["grant", "revoke"])
async def test_role_permission_change_is_recorded_on_the_role(
    roles: tuple[RoleService, Any], audit_dao: Any, actor: UserDTO.Read, action: str
) -> None:
    """Granting and revoking are audited with the permission."""
    service, dao = roles
    dao.on(action, 2, 5).returns(None)

    await getattr(service, action)(2, 5, actor)

    audit_dao.assert_called("record", entry(action, "role", 2, permission_id=5), times=1)


@pytest.mark.asyncio
async def test_permission_get_all_returns_permissions(
    permissions: tuple[PermissionService, Any],
) -> None:
    """It returns the permissions of the DAO."""
    service, dao = permissions
    dao.on("fetch_all").returns([WRITE])

    assert await service.get_all() == [WRITE]


@pytest.mark.asyncio
async def test_permission_get_passes_error_on(
    permissions: tuple[PermissionService, Any],
) -> None:
    """The DAO's error is passed on unchanged."""
    service, dao = permissions
    dao.on("fetch_by_id", 404).raises(DAOException(404, "Erro ao buscar permissão"))

    with pytest.raises(DAOException, match="Erro ao buscar permissão"):
        await service.get(404)


@pytest.mark.asyncio
async def test_permission_create_is_recorded_with_its_code(
    permissions: tuple[PermissionService, Any], audit_dao: Any, actor: UserDTO.Read
) -> None:
    """The audit entry contains the code."""
    service, dao = permissions
    dao.on("create").returns(WRITE)

    created = await service.create(PermissionDTO.Create(code="users:write"), actor)

    assert created is WRITE
    audit_dao.assert_called("record", entry("create", "permission", 5, code="users:write"))


@pytest.mark.asyncio
async def test_permission_delete_is_recorded(
    permissions: tuple[PermissionService, Any], audit_dao: Any, actor: UserDTO.Read
) -> None:
    """The deletion is audited."""
    service, dao = permissions
    dao.on("delete", 5).returns(None)

    await service.delete(5, actor)

    audit_dao.assert_called("record", entry("delete", "permission", 5), times=1)


@pytest.mark.asyncio
async def test_permission_list_roles_of_known_permission(
    permissions: tuple[PermissionService, Any],
) -> None:
    """The permission is fetched before its roles."""
    service, dao = permissions
    dao.on("fetch_by_id", 5).returns(WRITE)
    dao.on("list_roles", 5).returns([GESTOR])

    assert await service.list_roles(5) == [GESTOR]


@pytest.mark.asyncio
async def test_services_use_real_daos_by_default(dal_conn: FakeConnection) -> None:
    """Without arguments, each service uses its own DAO."""
    dal_conn.fetch_return = []

    await RoleService().get_all()
    await PermissionService().get_all()
    await ScopeService().get_all()

    tables = [call.sql.split(" FROM ")[1].split()[0] for call in dal_conn.calls]
    assert tables == ["roles", "permissions", "scopes"]
