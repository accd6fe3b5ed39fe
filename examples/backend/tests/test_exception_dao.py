"""Tests for the mapping of driver errors."""

import asyncio
import logging

import psqlpy.exceptions
import pytest

from src.domain.dal.dao.exception import DAOException, failing_as, to_dao_exception
from src.domain.exception import DomainException
from tests.fakes import db_error


@pytest.mark.parametrize(
    ("error", "status_code", "reason"),
    [
        pytest.param(
            psqlpy.exceptions.ConnectionExecuteError("query returned an unexpected number of rows"),
            404,
            "registro não encontrado",
            id="no row",
        ),
        pytest.param(
            db_error("23505", constraint="users_email_key"),
            409,
            "registro duplicado (users_email_key)",
            id="unique",
        ),
        pytest.param(
            psqlpy.exceptions.ConnectionExecuteError(
                'db error: ERROR: update or delete on table "roles" violates foreign key'
                ' constraint "assignments_role_id_fkey" on table "assignments"'
            ),
            409,
            "registro em uso (assignments_role_id_fkey)",
            id="foreign key, referenced",
        ),
        pytest.param(
            db_error("23503", constraint="assignments_role_id_fkey", table="assignments"),
            422,
            "referência inválida (assignments_role_id_fkey)",
            id="foreign key, referencing",
        ),
        pytest.param(
            db_error("23514", constraint="users_cpf_check", table="users"),
            422,
            "valor não permitido (users_cpf_check)",
            id="check",
        ),
        pytest.param(
            db_error("23502", table="users", column="name"),
            422,
            "valor obrigatório ausente (name)",
            id="not null",
        ),
        pytest.param(db_error("40P01"), 503, "conflito, tente novamente", id="deadlock"),
        pytest.param(
            db_error("40001"), 503, "conflito, tente novamente", id="serialization failure"
        ),
        pytest.param(
            db_error("57014", "canceling statement due to statement timeout"),
            504,
            "tempo esgotado",
            id="statement timeout",
        ),
        pytest.param(
            db_error("55P03", "canceling statement due to lock timeout"),
            504,
            "tempo esgotado",
            id="lock timeout",
        ),
        pytest.param(
            psqlpy.exceptions.TransactionCommitError(
                "Cannot execute COMMIT statement, error - connection closed"
            ),
            503,
            "banco de dados indisponível",
            id="connection lost",
        ),
        pytest.param(db_error("57P01"), 503, "banco de dados indisponível", id="server shuts down"),
        pytest.param(
            db_error("53300"), 503, "banco de dados indisponível", id="too many connections"
        ),
        pytest.param(
            db_error("42703", 'column "nome" does not exist'),
            500,
            "falha no banco de dados",
            id="mistake in the SQL",
        ),
        pytest.param(
            psqlpy.exceptions.BaseConnectionPoolError("Connection refused"),
            503,
            "banco de dados indisponível",
            id="pool cannot connect",
        ),
        pytest.param(TimeoutError(), 503, "banco de dados indisponível", id="pool is exhausted"),
        pytest.param(
            ConnectionResetError(), 503, "banco de dados indisponível", id="connection reset"
        ),
        pytest.param(KeyError("id"), 500, "falha inesperada", id="mistake in the code"),
        pytest.param(
            psqlpy.exceptions.PyToRustValueMappingError("cannot convert"),
            500,
            "falha no banco de dados",
            id="parameter of a wrong type",
        ),
    ],
)
def test_error_maps_to(error: Exception, status_code: int, reason: str) -> None:
    """Each kind of error has a status and a reason; the message starts with the operation."""
    mapped = to_dao_exception("Erro ao salvar", error)

    assert (mapped.status_code, mapped.detail) == (status_code, f"Erro ao salvar: {reason}")


def test_unknown_error_keeps_its_words_to_itself() -> None:
    """The message of an unknown error does not reach the client."""
    mapped = to_dao_exception("Erro ao salvar", db_error("42P01", 'relation "segredo" is missing'))

    assert "segredo" not in mapped.detail


def test_data_quoted_in_detail_is_no_match() -> None:
    """Data that looks like another error message does not change the mapping."""
    error = db_error(
        "23514",
        constraint="users_cpf_check",
        table="users",
        detail='Failing row contains (7, violates unique constraint "x", 123).',
    )

    assert to_dao_exception("Erro ao salvar", error).status_code == 422


def test_dao_exception_is_a_domain_exception() -> None:
    """The API returns the status and the detail of the exception."""
    error = DAOException(409, "Erro ao salvar: registro duplicado")

    assert isinstance(error, DomainException)
    assert str(error) == error.detail


@pytest.mark.asyncio
async def test_failing_as_keeps_cause() -> None:
    """The driver's exception is the cause."""
    refusal = db_error("23505", constraint="users_email_key")

    with pytest.raises(DAOException) as exc:
        async with failing_as("Erro ao salvar"):
            raise refusal

    assert exc.value.__cause__ is refusal


@pytest.mark.asyncio
async def test_failing_as_lets_dao_exception_through() -> None:
    """A DAOException is not wrapped again."""
    inner = DAOException(404, "Erro ao verificar escopo: registro não encontrado")

    with pytest.raises(DAOException) as exc:
        async with failing_as("Erro ao atribuir papel"):
            raise inner

    assert exc.value is inner


@pytest.mark.asyncio
async def test_failing_as_converts_only_one_kind() -> None:
    """Exceptions of another kind than the given one pass through."""
    with pytest.raises(KeyError):
        async with failing_as("Erro ao salvar", psqlpy.exceptions.Error):
            raise KeyError("id")


@pytest.mark.asyncio
async def test_failing_as_lets_cancellation_through() -> None:
    """CancelledError passes through."""
    with pytest.raises(asyncio.CancelledError):
        async with failing_as("Erro ao salvar"):
            raise asyncio.CancelledError


@pytest.mark.asyncio
async def test_failing_as_decorates_each_call_anew() -> None:
    """A decorated method can be called twice, and keeps its name."""

    @failing_as("Erro ao salvar")
    async def save(value: int) -> int:
        return 10 // value

    first = await save(5)
    with pytest.raises(DAOException, match=r"^Erro ao salvar: falha inesperada$"):
        await save(0)

    assert (first, save.__name__) == (2, "save")


@pytest.mark.asyncio
async def test_failing_as_logs_what_is_our_fault(caplog: pytest.LogCaptureFixture) -> None:
    """A 500 is logged with its traceback and the operation."""
    with pytest.raises(DAOException):
        async with failing_as("Erro ao salvar"):
            raise KeyError("id")

    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (logging.ERROR, "Erro ao salvar")
    assert record.exc_info is not None


@pytest.mark.asyncio
async def test_failing_as_does_not_log_what_is_not(caplog: pytest.LogCaptureFixture) -> None:
    """A conflict is not logged."""
    with pytest.raises(DAOException):
        async with failing_as("Erro ao salvar"):
            raise db_error("23505", constraint="users_email_key")

    assert caplog.records == []
