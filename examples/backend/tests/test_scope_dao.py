"""Tests for ScopeDAO."""

from typing import Any

import pytest

from src.domain.dal.dao.exception import DAOException
from src.domain.dal.dao.scope import ScopeDAO
from src.domain.dto.scope import ScopeDTO, ScopeType
from tests.fakes import FakeConnection, FakeRecord, db_error

MATRIZ: dict[str, Any] = {"id": 1, "name": "Matriz", "type": "organization", "parent_id": None}
VENDAS: dict[str, Any] = {"id": 2, "name": "Vendas", "type": "department", "parent_id": 1}
CREATE = ScopeDTO.Create(name="Vendas", type=ScopeType.DEPARTMENT, parent_id=1)


@pytest.mark.asyncio
async def test_create_returns_scope_as_stored() -> None:
    """The stored row is returned, with its generated ID."""
    conn = FakeConnection()
    conn.on(
        """
        INSERT INTO scopes (name, type, parent_id) VALUES ($1, $2, $3)
        RETURNING id, name, type, parent_id
        """,
        "Vendas",
        "department",
        1,
    ).row(VENDAS)

    scope = await ScopeDAO.create.__wrapped__(conn, CREATE)

    assert scope == ScopeDTO.Read(id=2, name="Vendas", type=ScopeType.DEPARTMENT, parent_id=1)


@pytest.mark.asyncio
async def test_create_root_inserts_null_parent() -> None:
    """The parent of an organization is NULL."""
    conn = FakeConnection()
    conn.fetch_row_return = FakeRecord(MATRIZ)

    await ScopeDAO.create.__wrapped__(
        conn, ScopeDTO.Create(name="Matriz", type=ScopeType.ORGANIZATION)
    )

    assert conn.fetch_calls[0][1] == ["Matriz", "organization", None]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("error", "status_code", "reason"),
    [
        pytest.param(
            db_error("23505", constraint="scopes_name_key"),
            409,
            "registro duplicado (scopes_name_key)",
            id="name taken below the same parent",
        ),
        pytest.param(
            db_error("23503", constraint="scopes_parent_id_fkey", table="scopes"),
            422,
            "referência inválida (scopes_parent_id_fkey)",
            id="no such parent",
        ),
        pytest.param(
            db_error("23514", constraint="scopes_type_check", table="scopes"),
            422,
            "valor não permitido (scopes_type_check)",
            id="no such type",
        ),
    ],
)
async def test_create_refused_by_constraint(
    error: Exception, status_code: int, reason: str
) -> None:
    """Each constraint has its own status and message."""
    conn = FakeConnection()
    conn.on("INSERT INTO scopes ...").raises(error)

    with pytest.raises(DAOException) as exc:
        await ScopeDAO.create.__wrapped__(conn, CREATE)

    assert (exc.value.status_code, exc.value.detail) == (
        status_code,
        f"Erro ao criar escopo: {reason}",
    )


@pytest.mark.asyncio
async def test_fetch_by_id_reads_type_from_text() -> None:
    """Text from the database is converted to the enum."""
    conn = FakeConnection()
    conn.on("SELECT id, name, type, parent_id FROM scopes WHERE id = $1", 1).row(MATRIZ)

    scope = await ScopeDAO.fetch_by_id.__wrapped__(conn, 1)

    assert scope.type is ScopeType.ORGANIZATION


@pytest.mark.asyncio
async def test_fetch_all_without_type_sends_null() -> None:
    """Without a type, the parameter is NULL."""
    conn = FakeConnection()
    conn.on("... WHERE $1::text IS NULL OR type = $1 ORDER BY name, id", None).rows(MATRIZ, VENDAS)

    scopes = await ScopeDAO.fetch_all.__wrapped__(conn)

    assert [scope.name for scope in scopes] == ["Matriz", "Vendas"]


@pytest.mark.asyncio
async def test_fetch_all_of_one_type_sends_it() -> None:
    """The enum is sent as text."""
    conn = FakeConnection()
    conn.fetch_return = [VENDAS]

    await ScopeDAO.fetch_all.__wrapped__(conn, ScopeType.DEPARTMENT)

    assert conn.fetch_calls[0][1] == ["department"]


@pytest.mark.asyncio
async def test_list_below_descends_the_tree() -> None:
    """The recursion goes from parent to child and counts the depth."""
    conn = FakeConnection()
    conn.on(
        """
        WITH RECURSIVE below AS (
            SELECT id, name, type, parent_id, 1 AS depth FROM scopes WHERE parent_id = $1
            UNION ALL
            SELECT s.id, s.name, s.type, s.parent_id, below.depth + 1
            FROM scopes s JOIN below ON s.parent_id = below.id
        ) ...
        """,
        1,
    ).rows(
        {**VENDAS, "depth": 1},
        {"id": 3, "name": "Site", "type": "project", "parent_id": 2, "depth": 2},
    )

    nodes = await ScopeDAO.list_below.__wrapped__(conn, 1)

    assert [(node.name, node.depth) for node in nodes] == [("Vendas", 1), ("Site", 2)]


@pytest.mark.asyncio
async def test_list_below_leaf_is_empty() -> None:
    """A scope without children gets an empty list."""
    conn = FakeConnection()
    conn.on("WITH RECURSIVE below ... ORDER BY depth, name", 3).rows()

    assert await ScopeDAO.list_below.__wrapped__(conn, 3) == []


@pytest.mark.asyncio
async def test_rename_returns_scope_as_stored() -> None:
    """Only the name changes."""
    conn = FakeConnection()
    conn.on(
        "UPDATE scopes SET name = $2 WHERE id = $1 RETURNING id, name, type, parent_id", 2, "Lojas"
    ).row(id=2, name="Lojas", type="department", parent_id=1)

    scope = await ScopeDAO.rename.__wrapped__(conn, 2, ScopeDTO.Rename(name="Lojas"))

    assert scope.name == "Lojas"


@pytest.mark.asyncio
async def test_rename_to_taken_name_maps_to_409() -> None:
    """Renaming can violate the unique constraint too."""
    conn = FakeConnection()
    conn.on("UPDATE scopes ...").raises(db_error("23505", constraint="scopes_name_key"))

    with pytest.raises(DAOException) as exc:
        await ScopeDAO.rename.__wrapped__(conn, 2, ScopeDTO.Rename(name="Compras"))

    assert exc.value.detail == "Erro ao renomear escopo: registro duplicado (scopes_name_key)"


@pytest.mark.asyncio
async def test_delete_names_one_scope() -> None:
    """The id is the only parameter."""
    conn = FakeConnection()
    conn.fetch_val_return = 2

    await ScopeDAO.delete.__wrapped__(conn, 2)

    assert conn.fetch_val_calls == [("DELETE FROM scopes WHERE id = $1 RETURNING id", [2])]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("constraint", "table"),
    [
        pytest.param("scopes_parent_id_fkey", "scopes", id="scopes below it"),
        pytest.param("assignments_scope_id_fkey", "assignments", id="roles in it"),
    ],
)
async def test_delete_of_scope_in_use_maps_to_409(constraint: str, table: str) -> None:
    """The foreign key error tells what the scope still contains."""
    conn = FakeConnection()
    in_use = db_error(
        "23503",
        'update or delete on table "scopes" violates foreign key constraint'
        f' "{constraint}" on table "{table}"',
        constraint=constraint,
    )
    conn.on("DELETE FROM scopes ...", 2).raises(in_use)

    with pytest.raises(DAOException) as exc:
        await ScopeDAO.delete.__wrapped__(conn, 2)

    assert (exc.value.status_code, exc.value.detail) == (
        409,
        f"Erro ao excluir escopo: registro em uso ({constraint})",
    )


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("method", "arguments", "detail"),
    [
        ("fetch_by_id", [404], "Erro ao buscar escopo: registro não encontrado"),
        (
            "rename",
            [404, ScopeDTO.Rename(name="Lojas")],
            "Erro ao renomear escopo: registro não encontrado",
        ),
        ("delete", [404], "Erro ao excluir escopo: registro não encontrado"),
    ],
)
async def test_no_row_maps_to_404(method: str, arguments: list[Any], detail: str) -> None:
    """An unknown scope is a 404."""
    conn = FakeConnection()
    conn.on("...").rows()

    with pytest.raises(DAOException) as exc:
        await getattr(ScopeDAO, method).__wrapped__(conn, *arguments)

    assert (exc.value.status_code, exc.value.detail) == (404, detail)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("method", "arguments", "failure"),
    [
        ("create", [CREATE], "Erro ao criar escopo"),
        ("fetch_by_id", [1], "Erro ao buscar escopo"),
        ("fetch_all", [], "Erro ao listar escopos"),
        ("list_below", [1], "Erro ao listar escopos subordinados"),
        ("rename", [2, ScopeDTO.Rename(name="Lojas")], "Erro ao renomear escopo"),
        ("delete", [2], "Erro ao excluir escopo"),
    ],
)
async def test_driver_error_begins_with_what_failed(
    method: str, arguments: list[Any], failure: str
) -> None:
    """Each method has its own error message."""
    conn = FakeConnection()
    conn.on("...").raises(db_error("42501", "permission denied for table scopes"))

    with pytest.raises(DAOException) as exc:
        await getattr(ScopeDAO, method).__wrapped__(conn, *arguments)

    assert (exc.value.status_code, exc.value.detail) == (500, f"{failure}: falha no banco de dados")
