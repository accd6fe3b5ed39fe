"""Fixtures for a real database, which Understudy's ``real_postgres`` resets after each test."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from src.config.settings import Settings
from src.domain.dal import DAL
from src.domain.dal.dao.permission import PermissionDAO
from src.domain.dal.dao.role import RoleDAO
from src.domain.dal.dao.scope import ScopeDAO
from src.domain.dal.dao.user import UserDAO
from src.domain.dto.permission import PermissionDTO
from src.domain.dto.role import RoleDTO
from src.domain.dto.scope import ScopeDTO, ScopeType
from src.domain.dto.user import UserDTO


@pytest.fixture
def settings(real_postgres: Any) -> Settings:
    """The settings of an application on this test's database."""
    return Settings(database_url=real_postgres.dsn, pool_size=2, _env_file=None)


@pytest_asyncio.fixture
async def database(settings: Settings) -> AsyncIterator[None]:
    """Point the DAL at this test's database."""
    async with DAL.pool(settings):
        yield


@pytest_asyncio.fixture
async def ana(database: None) -> UserDTO.Read:
    """A stored user."""
    await UserDAO.create(UserDTO.Create(name="Ana Lima", email="ana@example.com"))
    return await UserDAO.fetch_by_email("ana@example.com")


@pytest_asyncio.fixture
async def bia(ana: UserDTO.Read) -> UserDTO.Read:
    """Another user, whom nothing that concerns Ana may touch."""
    await UserDAO.create(UserDTO.Create(name="Bia Souza", email="bia@example.com"))
    return await UserDAO.fetch_by_email("bia@example.com")


@pytest_asyncio.fixture
async def gestor(database: None) -> RoleDTO.Read:
    """A role that may read users."""
    role = await RoleDAO.create(RoleDTO.Create(name="Gestor"))
    permission = await PermissionDAO.create(PermissionDTO.Create(code="users:read"))
    await RoleDAO.grant(role.id, permission.id)
    return role


@pytest_asyncio.fixture
async def auditor(gestor: RoleDTO.Read) -> RoleDTO.Read:
    """Another role, with the permission of the first and one of its own."""
    role = await RoleDAO.create(RoleDTO.Create(name="Auditor", description="Lê tudo"))
    permission = await PermissionDAO.create(PermissionDTO.Create(code="audit:read"))
    (shared,) = await RoleDAO.list_permissions(gestor.id)
    await RoleDAO.grant(role.id, shared.id)
    await RoleDAO.grant(role.id, permission.id)
    return role


@pytest_asyncio.fixture
async def matriz(database: None) -> ScopeDTO.Read:
    """An organization."""
    return await ScopeDAO.create(ScopeDTO.Create(name="Matriz", type=ScopeType.ORGANIZATION))


@pytest_asyncio.fixture
async def vendas(matriz: ScopeDTO.Read) -> ScopeDTO.Read:
    """A department of it."""
    return await ScopeDAO.create(
        ScopeDTO.Create(name="Vendas", type=ScopeType.DEPARTMENT, parent_id=matriz.id)
    )


@pytest_asyncio.fixture
async def filial(vendas: ScopeDTO.Read) -> ScopeDTO.Read:
    """Another organization, the third scope."""
    return await ScopeDAO.create(ScopeDTO.Create(name="Filial", type=ScopeType.ORGANIZATION))


@pytest_asyncio.fixture
async def assigned(
    ana: UserDTO.Read,
    bia: UserDTO.Read,
    gestor: RoleDTO.Read,
    auditor: RoleDTO.Read,
    matriz: ScopeDTO.Read,
    filial: ScopeDTO.Read,
) -> UserDTO.Assign:
    """Bia is Gestor in Filial, by three different IDs; others differ in one of them, or two."""
    dto = UserDTO.Assign(user_id=bia.id, role_id=gestor.id)
    other_user = dto.model_copy(update={"user_id": ana.id})
    other_role = dto.model_copy(update={"role_id": auditor.id})
    for scope, assignment in (
        *((filial, dto), (filial, other_user), (filial, other_role)),
        *((matriz, dto), (matriz, other_role)),
    ):
        await UserDAO.assign(scope.id, assignment)
    return dto
