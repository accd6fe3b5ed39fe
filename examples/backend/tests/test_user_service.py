"""Tests for UserService: reads."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

import pytest

from src.domain.adapter.exception import AdapterException
from src.domain.adapter.user import UserAdapter
from src.domain.dal.dao.audit import AuditDAO
from src.domain.dal.dao.exception import DAOException
from src.domain.dal.dao.user import UserDAO
from src.domain.dto.page import Page
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


class DummyUserAdapter:
    """A hand-written fake adapter, to compare with ``dummy(UserAdapter)``."""

    def __init__(self, users: Sequence[UserDTO.Read]) -> None:
        self.users = users
        self.called = False

    async def get_users_by_permission(
        self, _permission_id: str, _auth_header: str, _permission_scope: str
    ) -> Sequence[UserDTO.Read]:
        """Return the given users and record the call."""
        self.called = True
        return self.users


class DummyUserDAO:
    """A hand-written fake DAO, to compare with ``dummy(UserDAO)``."""

    def __init__(self) -> None:
        self.fetch_called = False

    async def fetch_all(self) -> list[UserDTO.Read]:
        """Return one user and record the call."""
        self.fetch_called = True
        return [UserDTO.Read(id=1, name="Test User", email="test@example.com")]


@pytest.mark.asyncio
async def test_service_coordinates_dao_and_adapter() -> None:
    """All users come from the DAO, without the identity service."""
    user_adapter, user_dao = DummyUserAdapter([]), DummyUserDAO()
    service = UserService(
        user_adapter=cast(UserAdapter, user_adapter), user_dao=cast(UserDAO, user_dao)
    )

    result = await service.get_all_users()

    assert user_dao.fetch_called
    assert not user_adapter.called
    assert isinstance(result[0], UserDTO.Read)


@pytest.mark.asyncio
async def test_get_all_works_on_the_class(dal_conn: FakeConnection) -> None:
    """``get_all`` works without an instance."""
    dal_conn.on("SELECT ... FROM users ORDER BY id").rows(
        {"id": 7, "name": "Ana", "email": "ana@example.com", "created_at": datetime(2026, 1, 1)}
    )

    users = await UserService.get_all()

    assert [user.name for user in users] == ["Ana"]


@pytest.mark.asyncio
async def test_service_uses_real_dao_by_default(adapter: Any, dal_conn: FakeConnection) -> None:
    """The DAO class can be used without an instance."""
    dal_conn.fetch_return = []

    assert await UserService(user_adapter=adapter).get_all_users() == []


@pytest.mark.asyncio
async def test_get_all_users_passes_error_on(service: UserService, dao: Any) -> None:
    """The DAO's error is passed on unchanged."""
    failure = DAOException(500, "Erro ao listar usuários: falha no banco de dados")
    dao.on("fetch_all").raises(failure)

    with pytest.raises(DAOException) as exc:
        await service.get_all_users()

    assert exc.value is failure


@pytest.mark.asyncio
async def test_get_users_by_permission_returns_users_known_here(
    service: UserService, adapter: Any, dao: Any
) -> None:
    """The IDs come from the identity service, the records from the database."""
    stranger = UserDTO.Read(id=8, name="Outra", email="outra@example.com")
    adapter.on("get_users_by_permission", "users:read", "Bearer abc", "matriz").returns(
        [ANA, stranger]
    )
    dao.on("fetch_by_ids", [7, 8]).returns([ANA])

    users = await service.get_users_by_permission("users:read", "Bearer abc", "matriz")

    assert users == [ANA]


@pytest.mark.asyncio
async def test_get_users_by_permission_of_nobody_asks_no_database(
    service: UserService, adapter: Any, dao: Any
) -> None:
    """Without IDs, no statement is sent."""
    adapter.on("get_users_by_permission").returns([])

    users = await service.get_users_by_permission("users:read", "Bearer abc", "matriz")

    assert users == []
    dao.assert_called("fetch_by_ids", times=0)


@pytest.mark.asyncio
async def test_get_users_by_permission_passes_refusal_on(
    service: UserService, adapter: Any
) -> None:
    """An error of the identity service is passed on."""
    adapter.on("get_users_by_permission").raises(AdapterException(403, "Erro de autorização"))

    with pytest.raises(AdapterException) as exc:
        await service.get_users_by_permission("users:read", "Bearer abc", "matriz")

    assert exc.value.status_code == 403


@pytest.mark.asyncio
async def test_search_passes_filter_on(service: UserService, dao: Any) -> None:
    """The filter and the page are passed on unchanged."""
    wanted = UserDTO.Filter(name="an", limit=5)
    page: Page[UserDTO.Read] = Page(items=[ANA], total=1, limit=5, offset=0)
    dao.on("search", wanted).returns(page)

    assert await service.search(wanted) is page


@pytest.mark.asyncio
async def test_count_names_status(service: UserService, dao: Any) -> None:
    """The result contains the status and the count."""
    dao.on("count_by_status", "pending").returns(3)

    count = await service.count(UserStatus.PENDING)

    assert count == UserDTO.Count(status=UserStatus.PENDING, count=3)


@pytest.mark.asyncio
async def test_get_returns_detail(service: UserService, dao: Any) -> None:
    """All fields are returned."""
    detail = UserDTO.Detail(
        id=7,
        name="Ana",
        email="ana@example.com",
        cpf="52998224725",
        status=UserStatus.APPROVED,
        updated_at=datetime(2026, 1, 1),
    )
    dao.on("fetch_detail", 7).returns(detail)

    assert await service.get(7) is detail


@pytest.mark.asyncio
async def test_list_assignments_of_known_user(service: UserService, dao: Any) -> None:
    """The user is fetched before the roles."""
    assignment = UserDTO.Assignment(
        role_id=2,
        role_name="Gestor",
        scope_id=10,
        scope_name="Matriz",
        created_at=datetime(2026, 1, 1),
    )
    dao.on("fetch_by_id", 7).returns(ANA)
    dao.on("list_assignments", 7).returns([assignment])

    assert await service.list_assignments(7) == [assignment]


@pytest.mark.asyncio
async def test_list_permissions_of_known_user(service: UserService, dao: Any) -> None:
    """The scope is passed to the DAO."""
    dao.on("fetch_by_id", 7).returns(ANA)
    dao.on("list_permissions", 7, 10).returns(["users:read"])

    assert await service.list_permissions(7, 10) == ["users:read"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("method", "arguments"), [("list_assignments", (404,)), ("list_permissions", (404, 10))]
)
async def test_list_of_unknown_user_is_not_found(
    service: UserService, dao: Any, method: str, arguments: tuple[int, ...]
) -> None:
    """An unknown user is a 404, and the list is not queried."""
    dao.on("fetch_by_id", 404).raises(DAOException(404, "Erro ao buscar usuário"))

    with pytest.raises(DAOException):
        await getattr(service, method)(*arguments)

    dao.assert_called(method, times=0)
