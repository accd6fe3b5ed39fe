"""Whether a test's own body expects a failure, that is, catches it by name.

`with pytest.raises(UnexpectedStatement)`, `assertRaises` and `except UnexpectedStatement` do.
`pytest.raises(Exception)` does not: it would hide every failure of the script.
"""

from __future__ import annotations

import ast
import inspect
import traceback
from collections.abc import Iterator, Mapping
from types import CodeType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from understudy.script.failures import Failure

_CATCHING = ("raises", "assertRaises", "assertRaisesRegex", "RaisesExc", "RaisesGroup")


def is_expected(failure: Failure, test: object) -> bool:
    """Return whether `failure` reached the body of `test`, which catches its class by name."""
    code = _code(test)
    if code is None:
        return False
    names = _names_where_caught(code, failure)
    return names is not None and any(
        isinstance(failure, kind) for kind in _named_failures(code, names)
    )


def _code(test: object) -> CodeType | None:
    """Return the code of a test's own body, without its decorators."""
    if not callable(test):
        return None
    function = inspect.unwrap(test)
    # hypothesis wraps the test in a function of its own.
    function = getattr(getattr(function, "hypothesis", None), "inner_test", function)
    return getattr(inspect.unwrap(function), "__code__", None)


def _names_where_caught(code: CodeType, failure: Failure) -> Mapping[str, Any] | None:
    """Return the names in scope when the test's body caught `failure`, or None if it did not.

    Only unittest's assertRaises removes the traceback. Then no names are known but Understudy's.
    """
    if failure.__traceback__ is None:
        return {}
    for frame, _ in traceback.walk_tb(failure.__traceback__):
        if frame.f_code is code:
            return {**frame.f_globals, **frame.f_locals}
    return None


def _named_failures(code: CodeType, names: Mapping[str, Any]) -> Iterator[type[Failure]]:
    """Yield the classes of failures that the source of `code` catches by name."""
    import understudy
    from understudy.project import parsing
    from understudy.script.failures import Failure

    tree = parsing.tree_of(code)
    if tree is None:
        return  # without the source, no expectation is known
    for node in ast.walk(tree):
        for part in ast.walk(_caught(node)):
            name = part.id if isinstance(part, ast.Name) else getattr(part, "attr", None)
            found = names.get(str(name)) or (
                getattr(understudy, str(name), None) if str(name) in understudy.__all__ else None
            )
            kinds = found if isinstance(found, tuple) else (found,)
            yield from (k for k in kinds if isinstance(k, type) and issubclass(k, Failure))


def _caught(node: ast.AST) -> ast.AST:
    """Return the expression that a node catches, or an empty node."""
    if isinstance(node, ast.ExceptHandler) and node.type is not None:
        return node.type
    if isinstance(node, ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", None))
        if name in _CATCHING:
            return ast.Tuple(elts=[*node.args, *(keyword.value for keyword in node.keywords)])
    return ast.Pass()
