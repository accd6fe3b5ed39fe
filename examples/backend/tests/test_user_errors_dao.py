"""Tests for the errors of UserDAO: status and message."""

from typing import Any

import pytest
from psqlpy.exceptions import Error as DriverError

from src.domain.dal.dao.exception import DAOException
from src.domain.dal.dao.user import UserDAO
from src.domain.dto.user import UserDTO
from tests.fakes import FakeConnection, db_error

CREATE = UserDTO.Create(name="Ana", email="ana@example.com", cpf="529.982.247-25")
UPDATE = UserDTO.Update(email="bia@example.com")
ASSIGN = UserDTO.Assign(user_id=7, role_id=2)


def failing_connection(error: Exception) -> FakeConnection:
    """Return a connection on which every method fails."""
    conn = FakeConnection()
    conn.execute_return = error
    conn.fetch_return = error
    conn.fetch_row_return = error
    conn.fetch_val_return = error
    return conn


@pytest.mark.asyncio
async def test_fetch_by_id_error_maps_to_500() -> None:
    """An unknown driver error is a 500."""
    conn = FakeConnection()

    async def broken_fetch_row(stmt: str, parameters: Any = None) -> None:
        raise DriverError("db fail")

    conn.fetch_row = broken_fetch_row  # type: ignore[method-assign, assignment]  # because the test replaces this one method

    with pytest.raises(DAOException) as exc:
        await UserDAO.fetch_by_id.__wrapped__(conn, 1)

    assert exc.value.status_code == 500
    assert exc.value.detail == "Erro ao buscar usuário: falha no banco de dados"


@pytest.mark.asyncio
async def test_fetch_by_id_raises_on_db_error() -> None:
    """Any other exception is a 500 too, and is the cause."""
    conn = FakeConnection()
    lost = Exception("Connection lost")
    conn.fetch_row_return = lost

    with pytest.raises(DAOException) as exc:
        await UserDAO.fetch_by_id.__wrapped__(conn, 1)

    assert (exc.value.status_code, exc.value.detail) == (
        500,
        "Erro ao buscar usuário: falha inesperada",
    )
    assert exc.value.__cause__ is lost


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("method", "arguments", "failure"),
    [
        ("create", [CREATE], "Erro ao criar usuário"),
        ("sync", [[CREATE]], "Erro ao sincronizar usuários"),
        ("fetch_by_email", ["ana@example.com"], "Erro ao buscar usuário por e-mail"),
        ("fetch_detail", [7], "Erro ao buscar detalhes do usuário"),
        ("fetch_all", [], "Erro ao listar usuários"),
        ("fetch_by_ids", [[7, 8]], "Erro ao buscar usuários por id"),
        ("search", [UserDTO.Filter()], "Erro ao pesquisar usuários"),
        ("count_by_status", ["pending"], "Erro ao contar usuários"),
        ("some_method", [7], "Erro ao buscar situação do usuário"),
        ("update", [7, UPDATE], "Erro ao atualizar usuário"),
        ("change_status", [7, "approved"], "Erro ao alterar situação do usuário"),
        ("deactivate", [7], "Erro ao desativar usuário"),
        ("delete", [7], "Erro ao excluir usuário"),
        ("_scope_type", [10], "Erro ao verificar escopo"),
        ("unassign", [10, ASSIGN], "Erro ao revogar papel"),
        ("list_assignments", [7], "Erro ao listar atribuições"),
        ("list_permissions", [7, 10], "Erro ao listar permissões do usuário"),
    ],
)
async def test_driver_error_begins_with_what_failed(
    method: str, arguments: list[Any], failure: str
) -> None:
    """Each method has its own error message, without the driver's message."""
    conn = failing_connection(db_error("42501", "permission denied for table users"))

    with pytest.raises(DAOException) as exc:
        await getattr(UserDAO, method).__wrapped__(conn, *arguments)

    assert (exc.value.status_code, exc.value.detail) == (500, f"{failure}: falha no banco de dados")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("constraint", "detail"),
    [
        ("users_email_key", "Erro ao criar usuário: registro duplicado (users_email_key)"),
        ("users_cpf_key", "Erro ao criar usuário: registro duplicado (users_cpf_key)"),
    ],
)
async def test_create_duplicate_maps_to_409(constraint: str, detail: str) -> None:
    """The message names the constraint of the email or the CPF."""
    conn = FakeConnection()
    conn.on("INSERT INTO users ...").raises(db_error("23505", constraint=constraint))

    with pytest.raises(DAOException) as exc:
        await UserDAO.create.__wrapped__(conn, CREATE)

    assert (exc.value.status_code, exc.value.detail) == (409, detail)


@pytest.mark.asyncio
async def test_create_may_be_repeated_after_deadlock() -> None:
    """A deadlock is a 503, and a retry succeeds."""
    conn = FakeConnection()
    conn.on("INSERT INTO users ...").raises(db_error("40P01")).then.tag("INSERT 0 1")

    with pytest.raises(DAOException) as exc:
        await UserDAO.create.__wrapped__(conn, CREATE)
    await UserDAO.create.__wrapped__(conn, CREATE)

    assert (exc.value.status_code, exc.value.detail) == (
        503,
        "Erro ao criar usuário: conflito, tente novamente",
    )


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("method", "arguments", "detail"),
    [
        ("fetch_by_id", [404], "Erro ao buscar usuário: registro não encontrado"),
        ("fetch_by_email", ["x@y.z"], "Erro ao buscar usuário por e-mail: registro não encontrado"),
        ("fetch_detail", [404], "Erro ao buscar detalhes do usuário: registro não encontrado"),
        ("update", [404, UPDATE], "Erro ao atualizar usuário: registro não encontrado"),
        (
            "change_status",
            [404, "approved"],
            "Erro ao alterar situação do usuário: registro não encontrado",
        ),
        ("deactivate", [404], "Erro ao desativar usuário: registro não encontrado"),
        ("delete", [404], "Erro ao excluir usuário: registro não encontrado"),
        ("unassign", [404, ASSIGN], "Erro ao revogar papel: registro não encontrado"),
    ],
)
async def test_no_row_maps_to_404(method: str, arguments: list[Any], detail: str) -> None:
    """A missing row is a 404."""
    conn = FakeConnection()
    conn.on("...").rows()

    with pytest.raises(DAOException) as exc:
        await getattr(UserDAO, method).__wrapped__(conn, *arguments)

    assert (exc.value.status_code, exc.value.detail) == (404, detail)


@pytest.mark.asyncio
async def test_update_to_taken_email_maps_to_409() -> None:
    """An update can violate a unique constraint too."""
    conn = FakeConnection()
    conn.on("UPDATE users ...").raises(db_error("23505", constraint="users_email_key"))

    with pytest.raises(DAOException) as exc:
        await UserDAO.update.__wrapped__(conn, 7, UPDATE)

    assert exc.value.detail == "Erro ao atualizar usuário: registro duplicado (users_email_key)"


@pytest.mark.asyncio
async def test_change_status_to_unknown_status_maps_to_422() -> None:
    """A violated check constraint is a 422."""
    conn = FakeConnection()
    refusal = db_error("23514", constraint="users_status_check", table="users")
    conn.on("UPDATE users SET status = $2 ...", 7, "deleted").raises(refusal)

    with pytest.raises(DAOException) as exc:
        await UserDAO.change_status.__wrapped__(conn, 7, "deleted")

    assert (exc.value.status_code, exc.value.detail) == (
        422,
        "Erro ao alterar situação do usuário: valor não permitido (users_status_check)",
    )


@pytest.mark.asyncio
async def test_search_fails_when_count_fails() -> None:
    """If the count fails, the search fails."""
    conn = FakeConnection()
    conn.on("SELECT id, ...").rows()
    conn.on("SELECT count(*) ...").raises(
        db_error("57014", "canceling statement due to statement timeout")
    )

    with pytest.raises(DAOException) as exc:
        await UserDAO.search.__wrapped__(conn, UserDTO.Filter())

    assert (exc.value.status_code, exc.value.detail) == (
        504,
        "Erro ao pesquisar usuários: tempo esgotado",
    )


@pytest.mark.asyncio
async def test_lost_connection_maps_to_503() -> None:
    """A lost connection is a 503 with the method's error message."""
    conn = FakeConnection()
    conn.on("SELECT ... FROM users WHERE id = $1").drops()

    with pytest.raises(DAOException) as exc:
        await UserDAO.fetch_by_id.__wrapped__(conn, 7)

    assert (exc.value.status_code, exc.value.detail) == (
        503,
        "Erro ao buscar usuário: banco de dados indisponível",
    )
