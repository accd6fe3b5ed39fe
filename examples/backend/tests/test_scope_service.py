"""Tests for ScopeService: the tree stays valid."""

from typing import Any

import pytest

from src.domain.dal.dao.audit import AuditDAO
from src.domain.dal.dao.exception import DAOException
from src.domain.dal.dao.scope import ScopeDAO
from src.domain.dto.audit import AuditDTO
from src.domain.dto.scope import ScopeDTO, ScopeType
from src.domain.dto.user import UserDTO
from src.domain.service.audit import AuditService
from src.domain.service.scope import ScopeService
from tests.fakes import FakeConnection, dummy

MATRIZ = ScopeDTO.Read(id=1, name="Matriz", type=ScopeType.ORGANIZATION)
VENDAS = ScopeDTO.Read(id=3, name="Vendas", type=ScopeType.DEPARTMENT, parent_id=1)
SITE = ScopeDTO.Read(id=4, name="Site", type=ScopeType.PROJECT, parent_id=3)

pytestmark = pytest.mark.usefixtures("dal_conn")


@pytest.fixture
def audit_dao() -> Any:
    """A dummy of the audit DAO that accepts every entry."""
    log = dummy(AuditDAO)
    log.on("record").returns(None).optional()
    return log


@pytest.fixture
def scopes(audit_dao: Any) -> tuple[ScopeService, Any]:
    """The scope service and a dummy of its DAO."""
    dao = dummy(ScopeDAO)
    return ScopeService(dao, AuditService(audit_dao)), dao


def entry(action: str, entity_id: int, **details: Any) -> AuditDTO.Create:
    """Return the expected audit entry for a change of a scope by ``actor``."""
    return AuditDTO.Create(
        actor="admin@example.com",
        action=action,
        entity="scope",
        entity_id=entity_id,
        details=details,
    )


@pytest.mark.asyncio
async def test_scope_get_all_passes_type_on(scopes: tuple[ScopeService, Any]) -> None:
    """The filter is passed to the DAO; it is None by default."""
    service, dao = scopes
    dao.on("fetch_all", ScopeType.DEPARTMENT).returns([VENDAS])
    dao.on("fetch_all", None).returns([MATRIZ, VENDAS])

    assert await service.get_all(ScopeType.DEPARTMENT) == [VENDAS]
    assert await service.get_all() == [MATRIZ, VENDAS]


@pytest.mark.asyncio
async def test_scope_get_returns_scope(scopes: tuple[ScopeService, Any]) -> None:
    """It returns one scope by ID."""
    service, dao = scopes
    dao.on("fetch_by_id", 1).returns(MATRIZ)

    assert await service.get(1) is MATRIZ


@pytest.mark.asyncio
async def test_scope_list_below_of_unknown_scope(scopes: tuple[ScopeService, Any]) -> None:
    """An unknown scope is a 404, and its descendants are not queried."""
    service, dao = scopes
    dao.on("fetch_by_id", 404).raises(DAOException(404, "Erro ao buscar escopo"))

    with pytest.raises(DAOException):
        await service.list_below(404)

    dao.assert_called("list_below", times=0)


@pytest.mark.asyncio
async def test_scope_list_below_of_known_scope(scopes: tuple[ScopeService, Any]) -> None:
    """The order of the DAO is kept."""
    service, dao = scopes
    node = ScopeDTO.Node(**VENDAS.model_dump(), depth=1)
    dao.on("fetch_by_id", 1).returns(MATRIZ)
    dao.on("list_below", 1).returns([node])

    assert await service.list_below(1) == [node]


@pytest.mark.asyncio
async def test_scope_create_root_asks_for_no_parent(
    scopes: tuple[ScopeService, Any], actor: UserDTO.Read
) -> None:
    """An organization has no parent."""
    service, dao = scopes
    dto = ScopeDTO.Create(name="Matriz", type=ScopeType.ORGANIZATION)
    dao.on("create", dto).returns(MATRIZ)

    await service.create(dto, actor)

    dao.assert_called("fetch_by_id", times=0)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("scope_type", "parent"),
    [
        pytest.param(ScopeType.DEPARTMENT, MATRIZ, id="department in organization"),
        pytest.param(ScopeType.PROJECT, MATRIZ, id="project in organization"),
        pytest.param(ScopeType.PROJECT, VENDAS, id="project in department"),
    ],
)
async def test_scope_create_below_fitting_parent(
    scopes: tuple[ScopeService, Any],
    audit_dao: Any,
    actor: UserDTO.Read,
    scope_type: ScopeType,
    parent: ScopeDTO.Read,
) -> None:
    """The three valid combinations are created and audited."""
    service, dao = scopes
    dao.on("fetch_by_id", parent.id).returns(parent)
    dao.on("create").returns(SITE)

    await service.create(ScopeDTO.Create(name="Site", type=scope_type, parent_id=parent.id), actor)

    audit_dao.assert_called("record", entry("create", 4), times=1)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("scope_type", "parent", "detail"),
    [
        (ScopeType.DEPARTMENT, VENDAS, "department não cabe em department"),
        (ScopeType.DEPARTMENT, SITE, "department não cabe em project"),
        (ScopeType.PROJECT, SITE, "project não cabe em project"),
    ],
)
async def test_scope_create_below_unfitting_parent(
    scopes: tuple[ScopeService, Any],
    audit_dao: Any,
    actor: UserDTO.Read,
    scope_type: ScopeType,
    parent: ScopeDTO.Read,
    detail: str,
) -> None:
    """The three invalid combinations are a 422, and nothing is written."""
    service, dao = scopes
    dao.on("fetch_by_id", parent.id).returns(parent)

    with pytest.raises(DAOException) as exc:
        await service.create(
            ScopeDTO.Create(name="Novo", type=scope_type, parent_id=parent.id), actor
        )

    assert (exc.value.status_code, exc.value.detail) == (422, f"Erro ao criar escopo: {detail}")
    audit_dao.assert_called("record", times=0)


@pytest.mark.asyncio
async def test_scope_create_checks_parent_in_the_same_transaction(
    audit_dao: Any, actor: UserDTO.Read, dal_conn: FakeConnection
) -> None:
    """With the real DAO, one transaction reads the parent and writes the scope."""
    dal_conn.on("SELECT id, name, type, parent_id FROM scopes WHERE id = $1", 1).row(
        id=1, name="Matriz", type="organization", parent_id=None
    )
    dal_conn.on("INSERT INTO scopes ...", "Vendas", "department", 1).row(
        id=3, name="Vendas", type="department", parent_id=1
    )

    await ScopeService(audit=AuditService(audit_dao)).create(
        ScopeDTO.Create(name="Vendas", type=ScopeType.DEPARTMENT, parent_id=1), actor
    )

    assert len(dal_conn.transactions[0].calls) == 2


@pytest.mark.asyncio
async def test_scope_rename_is_recorded_with_new_name(
    scopes: tuple[ScopeService, Any], audit_dao: Any, actor: UserDTO.Read
) -> None:
    """The audit entry contains the new name."""
    service, dao = scopes
    dao.on("rename").returns(VENDAS)

    await service.rename(3, ScopeDTO.Rename(name="Vendas"), actor)

    audit_dao.assert_called("record", entry("rename", 3, name="Vendas"), times=1)


@pytest.mark.asyncio
async def test_scope_delete_is_recorded(
    scopes: tuple[ScopeService, Any], audit_dao: Any, actor: UserDTO.Read
) -> None:
    """The deletion is audited."""
    service, dao = scopes
    dao.on("delete", 3).returns(None)

    await service.delete(3, actor)

    audit_dao.assert_called("record", entry("delete", 3), times=1)
