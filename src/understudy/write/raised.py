"""What a test asserts of the exception that leaves a call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from understudy.project.python_values import NoSource
from understudy.script.formatting import python_literal
from understudy.write.expected import Same, expected
from understudy.write.spelling import imports_of, named
from understudy.write.trials import Expression

# The attributes that say what an exception is about, in the order in which they are asserted.
_TELLING = ("status_code", "code", "status", "detail", "errors", "sqlstate", "field", "reason")
_LONG = 100  # characters of a message


def raised_class(error: BaseException) -> Expression:
    """Return the class of an exception as source: the first of its bases that can be imported."""
    for kind in type(error).__mro__:
        try:
            return named(kind)
        except NoSource:
            continue
    return Expression("Exception")


def raised_lines(
    errors: Sequence[BaseException | None], variable: str = "raised.value"
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the lines that assert an exception, and their imports.

    Args:
        errors: the exception of each observation.
        variable: how the test calls it.
    """
    if constraint := _constraint_of_sqlalchemy(errors):
        return (f"assert {python_literal(constraint)} in str({variable})",), ()
    sources: list[tuple[str, Expression]] = []
    for attribute in _attributes(errors[0]):
        part = expected([_value(error, attribute) for error in errors])
        if isinstance(part, Same) and part.value is not None:
            sources.append((f"{variable}.{attribute}", part.source))
    if not sources or type(errors[0]) is Exception:
        sources += _message(errors, variable)
    imports = imports_of(source for _, source in sources)
    if len(sources) > 1:
        left = ", ".join(place for place, _ in sources)
        right = ", ".join(source.text for _, source in sources)
        return (f"assert ({left}) == ({right})",), imports
    return tuple(f"assert {place} == {source.text}" for place, source in sources), imports


def _constraint_of_sqlalchemy(errors: Sequence[BaseException | None]) -> str:
    """Return the constraint that an error of SQLAlchemy names in its text; "" if none."""
    original: Any = getattr(errors[0], "orig", None)
    if original is None:
        return ""
    of_asyncpg = getattr(original.__cause__, "constraint_name", None)
    name = of_asyncpg or getattr(getattr(original, "diag", None), "constraint_name", None) or ""
    return name if all(name in str(error) for error in errors) else ""


def _attributes(error: BaseException | None) -> Iterator[str]:
    if hasattr(error, "diag"):  # psycopg
        yield "diag.constraint_name"
        return
    if hasattr(error, "constraint_name"):  # asyncpg
        yield "constraint_name"
        return
    known = vars(error) if hasattr(error, "__dict__") and not hasattr(error, "orig") else {}
    for name in _TELLING:
        if name in known or isinstance(getattr(type(error), name, None), property):
            yield name


def _value(error: Any, attribute: str) -> Any:
    for name in attribute.split("."):
        error = getattr(error, name, None)
    return error


def _message(errors: Sequence[BaseException | None], variable: str) -> list[tuple[str, Expression]]:
    texts = {str(error) for error in errors}
    if len(texts) > 1:
        return []
    text = texts.pop()
    is_short = 0 < len(text) <= _LONG and "\n" not in text
    return [(f"str({variable})", Expression(python_literal(text)))] if is_short else []
