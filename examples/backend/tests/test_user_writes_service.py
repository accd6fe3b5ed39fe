"""Tests for UserService: writes and their audit entries."""

from datetime import datetime
from typing import Any

import pytest
from faker import Faker

from src.domain.adapter.user import UserAdapter
from src.domain.dal.dao.audit import AuditDAO
from src.domain.dal.dao.exception import DAOException
from src.domain.dal.dao.user import UserDAO
from src.domain.dto.audit import AuditDTO
from src.domain.dto.user import UserDTO, UserStatus
from src.domain.service.audit import AuditService
from src.domain.service.user import UserService
from tests.fakes import FakeConnection, dummy

ANA = UserDTO.Read(id=7, name="Ana", email="ana@example.com")
CREATE = UserDTO.Create(name="Ana", email="ana@example.com")
ASSIGN = UserDTO.Assign(user_id=7, role_id=2)


@pytest.fixture
def adapter() -> Any:
    """A dummy of the identity service's adapter."""
    return dummy(UserAdapter)


@pytest.fixture
def dao() -> Any:
    """A dummy of UserDAO."""
    return dummy(UserDAO)


@pytest.fixture
def audit_dao() -> Any:
    """A dummy of the audit DAO."""
    return dummy(AuditDAO)


@pytest.fixture
def service(adapter: Any, dao: Any, audit_dao: Any) -> UserService:
    """A service whose dependencies are dummies."""
    return UserService(user_adapter=adapter, user_dao=dao, audit=AuditService(audit_dao))


def entry(action: str, entity_id: int | None, **details: Any) -> AuditDTO.Create:
    """Return the expected audit entry for a change of a user by ``actor``."""
    return AuditDTO.Create(
        actor="admin@example.com",
        action=action,
        entity="user",
        entity_id=entity_id,
        details=details,
    )


@pytest.mark.asyncio
async def test_create_returns_user_as_stored(
    service: UserService,
    dao: Any,
    audit_dao: Any,
    dal_conn: FakeConnection,
    actor: UserDTO.Read,
) -> None:
    """The created user is fetched again, and the audit entry has its ID."""
    dao.on("create", CREATE).returns(None)
    dao.on("fetch_by_email", "ana@example.com").returns(ANA)
    audit_dao.on("record", entry("create", 7)).returns(None)

    assert await service.create(CREATE, actor) is ANA
    assert dal_conn.transactions[0].state == "committed"


@pytest.mark.asyncio
async def test_create_duplicate_is_not_recorded(
    service: UserService,
    dao: Any,
    audit_dao: Any,
    dal_conn: FakeConnection,
    actor: UserDTO.Read,
) -> None:
    """A failed write is not audited."""
    dao.on("create").raises(DAOException(409, "Erro ao criar usuário: registro duplicado"))

    with pytest.raises(DAOException):
        await service.create(CREATE, actor)

    audit_dao.assert_called("record", times=0)
    assert dal_conn.transactions[0].state == "rolled back"


@pytest.mark.asyncio
async def test_create_without_record_is_undone(
    service: UserService,
    dao: Any,
    audit_dao: Any,
    dal_conn: FakeConnection,
    actor: UserDTO.Read,
) -> None:
    """If the audit entry fails, the write is rolled back."""
    dao.on("create").returns(None)
    dao.on("fetch_by_email").returns(ANA)
    audit_dao.on("record").raises(DAOException(500, "Erro ao registrar auditoria"))

    with pytest.raises(DAOException, match="Erro ao registrar auditoria"):
        await service.create(CREATE, actor)

    assert dal_conn.transactions[0].state == "rolled back"


@pytest.mark.asyncio
async def test_create_runs_as_one_transaction_of_three_statements(
    adapter: Any, dal_conn: FakeConnection, actor: UserDTO.Read, faker: Faker
) -> None:
    """With the real DAOs, all statements run in one transaction."""
    dto = UserDTO.Create(name=faker.name(), email=faker.email())
    dal_conn.on("INSERT INTO users ...", dto.name, dto.email, None).tag("INSERT 0 1")
    dal_conn.on("SELECT ... FROM users WHERE email = lower($1)", dto.email).row(
        id=7, name=dto.name, email=dto.email, created_at=datetime(2026, 1, 1)
    )
    dal_conn.on("INSERT INTO audit_log ...", "admin@example.com", "create", "user", 7, {})

    await UserService(user_adapter=adapter).create(dto, actor)

    (transaction,) = dal_conn.transactions
    assert [call.method for call in transaction.calls] == ["execute", "fetch_row", "execute"]


@pytest.mark.asyncio
@pytest.mark.usefixtures("dal_conn")
async def test_sync_records_how_many(
    service: UserService, dao: Any, audit_dao: Any, actor: UserDTO.Read
) -> None:
    """One audit entry contains the number of users."""
    bia = UserDTO.Create(name="Bia", email="bia@example.com")
    dao.on("sync", [CREATE, bia]).returns(None)
    audit_dao.on("record", entry("sync", None, count=2)).returns(None)

    assert await service.sync(UserDTO.Sync(users=[CREATE, bia]), actor) == 2


@pytest.mark.asyncio
async def test_sync_joins_the_transaction_of_its_record(
    adapter: Any, dal_conn: FakeConnection, actor: UserDTO.Read
) -> None:
    """With the real DAOs, users and entry are written in one transaction."""
    await UserService(user_adapter=adapter).sync(UserDTO.Sync(users=[CREATE]), actor)

    (transaction,) = dal_conn.transactions
    assert [call.method for call in transaction.calls] == ["execute_many", "execute"]


@pytest.mark.asyncio
@pytest.mark.usefixtures("dal_conn")
async def test_update_records_names_of_fields_only(
    service: UserService, dao: Any, audit_dao: Any, actor: UserDTO.Read
) -> None:
    """The audit entry does not contain the CPF."""
    dto = UserDTO.Update(name="Ana", cpf="52998224725")
    dao.on("update", 7, dto).returns(ANA)
    audit_dao.on("record", entry("update", 7, fields=["cpf", "name"])).returns(None)

    assert await service.update(7, dto, actor) is ANA


@pytest.mark.asyncio
@pytest.mark.usefixtures("dal_conn")
async def test_change_status_records_new_status(
    service: UserService, dao: Any, audit_dao: Any, actor: UserDTO.Read
) -> None:
    """The audit entry contains the new status."""
    dao.on("change_status", 7, UserStatus.REJECTED).returns(None)
    audit_dao.on("record").returns(None)

    await service.change_status(7, UserStatus.REJECTED, actor)

    audit_dao.assert_called("record", entry("change_status", 7, status="rejected"), times=1)


@pytest.mark.asyncio
@pytest.mark.usefixtures("dal_conn")
@pytest.mark.parametrize("action", ["deactivate", "delete"])
async def test_write_is_recorded_under_its_name(
    service: UserService, dao: Any, audit_dao: Any, actor: UserDTO.Read, action: str
) -> None:
    """The audit entry has the action, the user and the actor."""
    dao.on(action, 7).returns(None)
    audit_dao.on("record", entry(action, 7)).returns(None)

    await getattr(service, action)(7, actor)

    dao.assert_called(action, 7, times=1)


@pytest.mark.asyncio
@pytest.mark.usefixtures("dal_conn")
@pytest.mark.parametrize("action", ["assign", "unassign"])
async def test_assignment_is_recorded_on_the_user(
    service: UserService, dao: Any, audit_dao: Any, actor: UserDTO.Read, action: str
) -> None:
    """Assigning and revoking are audited with role and scope."""
    dao.on(action, 10, ASSIGN).returns(None)
    audit_dao.on("record", entry(action, 7, role_id=2, scope_id=10)).returns(None)

    await getattr(service, action)(10, ASSIGN, actor)

    audit_dao.assert_called("record", times=1)


@pytest.mark.asyncio
@pytest.mark.usefixtures("dal_conn")
@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("update", (7, UserDTO.Update(name="Ana"))),
        ("change_status", (7, UserStatus.APPROVED)),
        ("deactivate", (7,)),
        ("delete", (7,)),
        ("assign", (10, ASSIGN)),
        ("unassign", (10, ASSIGN)),
    ],
)
async def test_failed_write_is_not_recorded(
    service: UserService,
    dao: Any,
    audit_dao: Any,
    actor: UserDTO.Read,
    method: str,
    arguments: tuple[Any, ...],
) -> None:
    """A failed write is not audited."""
    dao.on(method).raises(DAOException(404, "registro não encontrado"))

    with pytest.raises(DAOException):
        await getattr(service, method)(*arguments, actor)

    audit_dao.assert_called("record", times=0)
