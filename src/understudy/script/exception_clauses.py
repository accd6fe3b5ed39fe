"""What catches an error of a line of the user's code."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from understudy.script.origin import Origin

# Catching one of these, code does not say which error it expects.
_BROAD = frozenset(
    {"Exception", "BaseException", "PostgresError", "Error", "DatabaseError", "DBAPIError"}
    | {"SQLAlchemyError", "StatementError", "BaseORMException", "PSQLPyException"}
    | {"RustPSQLDriverPyBaseError", "BaseConnectionError"}
)


def is_in_finally(origin: Origin) -> bool:
    """Return whether a line lies in a `finally`."""
    return any(
        isinstance(found, ast.Try) and _holds(found.finalbody, origin.line)
        for found in _around(origin)
    )


def catches_by_name(origin: Origin) -> bool | None:
    """Return whether what catches an error of a line names the errors that it expects.

    None if nothing in the line's function catches errors.
    """
    caught: list[ast.expr | None] = []
    for found in _around(origin):
        if isinstance(found, ast.Try):
            if _holds(found.body, origin.line):
                caught += [handler.type for handler in found.handlers]
        else:
            caught += _suppressed(found)
    return not any(map(_is_broad, caught)) if caught else None


def _suppressed(found: ast.With) -> Iterator[ast.expr]:
    """Yield what `with contextlib.suppress(...)` names."""
    for item in found.items:
        call = item.context_expr
        if isinstance(call, ast.Call) and _name(call.func) == "suppress":
            yield from call.args


def _is_broad(caught: ast.expr | None) -> bool:
    if isinstance(caught, ast.Tuple):
        return any(map(_is_broad, caught.elts))
    return caught is None or _name(caught) in _BROAD


def _name(expression: ast.expr) -> str | None:
    return getattr(expression, "attr", None) or getattr(expression, "id", None)


def _around(origin: Origin) -> Iterator[ast.Try | ast.With]:
    """Yield the `try` and `with` statements around a line, in its own function."""
    for found in _statements(origin.code.co_filename):
        begins = origin.code.co_firstlineno <= found.lineno <= origin.line
        if begins and origin.line <= (found.end_lineno or found.lineno):
            yield found


@lru_cache(maxsize=64)
def _statements(filename: str) -> Sequence[ast.Try | ast.With]:
    try:
        tree = ast.parse(Path(filename).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return ()  # a function without a source file
    return [node for node in ast.walk(tree) if isinstance(node, ast.Try | ast.With)]


def _holds(body: Sequence[ast.stmt], line: int) -> bool:
    return bool(body) and body[0].lineno <= line <= (body[-1].end_lineno or body[-1].lineno)
