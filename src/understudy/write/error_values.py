"""Exceptions as values: of a parameter, and those that the block of a context manager raises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from understudy.project.python_values import NoSource
from understudy.script.database_errors import db_error
from understudy.script.failures import ScriptError
from understudy.script.formatting import python_literal
from understudy.write import exceptions
from understudy.write.shapes import Built, Chosen, Leaf
from understudy.write.spelling import called, imports_of, snake, spelled
from understudy.write.trials import Expression

_ANY = (Exception, BaseException)
_ARGUMENTS: tuple[tuple[object, ...], ...] = (("a",), (), (500, "a"), (500,))
# Errors of PostgreSQL that code tells apart, with what their texts need.
_OF_DATABASE: dict[str, dict[str, str]] = {
    "unique_violation": {"constraint": "users_email_key"},
    "foreign_key_violation": {"table": "users", "constraint": "users_role_id_fkey"},
    "check_violation": {"table": "users", "constraint": "users_name_check"},
    "not_null_violation": {"table": "users", "column": "name"},
    "serialization_failure": {},
    "query_canceled": {},
    "admin_shutdown": {},
}


@dataclass(frozen=True)
class Example:
    """An exception.

    Attributes:
        name: what kind it is, as a part of a test's name.
        about: the same in a sentence.
        value: it.
        source: its source.
    """

    name: str
    about: str
    value: BaseException
    source: Expression


@dataclass(frozen=True)
class ErrorLeaf(Leaf):
    """A parameter that takes an exception; its values are examples."""

    def build(self, chosen: Chosen) -> Built:
        """Build it from the value that was chosen."""
        found = chosen.get(self.path, self.values[0])
        return Built(found.value, found.source) if found else Built(None, Expression("None"))


def is_error(hint: object) -> bool:
    """Return whether a type is a class of exceptions."""
    return isinstance(hint, type) and issubclass(hint, BaseException)


def examples(hint: type, function: Callable[..., Any] | None) -> Iterator[Example]:
    """Yield exceptions of a class: those that a function tells apart come first.

    Args:
        hint: the class.
        function: the function, if its code is known.
    """
    kinds = [*(exceptions.told_apart(function) if function else ())]
    kinds += [ValueError] if hint in _ANY else [hint]
    for kind in dict.fromkeys(kinds):
        found = _made(kind) if issubclass(kind, hint) else None
        if found is not None:
            yield found
    if hint in _ANY:
        yield from _of_database()


def _made(kind: type[BaseException]) -> Example | None:
    """Return an exception of a class, or None if no arguments are known that it takes."""
    for arguments in _ARGUMENTS:
        try:
            parts = [spelled(argument) for argument in arguments]
            source = called(kind, [part.text for part in parts], imports_of(parts))
            name = kind.__name__
            return Example(snake(name), name, kind(*arguments), source)
        except (NoSource, TypeError, ValueError, AttributeError):
            continue
    return None


def _of_database() -> Iterator[Example]:
    for name, given in _OF_DATABASE.items():
        try:
            value = db_error(name, **given)  # type: ignore[arg-type] # each names a parameter
        except ScriptError:  # there is no driver
            return
        words = [python_literal(name)]
        words += [f"{key}={python_literal(part)}" for key, part in given.items()]
        source = f"db_error({', '.join(words)})"
        spelling = Expression(source, ("from understudy import db_error",))
        yield Example(name, name.replace("_", " "), value, spelling)
