"""A call's parameters, as the statement with numbered placeholders gets them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from understudy.pg import sql
from understudy.script.formatting import suggestion


class NotReadable(Exception):
    """psqlpy would not read these as parameters; the text says why."""


def in_order(parameters: Any, names: Sequence[str]) -> Sequence[Any]:
    """Return the values that `$1`, `$2` ... stand for.

    Args:
        parameters: as they were given.
        names: the names of the statement's placeholders, empty if they are numbered.

    Raises:
        NotReadable: it is not a list, or the names are not those of the statement.
    """
    if type(parameters) is list or type(parameters) is tuple:
        return parameters
    if parameters is None:
        return ()
    if isinstance(parameters, Mapping):
        if not names:
            raise NotReadable(
                "the statement has no named parameters, and was given a "
                f"{type(parameters).__name__}: pass a list"
            )
        missing = [name for name in names if name not in parameters]
        if missing:
            near = suggestion(missing[0], map(str, parameters))
            raise NotReadable(f"no parameter {missing[0]!r} was given{near}")
        return [parameters[name] for name in names]
    if isinstance(parameters, Sequence) and not isinstance(parameters, str | bytes):
        return parameters
    raise NotReadable(
        "the parameters must be a list, a tuple or (for names) a dict, not "
        f"{type(parameters).__name__}"
    )


def count_in(statement: str) -> int:
    """Return how many parameters a statement takes by its text: its highest `$n`."""
    found = [token[1:] for token in sql.tokens(statement) if token.startswith("$")]
    return max((int(number) for number in found if number.isdecimal()), default=0)
