"""From what a driver raises to what a user can read: the one place that knows both.

psqlpy raises one class for every SQL error and carries no SQLSTATE, so the kind of error is
read from PostgreSQL's English message. A server with a translated ``lc_messages`` makes every
error a 500, and only a superuser may change that: ``ALTER DATABASE ... SET lc_messages = 'C'``.
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
    """A DAO method failed. ``detail`` begins with what it was doing: 'Erro ao buscar usuário'."""


# What the message is searched for; a group named ``name`` is shown to the user.
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
    )
)


def to_dao_exception(failure: str, error: Exception) -> DAOException:
    """Say in the user's words why ``failure`` happened.

    Args:
        failure: what could not be done, such as 'Erro ao buscar usuário'.
        error: what was raised.

    Returns:
        The exception to raise. One that no rule knows is a 500 without the driver's own words:
        those are for the log, not for the client.
    """
    if isinstance(error, BaseConnectionPoolError | TimeoutError | OSError):
        return DAOException(503, f"{failure}: banco de dados indisponível")
    if not isinstance(error, DriverError):
        return DAOException(500, f"{failure}: falha inesperada")
    # After the first line PostgreSQL quotes the data, in which a user may have typed anything.
    message = str(error).partition("\n")[0]
    for pattern, status_code, reason in _SQL_ERRORS:
        if found := pattern.search(message):
            name = found.groupdict().get("name")
            return DAOException(
                status_code, f"{failure}: {reason}" + (f" ({name})" if name else "")
            )
    return DAOException(500, f"{failure}: falha no banco de dados")


@asynccontextmanager
async def failing_as(failure: str) -> AsyncIterator[None]:
    """Turn every exception of the block, or of the decorated method, into a DAOException.

    Raises:
        DAOException: with the original as its cause. A DAOException passes through as it is.
    """
    try:
        yield
    except DAOException:
        raise
    except Exception as error:
        mapped = to_dao_exception(failure, error)
        if mapped.status_code >= 500:
            logger.exception(failure)
        raise mapped from error
