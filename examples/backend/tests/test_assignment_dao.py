"""Tests for role assignments in UserDAO."""

from datetime import datetime
from typing import Any

import pytest

from src.domain.dal import DAL
from src.domain.dal.dao.exception import DAOException
from src.domain.dal.dao.user import UserDAO
from src.domain.dto.scope import ScopeType
from src.domain.dto.user import UserDTO
from tests.fakes import FakeConnection, db_error

NOW = datetime(2026, 1, 2, 3, 4, 5)
DTO = UserDTO.Assign(user_id=1, role_id=2)


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """The calls of ``_verify_scope``, which accepts everything."""
    asked: list[tuple[int, str]] = []

    async def fake_verify_scope(id_: int, scope_type: str) -> None:
        asked.append((id_, scope_type))

    monkeypatch.setattr(UserDAO, "_verify_scope", fake_verify_scope)
    return asked


@pytest.mark.asyncio
async def test_assign_with_dal_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """The decorated method, with a fake connection and without the scope check."""
    conn = FakeConnection()

    async def fake_get_connection(cls: type[DAL]) -> FakeConnection:
        return conn

    async def fake_verify_scope(id_: int, scope_type: str) -> None:
        return None

    monkeypatch.setattr(DAL, "_DAL__get_connection", classmethod(fake_get_connection))
    monkeypatch.setattr(UserDAO, "_verify_scope", fake_verify_scope)

    await UserDAO.assign(10, DTO)

    assert conn.execute_calls == [
        ("INSERT INTO assignments (user_id, role_id, scope_id) VALUES ($1, $2, $3)", [1, 2, 10])
    ]


@pytest.mark.asyncio
async def test_assign_verifies_scope_of_the_type_wanted(verified: list[tuple[int, str]]) -> None:
    """The scope ID and the type of the DTO are verified."""
    conn = FakeConnection()
    dto = UserDTO.Assign(user_id=1, role_id=2, scope_type=ScopeType.PROJECT)

    await UserDAO.assign.__wrapped__(conn, 10, dto)

    assert verified == [(10, "project")]


@pytest.mark.asyncio
async def test_assign_shares_its_connection_with_the_check(dal_conn: FakeConnection) -> None:
    """The check uses the task's connection, so a full pool cannot deadlock."""
    dal_conn.on("SELECT type FROM scopes WHERE id = $1", 10).value("organization")
    dal_conn.on("INSERT INTO assignments ...", 1, 2, 10).tag("INSERT 0 1")

    await UserDAO.assign(10, DTO)

    assert [call.method for call in dal_conn.calls] == ["fetch_val", "execute"]


@pytest.mark.asyncio
async def test_assign_in_scope_of_other_type_writes_nothing(dal_conn: FakeConnection) -> None:
    """A scope of the wrong type is a 422, and nothing is written."""
    dal_conn.on("SELECT type FROM scopes WHERE id = $1", 10).value("department")

    with pytest.raises(DAOException) as exc:
        await UserDAO.assign(10, DTO)

    assert (exc.value.status_code, exc.value.detail) == (
        422,
        "Erro ao verificar escopo: esperado organization, encontrado department",
    )
    assert dal_conn.execute_calls == []


@pytest.mark.asyncio
async def test_assign_in_unknown_scope_maps_to_404(dal_conn: FakeConnection) -> None:
    """The error message is the one of the scope check."""
    dal_conn.on("SELECT type FROM scopes WHERE id = $1", 10).rows()

    with pytest.raises(DAOException) as exc:
        await UserDAO.assign(10, DTO)

    assert (exc.value.status_code, exc.value.detail) == (
        404,
        "Erro ao verificar escopo: registro não encontrado",
    )


@pytest.mark.asyncio
async def test_assign_twice_maps_to_409(verified: list[tuple[int, str]]) -> None:
    """A role that the user already has in the scope is a conflict."""
    conn = FakeConnection()
    conn.on("INSERT INTO assignments ...").raises(db_error("23505", constraint="assignments_pkey"))

    with pytest.raises(DAOException) as exc:
        await UserDAO.assign.__wrapped__(conn, 10, DTO)

    assert (exc.value.status_code, exc.value.detail) == (
        409,
        "Erro ao atribuir papel: registro duplicado (assignments_pkey)",
    )


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "constraint",
    [
        pytest.param("assignments_user_id_fkey", id="unknown user"),
        pytest.param("assignments_role_id_fkey", id="unknown role"),
        pytest.param("assignments_scope_id_fkey", id="scope removed meanwhile"),
    ],
)
async def test_assign_to_nobody_maps_to_422(
    verified: list[tuple[int, str]], constraint: str
) -> None:
    """The constraint tells which of the three does not exist."""
    conn = FakeConnection()
    refusal = db_error("23503", constraint=constraint, table="assignments")
    conn.on("INSERT INTO assignments ...").raises(refusal)

    with pytest.raises(DAOException) as exc:
        await UserDAO.assign.__wrapped__(conn, 10, DTO)

    assert (exc.value.status_code, exc.value.detail) == (
        422,
        f"Erro ao atribuir papel: referência inválida ({constraint})",
    )


@pytest.mark.asyncio
async def test_assign_driver_error_maps_to_500(verified: list[tuple[int, str]]) -> None:
    """An unknown error is a 500 with the method's error message."""
    conn = FakeConnection()
    conn.execute_return = db_error("42501", "permission denied for table assignments")

    with pytest.raises(DAOException) as exc:
        await UserDAO.assign.__wrapped__(conn, 10, DTO)

    assert exc.value.detail == "Erro ao atribuir papel: falha no banco de dados"


@pytest.mark.asyncio
async def test_verify_scope_accepts_the_type_it_finds(dal_conn: FakeConnection) -> None:
    """Text from the database is equal to the enum."""
    dal_conn.fetch_val_return = "project"

    await UserDAO._verify_scope(10, ScopeType.PROJECT)

    assert dal_conn.fetch_val_calls == [("SELECT type FROM scopes WHERE id = $1", [10])]


@pytest.mark.asyncio
async def test_unassign_names_user_role_and_scope() -> None:
    """The DELETE names user, role and scope."""
    conn = FakeConnection()
    conn.on(
        """
        DELETE FROM assignments
        WHERE user_id = $1 AND role_id = $2 AND scope_id = $3
        RETURNING user_id
        """,
        1,
        2,
        10,
    ).row(user_id=1)

    await UserDAO.unassign.__wrapped__(conn, 10, DTO)

    assert [call.method for call in conn.calls] == ["fetch_val"]


@pytest.mark.asyncio
async def test_list_assignments_names_roles_and_scopes() -> None:
    """Assignments contain names and IDs."""
    row: dict[str, Any] = {
        "role_id": 2,
        "role_name": "Gestor",
        "scope_id": 10,
        "scope_name": "Matriz",
        "created_at": NOW,
    }
    conn = FakeConnection()
    conn.on(
        "SELECT a.role_id, r.name AS role_name, a.scope_id, s.name AS scope_name, a.created_at ...",
        1,
    ).rows(row)

    assignments = await UserDAO.list_assignments.__wrapped__(conn, 1)

    assert assignments == [UserDTO.Assignment(**row)]


@pytest.mark.asyncio
async def test_list_assignments_joins_by_the_right_keys() -> None:
    """Each table is joined by its ID, and the rows are those of the user."""
    conn = FakeConnection()
    conn.fetch_return = []

    await UserDAO.list_assignments.__wrapped__(conn, 1)

    conn.assert_called(
        """
        ... FROM assignments a
        JOIN roles r ON r.id = a.role_id
        JOIN scopes s ON s.id = a.scope_id
        WHERE a.user_id = $1 ...
        """,
        1,
        times=1,
    )


@pytest.mark.asyncio
async def test_list_assignments_of_user_without_roles_is_empty() -> None:
    """A user without roles gets an empty list."""
    conn = FakeConnection()
    conn.on("... FROM assignments a ...").rows()

    assert await UserDAO.list_assignments.__wrapped__(conn, 1) == []


@pytest.mark.asyncio
async def test_list_permissions_returns_codes() -> None:
    """It returns the codes as strings."""
    conn = FakeConnection()
    conn.on("WITH RECURSIVE above ...", 1, 10).rows({"code": "users:read"}, {"code": "users:write"})

    assert await UserDAO.list_permissions.__wrapped__(conn, 1, 10) == ["users:read", "users:write"]


@pytest.mark.asyncio
async def test_list_permissions_climbs_the_tree() -> None:
    """Roles of ancestor scopes apply: the recursion goes from child to parent."""
    conn = FakeConnection()
    conn.fetch_return = []

    await UserDAO.list_permissions.__wrapped__(conn, 1, 10)

    conn.assert_called(
        """
        ... SELECT id, parent_id FROM scopes WHERE id = $2
        UNION
        SELECT s.id, s.parent_id FROM scopes s JOIN above ON s.id = above.parent_id ...
        """,
        1,
        10,
        times=1,
    )


@pytest.mark.asyncio
async def test_list_permissions_names_each_code_once() -> None:
    """A permission that comes from two roles is listed once."""
    conn = FakeConnection()
    conn.fetch_return = []

    await UserDAO.list_permissions.__wrapped__(conn, 1, 10)

    conn.assert_called("... SELECT DISTINCT p.code FROM assignments a ... ORDER BY p.code", times=1)
