"""Map driver errors to HTTP statuses and messages for users.

psqlpy raises one class for every SQL error and carries no SQLSTATE, so the kind of error is
derived from PostgreSQL's English message. With a translated ``lc_messages``, every error becomes a
500, and only a superuser can change that: ``ALTER DATABASE ... SET lc_messages = 'C'``.
"""

import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psqlpy.exceptions import BaseConnectionPoolError
from psqlpy.exceptions import Error as DriverError

from src.domain.exception import DomainException

logger = logging.getLogger(__name__)


class DAOException(DomainException):
    """A DAO method failed. ``detail`` starts with the operation: 'Erro ao buscar usuário'."""


# Patterns for the message; a group named ``name`` is shown to the user.
_SQL_ERRORS: tuple[tuple[re.Pattern[str], int, str], ...] = tuple(
    (re.compile(pattern), status_code, reason)
    for pattern, status_code, reason in (
        (r"query returned an unexpected number of rows", 404, "registro não encontrado"),
        (r'violates unique constraint "(?P<name>[^"]+)"', 409, "registro duplicado"),
        (r'update or delete on table .* constraint "(?P<name>[^"]+)"', 409, "registro em uso"),
        (r'insert or update on table .* constraint "(?P<name>[^"]+)"', 422, "referência inválida"),
        (r'violates check constraint "(?P<name>[^"]+)"', 422, "valor não permitido"),
        (r'null value in column "(?P<name>[^"]+)"', 422, "valor obrigatório ausente"),
        (r"deadlock detected|could not serialize access", 503, "conflito, tente novamente"),
        (r"due to statement timeout|due to lock timeout", 504, "tempo esgotado"),
        (
            r"connection closed$|terminating connection|too many clients already",
            503,
            "banco de dados indisponível",
        ),
    )
)


def to_dao_exception(failure: str, error: Exception) -> DAOException:
    """Convert an exception to a DAOException with a message for the user.

    Args:
        failure: the failed operation, such as 'Erro ao buscar usuário'.
        error: the exception that was raised.

    Returns:
        The exception to raise. If no pattern matches, it is a 500 without the driver's message,
        which only belongs in the log.
    """
    if isinstance(error, BaseConnectionPoolError | TimeoutError | OSError):
        return DAOException(503, f"{failure}: banco de dados indisponível")
    if not isinstance(error, DriverError):
        return DAOException(500, f"{failure}: falha inesperada")
    # Only the first line: the others quote data, which can contain arbitrary user input.
    message = str(error).partition("\n")[0]
    for pattern, status_code, reason in _SQL_ERRORS:
        if found := pattern.search(message):
            name = found.groupdict().get("name")
            return DAOException(
                status_code, f"{failure}: {reason}" + (f" ({name})" if name else "")
            )
    return DAOException(500, f"{failure}: falha no banco de dados")


@asynccontextmanager
async def failing_as(failure: str, kind: type[Exception] = Exception) -> AsyncIterator[None]:
    """Convert every exception of the block or the decorated method to a DAOException.

    Args:
        failure: the failed operation, such as 'Erro ao buscar usuário'.
        kind: the exceptions to convert; others pass through.

    Raises:
        DAOException: with the original as its cause. A DAOException is re-raised unchanged.
    """
    try:
        yield
    except DAOException:
        raise
    except kind as error:
        mapped = to_dao_exception(failure, error)
        if mapped.status_code >= 500:
            logger.exception(failure)
        raise mapped from error
