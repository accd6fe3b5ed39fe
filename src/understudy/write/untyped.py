"""Which calls in a written test mypy would reject, because the project's code has no type hints."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from understudy.write.trials import Trial

# mypy reads only the comment's own line, so the reason stands above it.
COMMENT = (
    "# The code under test has functions without type hints.\n"
    '# mypy: disable-error-code="no-untyped-call"'
)


def calls_untyped(trials: Iterable[Trial], first_party: Iterable[str]) -> bool:
    """Return whether trials call functions of the project that have no type hints at all.

    Args:
        trials: the trials.
        first_party: the top-level packages of the project; the calls of others do not count.
    """
    tops = {*first_party}
    return any(_is_untyped(found, tops) for trial in trials for found in _called(trial))


def _called(trial: Trial) -> Iterator[Any]:
    yield trial.target.function
    for line in trial.target.imports:
        for node in ast.parse(line).body:
            if isinstance(node, ast.ImportFrom) and node.module in sys.modules:
                for name in node.names:
                    yield getattr(sys.modules[node.module], name.name, None)


def _is_untyped(called: Any, first_party: set[str]) -> bool:
    """Return whether mypy takes it for untyped; a class is called with its own __init__."""
    function = called.__init__ if inspect.isclass(called) else called
    function = inspect.unwrap(function) if callable(function) else function
    return (
        inspect.isfunction(function)
        and function.__module__.partition(".")[0] in first_party
        and not function.__annotations__
    )
