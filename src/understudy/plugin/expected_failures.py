"""Whether a test's own body expects a failure: it names it where it catches it.

`with pytest.raises(UnexpectedStatement)`, `assertRaises` and `except UnexpectedStatement` do.
`pytest.raises(Exception)` does not: it would have been content with any failure of the script, and
so would have hidden each of them.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
import traceback
from collections.abc import Iterator, Mapping
from types import CodeType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from understudy.script.failures import Failure

_CATCHING = ("raises", "assertRaises", "assertRaisesRegex", "RaisesExc", "RaisesGroup")


def is_expected(failure: Failure, test: object) -> bool:
    """Say whether `failure` reached the body of `test`, and that catches failures of its class."""
    code = _code(test)
    if code is None:
        return False
    names = _names_where_caught(code, failure)
    return names is not None and any(
        isinstance(failure, kind) for kind in _named_failures(code, names)
    )


def _code(test: object) -> CodeType | None:
    """Return the code of a test's own body, under whatever decorates it."""
    if not callable(test):
        return None
    function = inspect.unwrap(test)
    # hypothesis runs the test from inside a function of its own.
    function = getattr(getattr(function, "hypothesis", None), "inner_test", function)
    return getattr(inspect.unwrap(function), "__code__", None)


def _names_where_caught(code: CodeType, failure: Failure) -> Mapping[str, Any] | None:
    """Return the names that the test's body could use where it caught `failure`.

    None where the failure did not come as far. unittest's assertRaises takes the traceback away,
    and nothing else does: then Understudy's own names are all there is.
    """
    if failure.__traceback__ is None:
        return {}
    for frame, _ in traceback.walk_tb(failure.__traceback__):
        if frame.f_code is code:
            return {**frame.f_globals, **frame.f_locals}
    return None


def _named_failures(code: CodeType, names: Mapping[str, Any]) -> Iterator[type[Failure]]:
    """Find the classes of failures that the source of `code` names where it catches."""
    import understudy
    from understudy.script.failures import Failure

    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(code)))
    except (OSError, SyntaxError):
        return  # without its source, nothing says that the test expected anything
    for node in ast.walk(tree):
        for each in ast.walk(_caught(node)):
            name = each.id if isinstance(each, ast.Name) else getattr(each, "attr", None)
            found = names.get(str(name)) or (
                getattr(understudy, str(name), None) if str(name) in understudy.__all__ else None
            )
            kinds = found if isinstance(found, tuple) else (found,)
            yield from (k for k in kinds if isinstance(k, type) and issubclass(k, Failure))


def _caught(node: ast.AST) -> ast.AST:
    """Return what a node catches; an empty node where it catches nothing."""
    if isinstance(node, ast.ExceptHandler) and node.type is not None:
        return node.type
    if isinstance(node, ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", None))
        if name in _CATCHING:
            return ast.Tuple(elts=[*node.args, *(each.value for each in node.keywords)])
    return ast.Pass()
