"""A call's parameters, as the statement with numbered placeholders gets them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from understudy.catalog import messages
from understudy.catalog.placeholders import Numbered, Style, to_numbered
from understudy.pg import sql

_STYLES: dict[str, tuple[Style, str]] = {
    "psqlpy": ("psqlpy", "$("),
    "psycopg": ("psycopg", "%"),
    "asyncpg": ("numbered", "$"),
}


class NotReadable(Exception):
    """A driver would not read these as parameters; the text says why."""


def numbered(driver: str, statement: str, parameters: Any) -> Numbered:
    """Rewrite a statement as its driver does before PostgreSQL sees it.

    Args:
        driver: "psqlpy", "psycopg" or "asyncpg".
        statement: without needless white space.
        parameters: as they were given: without any, nothing is rewritten.

    Raises:
        BadPlaceholder: the driver refuses the statement.
    """
    style, mark = _STYLES[driver]
    if parameters is None or mark not in statement:
        return Numbered(statement)
    return to_numbered(statement, style)


def in_order(parameters: Any, names: Sequence[str | None]) -> Sequence[Any]:
    """Return the values that `$1`, `$2` ... stand for.

    Args:
        parameters: as they were given.
        names: the names of the statement's placeholders, empty where they are numbered.

    Raises:
        NotReadable: this is no list, or the names are not those of the statement.
    """
    if type(parameters) is list or type(parameters) is tuple:
        return parameters
    if parameters is None:
        return ()
    if isinstance(parameters, Mapping):
        wanted = [name for name in names if name is not None]
        if not wanted:
            raise NotReadable(messages.names_for_numbers(parameters))
        missing = [name for name in wanted if name not in parameters]
        if missing:
            raise NotReadable(messages.name_missing(missing[0], parameters))
        return [parameters[name] for name in wanted]
    if isinstance(parameters, Sequence) and not isinstance(parameters, str | bytes):
        return parameters
    raise NotReadable(messages.no_sequence(parameters))


def count_in(statement: str) -> int:
    """Return how many parameters a statement takes by its text: its highest `$n`."""
    numbers = [int(token[1:]) for token in sql.tokens(statement) if _is_number(token)]
    return max(numbers, default=0)


def _is_number(token: str) -> bool:
    return token.startswith("$") and token[1:].isdecimal()
